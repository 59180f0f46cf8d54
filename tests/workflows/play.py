"""A job's scripts, run as a hosted runner runs them: same shell, same variables, same order."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.workflows.workflow import Job, Step, Workflow

_SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
"""What `shell: bash` stands for; without it a runner leaves out pipefail."""
_NOT_INHERITED = ("ABEC_", "GITHUB_", "RUNNER_", "MAKE", "MFLAGS", "VIRTUAL_ENV", "PYTHONPATH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A machine with nothing on it but a workspace, and what its steps left for the summary."""

    place: Path
    env: Mapping[str, str]

    @property
    def workspace(self) -> Path:
        """Where `actions/checkout` would have put a repository, and where scripts begin."""
        return self.place / "workspace"

    def git(self, *arguments: str, at: Path | None = None) -> str:
        """Run git in the workspace, or elsewhere."""
        done = subprocess.run(
            ("git", "-c", "user.name=test", "-c", "user.email=test@example.org", *arguments),
            cwd=at or self.workspace,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, at: Path, message: str = "As it is now") -> None:
        """Commit all that is there, in a repository that is made if there is none."""
        self.git("init", "--quiet", at=at)
        self.git("add", "--all", at=at)
        self.git("commit", "--quiet", "--allow-empty", "--message", message, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A script that ended."""

    step: str
    code: int
    text: str
    """Its stdout and stderr, as the log shows them."""
    summary: str
    """What it left for the page of the workflow's run."""


def runner(place: Path) -> Runner:
    """Make a runner in an empty directory, with the Python of the tests as ``python``."""
    for name in ("workspace", "home", "temp", "bin"):
        (place / name).mkdir()
    # As setup-python: not the one of an environment.
    (place / "bin/python").symlink_to(Path(sys.base_prefix, "bin", "python3"))
    kept = {name: text for name, text in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    return Runner(
        place=place,
        env={
            **kept,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(place / "workspace"),
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_BASE_REF": "main",
            "GITHUB_HEAD_REF": "topic",
            "GITHUB_REF": "refs/pull/1/merge",
            "HOME": str(place / "home"),
            "PATH": os.pathsep.join((str(place / "bin"), os.environ["PATH"])),
            "RUNNER_TEMP": str(place / "temp"),
            "TMPDIR": str(place / "temp"),
        },
    )


def play(
    workflow: Workflow, job: Job, on: Runner, set_to: Mapping[str, str] | None = None
) -> Iterator[Ran]:
    """Run the scripts of a job in their order, up to one that fails; give each as it ends.

    ``set_to`` replaces variables that the workflow itself has.

    Raises:
        ValueError: the workflow has no such variable, or asks for what this does not know.
    """
    unknown = set(set_to or {}) - set(workflow.env)
    if unknown:
        raise ValueError(f"{workflow.name} has no variable {', '.join(sorted(unknown))}")
    for number, step in enumerate(job.scripts):
        env = {**on.env, **workflow.env, **(set_to or {}), **step.env}
        if step.condition or any("${{" in text for text in (step.script, *env.values())):
            raise ValueError(f"{workflow.name}, {step.name}: expressions are not evaluated")
        ran = _run(step, number, on, env)
        yield ran
        if ran.code:
            return


def _run(step: Step, number: int, on: Runner, env: Mapping[str, str]) -> Ran:
    script = on.place / f"temp/step-{number}.sh"
    script.write_text(step.script)
    summary = on.place / f"temp/summary-{number}.md"
    summary.touch()
    done = subprocess.run(
        (*_SHELL, str(script)),
        cwd=on.workspace / step.directory,
        env={**env, "GITHUB_STEP_SUMMARY": str(summary)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Ran(step=step.name, code=done.returncode, text=done.stdout, summary=summary.read_text())
