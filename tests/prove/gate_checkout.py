"""A clone of the suite in which commits can be made and compared, and nothing else is touched."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILT_IN: Sequence[str] = ()
"""Options of a comparison by the gate that comes with the suite."""
GATE = """
[scenario.prices]
patterns = ["sse"]
rate = "200"
warmup = "100ms"
duration = "700ms"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A clone with commits of its own, and the environment its commands run in."""

    root: Path
    env: Mapping[str, str]

    @property
    def temporary(self) -> Path:
        """Where its commands put what is not to stay."""
        return Path(self.env["TMPDIR"])

    def git(self, *arguments: str) -> str:
        """Run git in it."""
        options = ("-c", "user.name=prove", "-c", "user.email=prove@example.org")
        done = subprocess.run(
            ("git", *options, *arguments), cwd=self.root, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, file: str, old: str, new: str) -> str:
        """Commit a change to what is checked out, and go back to where it was."""
        replace_once(self.root / file, old, new)
        self.git("commit", "--quiet", "--all", "--message", f"Change {file}")
        made = self.git("rev-parse", "HEAD")
        self.git("reset", "--quiet", "--hard", "HEAD~1")
        return made

    def command(
        self, *arguments: str, gate: Sequence[str] = ("--scenario", "gate.toml")
    ) -> tuple[str, ...]:
        """Give ``abec regress`` with arguments; a later ``--scenario`` wins."""
        return (sys.executable, "-m", "harness", "regress", *gate, *arguments)

    def regress(
        self, *arguments: str, gate: Sequence[str] = ("--scenario", "gate.toml")
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return self.run(self.command(*arguments, gate=gate))

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone to its end."""
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def replace_once(path: Path, old: str, new: str) -> None:
    """Change a file, which has to hold what is to be changed."""
    text = path.read_text()
    if old not in text:
        raise RuntimeError(f"{path.name} has no {old!r} to be changed")
    path.write_text(text.replace(old, new, 1))


@contextmanager
def cloned(name: str = "clone") -> Iterator[Checkout]:
    with tempfile.TemporaryDirectory(prefix="prove-") as directory:
        place = Path(directory)
        for beside in ("tmp", "home"):
            (place / beside).mkdir()
        subprocess.run(("git", "clone", "--quiet", ROOT, place / name), check=True)
        (place / name / "gate.toml").write_text(GATE)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ABEC_")}
        yield Checkout(
            root=place / name,
            env={
                **kept,
                "TMPDIR": str(place / "tmp"),
                "HOME": str(place / "home"),
                "PIP_CACHE_DIR": str(place / "pip"),
                "PYTHONPATH": str(place / name),
                "COLUMNS": "100",
            },
        )
