"""2.6: a planted change is found, in a commit and in a library, and asv has the same runs."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import websockets

from harness.errors import Exit
from harness.machine import Machine
from tests.prove.claim import Claim
from tests.prove.gate_checkout import GATE, Checkout, cloned

_SERVER = "servers/asgi.py"
_SENDS = """                items = await take()
                await send(
                    {
                        "type": "http.response.body",
"""
_DELAY = "                __import__('time').sleep(0.002)\n"
_LIBRARY = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "websockets"
version = "{version}"

[tool.setuptools.packages.find]
include = ["websockets*"]

[tool.setuptools.package-data]
"*" = ["*.so", "*.pyi", "py.typed"]
"""


def prove(_machine: Machine) -> Iterator[Claim]:
    """Plant a delay in a server, then in a library under another."""
    with cloned() as clone:
        yield from _found(clone)
        yield from _found_in_a_library(clone)


def _found(checkout: Checkout) -> Iterator[Claim]:
    """Plant a delay in the sse server, and have it found; then have asv compare the same runs."""
    head = checkout.commit(_SERVER, _SENDS, _SENDS.replace("\n", f"\n{_DELAY}", 1))
    sides = ("--base", "HEAD", "--head", head)
    done = checkout.regress(*sides, "--json", "answer.json", "--markdown", "answer.md")
    blamed: list[str] = []
    if (checkout.root / "answer.json").is_file():
        blamed = json.loads((checkout.root / "answer.json").read_text())["regressions"]
    yield Claim(
        what="a delay of 2 ms planted in the sse server",
        figure=f"exit {done.returncode}: {', '.join(blamed) or done.stderr.strip()}",
        bound=f"exit {Exit.ANSWER_IS_NO:d}, prices p50 among what is blamed",
        ok=done.returncode == Exit.ANSWER_IS_NO and "prices p50" in blamed,
    )
    compared = checkout.run(
        (sys.executable, "-m", "asv", "compare", "HEAD", head, "--only-changed")
    )
    rows = [line for line in compared.stdout.splitlines() if "gate.Gate.track_p50" in line]
    yield Claim(
        what="the same runs in asv compare",
        figure=rows[0].strip() if rows else (compared.stdout + compared.stderr).strip()[-200:],
        bound="a row of gate.Gate.track_p50, marked as slower",
        ok=bool(rows) and rows[0].lstrip("| ").startswith("+"),
    )


def _found_in_a_library(checkout: Checkout) -> Iterator[Claim]:
    """Plant a delay in a copy of the installed websockets, and have it found."""
    version = metadata.version("websockets")
    local = checkout.root.parent / "websockets"
    _copy_of_websockets(local, version)
    lib = ("--lib", "websockets", "--scenario", "library.toml", "--base", version)
    (checkout.root / "library.toml").write_text(GATE.replace('"sse"', '"websocket@websockets"'))
    unknown = checkout.regress(*lib[:-1], "99.9", "--head", version)
    yield Claim(
        what="library version that does not exist",
        figure=f"exit {unknown.returncode}: {unknown.stderr.strip()}",
        bound=f"exit {Exit.BAD_INPUT:d}, one line",
        ok=unknown.returncode == Exit.BAD_INPUT
        and len(unknown.stderr.splitlines()) == 1
        and "no such version" in unknown.stderr,
    )
    done = checkout.regress(*lib, "--head", str(local), "--json", "library.json")
    blamed: list[str] = []
    if (checkout.root / "library.json").is_file():
        blamed = json.loads((checkout.root / "library.json").read_text())["regressions"]
    yield Claim(
        what="a delay of 2 ms planted in a local checkout of websockets",
        figure=f"exit {done.returncode}: {', '.join(blamed) or done.stderr.strip()}",
        bound=f"exit {Exit.ANSWER_IS_NO:d}, prices p50 among what is blamed",
        ok=done.returncode == Exit.ANSWER_IS_NO and "prices p50" in blamed,
    )


def _copy_of_websockets(place: Path, version: str) -> None:
    """Make a project of what is installed, whose frames wait before they are written."""
    (installed,) = (Path(path) for path in websockets.__path__)
    shutil.copytree(installed, place / "websockets", ignore=shutil.ignore_patterns("__pycache__"))
    (place / "pyproject.toml").write_text(_LIBRARY.format(version=version))
    frames = place / "websockets/frames.py"
    text = frames.read_text()
    signature = "    def serialize("
    if text.count(signature) < 1:
        raise RuntimeError(f"{frames} has no {signature!r} to be slowed down")
    body = text.index('"""', text.index('"""', text.index(signature)) + 3) + 3
    frames.write_text(f"{text[:body]}\n        __import__('time').sleep(0.002)\n{text[body:]}")
