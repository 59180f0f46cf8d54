"""A network that a run asks for: a relay that delays what passes, in a process of its own."""
