"""Lean protocol-level clients: a parser without I/O and a thin asyncio.Protocol each."""
