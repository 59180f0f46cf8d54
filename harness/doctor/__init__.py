"""Whether this machine's figures can be trusted: checks as values, each with a remedy."""
