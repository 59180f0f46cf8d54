"""A workflow of GitHub Actions, read: as much of it as the tests ask about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PATHS = (
    *sorted((ROOT / ".github/workflows").glob("*.yml")),
    *sorted((ROOT / "docs/ci").glob("*.yml")),
)
"""The project's own, and those that others copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a job: a script or an action."""

    name: str
    script: str
    """Empty for an action."""
    action: str
    inputs: Mapping[str, Any]
    env: Mapping[str, str]
    directory: str
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job."""

    name: str
    steps: Sequence[Step]
    timeout_minutes: int | None
    permissions: Mapping[str, str]
    """Beside or instead of the workflow's."""

    @property
    def scripts(self) -> Sequence[Step]:
        """The steps that run a script."""
        return [step for step in self.steps if step.script]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One file."""

    name: str
    """The file's."""
    text: str
    document: Mapping[Any, Any]
    """As YAML has it: the key ``on`` is True."""
    env: Mapping[str, str]
    jobs: Sequence[Job]


def read(path: Path) -> Workflow:
    """Read a workflow."""
    text = path.read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    return Workflow(
        name=path.name,
        text=text,
        document=document,
        env=_texts(document.get("env", {})),
        jobs=[_job(name, job) for name, job in document["jobs"].items()],
    )


def _job(name: str, job: Mapping[str, Any]) -> Job:
    return Job(
        name=name,
        steps=[_step(step) for step in job["steps"]],
        timeout_minutes=job.get("timeout-minutes"),
        permissions=job.get("permissions", {}),
    )


def _step(step: Mapping[str, Any]) -> Step:
    return Step(
        name=step.get("name", ""),
        script=step.get("run", ""),
        action=step.get("uses", ""),
        inputs=step.get("with", {}),
        env=_texts(step.get("env", {})),
        directory=step.get("working-directory", "."),
        condition=step.get("if", ""),
    )


def _texts(env: Mapping[str, Any]) -> Mapping[str, str]:
    return {name: str(value) for name, value in env.items()}
