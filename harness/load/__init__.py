"""Making load: schedule, pacing, and what one load process does."""
