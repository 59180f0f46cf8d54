"""The sides that are compared, each installed in an environment of its own."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from harness.errors import BadInput, Exit, NotMeasured
from harness.process.child import Child, log_file, stop_all
from harness.process.watch import KEPT_LOGS, explain

Name = TypeVar("Name", bound=str)

_BUILD_GRACE_S = 4.0
"""asv gives pip a second to end before it kills it."""
_TAIL_LINES = 30
"""pip ends with a dozen lines of advice, and asv shows both of its streams."""


class Side(StrEnum):
    """One of the two that a gate compares."""

    BASE = "base"
    HEAD = "head"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit of this suite, as it was asked for and as it is."""

    asked: str
    sha: str

    @property
    def label(self) -> str:
        """What a reader calls it: ``v1.2 (1a2b3c4d)``."""
        short = self.sha[:8]
        return short if self.sha.startswith(self.asked) else f"{self.asked} ({short})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a library, as it was asked for and as pip is asked for it."""

    library: str
    option: str
    """Where it was asked for, as its reader typed it: ``--base``."""
    asked: str
    requirement: str

    @property
    def label(self) -> str:
        """What a reader calls it: ``websockets 15.0.1``."""
        return f"{self.library} {self.asked}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one side is: a commit of this suite, and a library's version if that is compared."""

    commit: Commit
    version: Version | None = None

    @property
    def label(self) -> str:
        """What a reader calls it."""
        return self.commit.label if self.version is None else self.version.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """One side, ready to run."""

    side: str
    """By a name; ``base`` and ``head`` where there are two."""
    wanted: Wanted
    directory: Path
    """The environment's root."""

    @property
    def label(self) -> str:
        """What a reader calls it: ``base v1.2 (1a2b3c4d)``."""
        return f"{self.side} {self.wanted.label}"

    @property
    def env(self) -> Mapping[str, str]:
        """What a process of this environment has beside the parent's, as asv sets it."""
        path = (str(self.directory / "bin"), os.environ.get("PATH", ""))
        return {
            "PATH": os.pathsep.join(filter(None, path)),
            "PYTHONPATH": os.environ.get("ASV_PYTHONPATH", ""),
        }

    @property
    def abec(self) -> Path:
        """The command of this side."""
        return self.directory / "bin" / "abec"

    @property
    def python(self) -> Path:
        """The interpreter of this side."""
        return self.directory / "bin" / "python"


def resolve(side: Side, asked: str) -> Commit:
    """Find the commit that a name, tag or abbreviation stands for, in asv's repository.

    Raises:
        BadInput: there is no such commit, or this is no checkout of the suite.
        NotMeasured: asv is not installed.
    """
    try:
        # Not at the top: asv takes half a second, and has to be installed.
        from asv.config import Config
        from asv.plugin_manager import plugin_manager  # noqa: F401 (loads the kinds of repository)
        from asv.repo import NoSuchNameError, get_repo
        from asv.util import ProcessError, UserError
    except ImportError as error:
        raise NotMeasured(f"asv is missing ({error}); pip install -e '.[asv]'") from error
    try:
        repo = get_repo(Config.load())
        return Commit(asked=asked, sha=repo.get_hash_from_name(asked))
    except UserError as error:
        raise BadInput(
            "asv.conf.json", "", f"cannot be used ({error}); run this in a checkout of the suite"
        ) from error
    except (NoSuchNameError, ProcessError) as error:
        raise BadInput(
            f"--{side}",
            asked,
            "no such commit, tag or branch here; git fetch --tags brings those of a remote "
            "(in CI: fetch-depth: 0)",
        ) from error


def build(wanted: Mapping[Name, Wanted], scratch: Path) -> tuple[Built, ...]:
    """Build all environments at once, in the order of ``wanted``; what is there is used again.

    Raises:
        BadInput: a library has no such version.
        NotMeasured: one does not build; the tail of its log is in the message.
    """
    found = []
    with closing(attempts(wanted, scratch)) as tried:
        for one in tried:
            if isinstance(one, NotMeasured):
                raise one
            found.append(one)
    return tuple(found)


def attempts(
    wanted: Mapping[Name, Wanted], scratch: Path
) -> Generator[Built | NotMeasured, None, None]:
    """Build as ``build`` does; give in its place why one does not build, and go on.

    Raises:
        BadInput: a library has no such version.
    """
    children: dict[Name, Child] = {}
    answers = {side: scratch / f"built-{side}.json" for side in wanted}
    try:
        for side, one in wanted.items():
            version = one.version
            arguments = (
                *(side, one.commit.sha, str(answers[side])),
                *(() if version is None else (version.library, version.requirement)),
            )
            try:
                children[side] = Child.spawn(
                    (sys.executable, "-m", "harness.regress.build", *arguments),
                    name=f"build {side}",
                    log_path=log_file(scratch, f"build-{side}"),
                    env={"TMPDIR": str(scratch)},
                )
            except OSError as error:
                raise NotMeasured(f"{side} {one.label} could not be built: {error}") from error
        for side, child in children.items():
            child.wait()
            if child.exit_code == 0:
                yield _built(side, wanted[side], answers[side])
            else:
                yield _failure(side, wanted[side], child, answers[side])
    finally:
        stop_all(children.values(), _BUILD_GRACE_S)


def _built(side: str, wanted: Wanted, answer: Path) -> Built:
    told = json.loads(answer.read_text(encoding="utf-8"))
    return Built(side=side, wanted=wanted, directory=Path(told["directory"]))


def _failure(side: str, wanted: Wanted, child: Child, answer: Path) -> NotMeasured:
    version = wanted.version
    if child.exit_code == Exit.NOT_MEASURED and answer.exists():
        problem = json.loads(answer.read_text(encoding="utf-8"))["problem"]
        return NotMeasured(f"{side} {wanted.label}: {problem}")
    if version is not None and child.exit_code == Exit.BAD_INPUT:
        raise BadInput(
            version.option,
            version.asked,
            f"{version.library} has no such version for this Python; "
            f"pip index versions {version.library} lists them",
        )
    subject = f"{side} {wanted.label}"
    problem, _ = explain(subject, child, "does not build", keep_logs_dir=KEPT_LOGS)
    tail = textwrap.indent(child.log_tail(_TAIL_LINES), " " * 8)
    return NotMeasured(f"{problem}\n{tail}".rstrip())
