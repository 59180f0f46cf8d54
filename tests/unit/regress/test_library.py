"""Libraries and their versions: where each acts, and what is asked of pip."""

import subprocess
from pathlib import Path

import pytest

from harness.errors import BadInput, NotMeasured
from harness.machine import Machine
from harness.registry import load
from harness.regress.gate import Gate
from harness.regress.library import GATES, library_gate, read_version
from harness.workload import ClientKind


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "websockets"
    path.mkdir()
    options = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for command in (("init", "--quiet"), ("commit", "--quiet", "--allow-empty", "-m", "one")):
        subprocess.run(("git", *options, *command), cwd=path, check=True)
    return path


@pytest.mark.parametrize(("library", "gate"), GATES.items())
def test_each_gate_can_be_measured(library: str, gate: Gate, machine: Machine) -> None:
    gate.require_possible(machine)
    assert library_gate(library) is gate


@pytest.mark.parametrize("library", ["websockets", "aiohttp"])
def test_a_library_is_varied_as_server_or_as_client(library: str) -> None:
    for cell in GATES[library].cells:
        serves = load(cell.pattern).stack == library
        assert serves != (cell.workload.client is ClientKind.LIBRARY)


def test_servers_meet_the_wire_client() -> None:
    for library in ("uvicorn", "sse-starlette"):
        for cell in GATES[library].cells:
            assert cell.workload.client is ClientKind.WIRE
            assert load(cell.pattern).stack == library


def test_redis_is_what_talks_to_redis() -> None:
    assert {cell.workload.client for cell in GATES["redis"].cells} == {ClientKind.LIBRARY}


def test_a_library_that_is_not_measured_is_refused() -> None:
    with pytest.raises(BadInput, match=r"--lib websocket: .*did you mean websockets"):
        library_gate("websocket")
    with pytest.raises(BadInput, match=r"--lib numpy: .*those are websockets, aiohttp, uvicorn"):
        library_gate("numpy")


def test_a_number_is_a_version() -> None:
    version = read_version("--base", "websockets", "15.0.1")
    assert (version.requirement, version.label) == ("websockets==15.0.1", "websockets 15.0.1")


def test_a_path_is_taken_as_it_is_on_disk(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    version = read_version("--head", "websockets", "../websockets")
    assert Path(version.requirement).samefile(repository)
    assert read_version("--head", "websockets", ".").requirement == str(repository)


def test_a_path_with_a_commit_is_taken_from_its_git(repository: Path) -> None:
    version = read_version("--head", "websockets", f"{repository}@HEAD")
    sha = version.requirement.rpartition("@")[2]
    assert version.requirement == f"git+file://{repository}@{sha}"
    assert len(sha) == 40
    assert version.asked == f"{repository}@HEAD ({sha[:8]})"


def test_a_path_that_is_none_is_refused(repository: Path) -> None:
    with pytest.raises(BadInput, match=r"--head \./nowhere: no such directory"):
        read_version("--head", "websockets", "./nowhere")
    with pytest.raises(BadInput, match=r"--base .*@v9: no commit v9 in that checkout"):
        read_version("--base", "websockets", f"{repository}@v9")


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (FileNotFoundError(2, "No such file or directory", "git"), "git could not be started"),
        (subprocess.TimeoutExpired("git", 30), "git did not answer within 30 s"),
    ],
)
def test_a_git_that_fails_is_told(
    failure: Exception, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: object, **_options: object) -> None:
        raise failure

    monkeypatch.setattr(subprocess, "run", fails)
    with pytest.raises(NotMeasured, match=said):
        read_version("--base", "websockets", f"{tmp_path}@v9")
