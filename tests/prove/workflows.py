"""2.7: every script of every workflow, in full, on a machine with nothing but a checkout."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import sse_starlette

from harness.errors import Exit
from harness.machine import Machine
from harness.report.pages.written import ASV, METHOD, PATTERNS, REGRESSIONS, RETOLD, VERSIONS
from tests.prove.claim import Claim
from tests.workflows.play import Ran, Runner, play, runner
from tests.workflows.workflow import PATHS, ROOT, read

EXPECTED: Mapping[str, Mapping[str, Exit]] = {
    "tests.yml": {"Check and test": Exit.MEASURED},
    "regression.yml": {"Install": Exit.MEASURED, "Compare base and head": Exit.ANSWER_IS_NO},
    "library-gate.yml": {
        "Fetch the suite": Exit.MEASURED,
        "Install the suite": Exit.MEASURED,
        "Compare base and head": Exit.ANSWER_IS_NO,
    },
    "pages.yml": {"Measure, record for asv and build the pages": Exit.MEASURED},
}
"""How the scripts of a workflow end, where head is slower than base."""

PUBLISHED = frozenset({ASV, PATTERNS, METHOD, REGRESSIONS, VERSIONS, RETOLD})
"""What a site consists of: asv's page and ours."""
_SLOWER = "sum(range(4_000))"
"""Some 80 µs on top of the 40 to 110 that a delivery costs the server."""
_SERVER = "servers/asgi.py"
_SENDS = "                items = await take()\n"
_ENSURES = "def ensure_bytes(data: Union[bytes, dict, ServerSentEvent, Any], sep: str) -> bytes:\n"
_LIBRARY = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "sse-starlette"
version = "{version}"

[tool.setuptools.packages.find]
include = ["sse_starlette*"]
"""


def prove(_machine: Machine) -> Iterator[Claim]:
    """Play both gates on a slower head, then what tests and what publishes this project."""
    for prepare, name in (
        (_slower_commit, "regression.yml"),
        (_slower_library, "library-gate.yml"),
        (_clone, "pages.yml"),
        (_clone, "tests.yml"),
    ):
        with _machine_for(name) as machine:
            prepare(machine)
            yield from _played(name, machine)


@contextmanager
def _machine_for(name: str) -> Iterator[Runner]:
    with tempfile.TemporaryDirectory(prefix=f"prove-{Path(name).stem}-") as directory:
        yield runner(Path(directory))


def _played(name: str, machine: Runner) -> Iterator[Claim]:
    (path,) = (path for path in PATHS if path.name == name)
    workflow = read(path)
    variables = {"LIBRARY": "sse-starlette", "SUITE": str(ROOT)}
    begun_s = time.monotonic()
    for job in workflow.jobs:
        for ran in play(workflow, job, machine, {key: variables[key] for key in workflow.env}):
            now_s = time.monotonic()
            yield _claim(name, ran, now_s - begun_s)
            begun_s = now_s
            if ran.code == Exit.ANSWER_IS_NO and "Compare" in ran.step:
                yield _blamed(name, ran)
    if name == "pages.yml":
        pages = {page.name for page in (machine.workspace / "results/html").rglob("*.html")}
        missing = PUBLISHED - pages
        yield Claim(
            what="pages.yml: pages to upload",
            figure=f"{len(pages)} pages, without {', '.join(sorted(missing)) or 'none of these'}",
            bound=", ".join(sorted(PUBLISHED)),
            ok=not missing,
        )


def _claim(name: str, ran: Ran, took_s: float) -> Claim:
    code = EXPECTED[name][ran.step]
    lines = [line.strip() for line in ran.text.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith("(exit ")] or ["no output"]
    return Claim(
        what=f"{name}: {ran.step}",
        figure=f"exit {ran.code}, {took_s:.0f} s: {told[-1][:160]}",
        bound=f"exit {code:d}",
        ok=ran.code == code,
    )


def _blamed(name: str, ran: Ran) -> Claim:
    named = [line for line in ran.summary.splitlines() if line.startswith("- Regression: ")]
    return Claim(
        what=f"{name}: Markdown in the summary",
        figure=named[0].removeprefix("- ") if named else f"{len(ran.summary.splitlines())} lines",
        bound="a line names what got worse, p50 among it",
        ok=len(named) == 1 and "p50" in named[0],
    )


def _clone(machine: Runner) -> None:
    subprocess.run(("git", "clone", "--quiet", str(ROOT), str(machine.workspace)), check=True)


def _slower_commit(machine: Runner) -> None:
    """Check out, as for a pull request, the merge of a branch that slows the sse server down."""
    _clone(machine)
    base = machine.git("rev-parse", "HEAD")
    machine.git("checkout", "--quiet", "-b", "topic")
    _plant(machine.workspace / _SERVER, _SENDS, f"                {_SLOWER}\n")
    machine.commit(machine.workspace, "Slow the sse server down")
    _merge(machine, machine.workspace, base)


def _slower_library(machine: Runner) -> None:
    """Check out the merge of a branch that slows a library down: what is installed, in git."""
    library = machine.workspace / "library"
    (installed,) = (Path(path) for path in sse_starlette.__path__)
    package = library / "sse_starlette"
    shutil.copytree(installed, package, ignore=shutil.ignore_patterns("__pycache__"))
    version = metadata.version("sse-starlette")
    (library / "pyproject.toml").write_text(_LIBRARY.format(version=version))
    machine.commit(library)
    base = machine.git("rev-parse", "HEAD", at=library)
    machine.git("checkout", "--quiet", "-b", "topic", at=library)
    _plant(package / "event.py", _ENSURES, f"    {_SLOWER}\n")
    machine.commit(library, "Slow events down")
    _merge(machine, library, base)


def _plant(path: Path, after: str, line: str) -> None:
    text = path.read_text()
    if after not in text:
        raise RuntimeError(f"{path.name} has no {after!r} to be slowed down")
    path.write_text(text.replace(after, f"{after}{line}"))


def _merge(machine: Runner, repository: Path, base: str) -> None:
    """Leave the repository as `actions/checkout` does: detached, at the merge."""
    machine.git("checkout", "--quiet", "--detach", base, at=repository)
    machine.git("merge", "--quiet", "--no-ff", "--message", "Merge topic", "topic", at=repository)
    machine.git("branch", "--quiet", "-D", "topic", at=repository)
