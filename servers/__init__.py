"""The reference servers: one program a file, each runs by itself."""
