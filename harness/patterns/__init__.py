"""One communication pattern a file, found by entry point and imported by nobody."""
