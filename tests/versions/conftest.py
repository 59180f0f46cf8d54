"""Two versions of a library as wheels on this disk; a suite built without a network."""

from __future__ import annotations

import importlib.metadata
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.regress.conftest import LIBRARY, Project, project  # noqa: F401 (fixture)

ROOT = Path(__file__).parents[2]
DELAY_S = 0.02
"""What version 2.0 waits before it sends a frame."""
_SLOWER = f"""
import time as _time
from websockets.asyncio import connection as _connection

_send = _connection.Connection.send


async def _later(self, *arguments, **options):
    _time.sleep({DELAY_S})
    return await _send(self, *arguments, **options)


_connection.Connection.send = _later
"""


@pytest.fixture
def suite(
    project: Project,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Project:
    """Make the project's ``abec`` that of this checkout, and pip find nothing but two wheels."""
    for name in ("harness", "servers"):
        (tmp_path / "lent" / name).symlink_to(ROOT / name)
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    project.commit("measures", **{"abec_stub.py": _ABEC, "pyproject.toml": _project(patterns)})
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for version, more in (("1.0", ""), ("2.0", _SLOWER)):
        _wheel(wheels, version, more)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    return project


_ABEC = "from harness.cli.main import main\n"


def _project(entry_points: Mapping[str, Mapping[str, str]]) -> str:
    patterns = "\n".join(
        f'"{name}" = "{value}"' for name, value in entry_points["abec.patterns"].items()
    )
    return f"""
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "abec-bench"
version = "1"

[project.scripts]
abec = "abec_stub:main"

[project.entry-points."abec.patterns"]
{patterns}

[tool.setuptools]
py-modules = ["abec_stub"]
"""


def _wheel(directory: Path, version: str, more: str) -> None:
    """Pack the library that is installed here under another version, with ``more`` in it."""
    info = f"{LIBRARY}-{version}.dist-info"
    with zipfile.ZipFile(directory / f"{LIBRARY}-{version}-py3-none-any.whl", "w") as wheel:
        for file in importlib.metadata.files(LIBRARY) or ():
            if file.parts[0] == LIBRARY and file.suffix in (".py", ".so"):
                text = file.read_binary()
                if file.as_posix() == f"{LIBRARY}/asyncio/server.py":
                    text += more.encode()
                wheel.writestr(str(file), text)
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {LIBRARY}\nVersion: {version}\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
