"""`make prove`: every figure that the issues promise, measured, each with its bound."""
