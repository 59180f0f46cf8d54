"""ABEC bench: the instrument that measures communication patterns."""
