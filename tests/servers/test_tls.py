"""A server that is told of a certificate that it cannot use says so in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("server", ["uvicorn_stack", "aiohttp_stack", "websockets_library"])
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_that_cannot_be_used(
    server: str, content: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "server.crt"
    if content is not None:
        path.write_text(content)
    done = subprocess.run(
        (sys.executable, "-m", f"servers.{server}", "--certfile", str(path)),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"servers.{server}: --certfile {path}: cannot be used with --keyfile")
    assert line.endswith("; give both as PEM")
