"""Processes killed on purpose in mid-run, and what takes their place."""
