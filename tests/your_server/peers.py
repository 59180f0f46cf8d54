"""The examples of docs/your-server.md as processes that are there already."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
MODULES = ROOT / ".venv/npm/node_modules"
RELAYS = {
    "websocket_server.py": ("websocket",),
    "websocket_server.js": ("websocket",),
    "sse_server.js": ("sse",),
    "polling_server.js": ("rest_polling", "long_polling"),
}
"""Which patterns each can be measured by."""


def launch(example: str) -> tuple[subprocess.Popen[str], str]:
    """Start an example on a free port; give it and the URL that it prints."""
    program = sys.executable if example.endswith(".py") else "node"
    process = subprocess.Popen(
        (program, str(EXAMPLES / example), "0"),
        env={**os.environ, "NODE_PATH": str(MODULES)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def stop(process: subprocess.Popen[str]) -> None:
    """End an example, and close its pipe."""
    process.kill()
    process.communicate()
