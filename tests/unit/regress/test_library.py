"""Libraries and their versions: where each acts, and what is asked of pip."""

import subprocess
from pathlib import Path

import pytest

from harness.errors import BadInput, NotMeasured
from harness.machine import Machine
from harness.measure.history import Acts
from harness.registry import load
from harness.regress.gate import Gate, GateCell
from harness.regress.library import GATES, library_gate, read_version, varied_in
from harness.workload import ClientKind, Exchange, Workload


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


@pytest.mark.parametrize(("library", "gate"), GATES.items())
def test_a_librarys_gate_knows_where_the_library_acts(library: str, gate: Gate) -> None:
    assert varied_in(library, gate) == gate


def own(pattern: str, client: ClientKind = ClientKind.WIRE, **asked: Exchange) -> Gate:
    workload = Workload(client=client, **asked)
    return Gate(name="my.toml", cells=(GateCell(name="mine", pattern=pattern, workload=workload),))


@pytest.mark.parametrize(
    ("library", "gate", "acts"),
    [
        ("aiohttp", own("sse@aiohttp"), Acts.SERVER),
        ("uvicorn", own("sse@sse-starlette"), Acts.SERVER),
        ("redis", own("submit_job_sse", exchange=Exchange.JOURNEY), Acts.SERVER),
        ("aiohttp", own("websocket@aiohttp", ClientKind.LIBRARY), Acts.SERVER),
        ("websockets", own("websocket@aiohttp", ClientKind.LIBRARY), Acts.CLIENT),
        ("redis", own("redis_pubsub", ClientKind.LIBRARY), Acts.CLIENT),
    ],
)
def test_in_a_gate_of_ones_own_a_library_is_found(library: str, gate: Gate, acts: Acts) -> None:
    assert [cell.acts for cell in varied_in(library, gate).cells] == [acts]


@pytest.mark.parametrize(
    ("library", "gate", "said"),
    [
        (
            "websockets",
            own("sse@aiohttp"),
            "sse@aiohttp contains no Python package websockets: its server is aiohttp, "
            "its client wire",
        ),
        (
            "websockets",
            own("sse@aiohttp", ClientKind.LIBRARY),
            "sse@aiohttp contains no Python package websockets: its server is aiohttp, "
            "its client aiohttp",
        ),
        (
            "redis",
            own("redis_pubsub"),
            "redis_pubsub contains no Python package redis: its server is redis, its client wire",
        ),
        (
            "websockets",
            own("websocket@websockets", ClientKind.LIBRARY),
            "websocket@websockets serves and is the client, and is to be varied at one end; "
            'give client = "wire"',
        ),
    ],
)
def test_a_cell_that_cannot_tell_a_librarys_versions_apart_is_refused(
    library: str, gate: Gate, said: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        varied_in(library, gate)
    assert str(refusal.value) == f"my.toml, mine: {said}"


def test_the_cpu_of_a_library_that_is_the_client_is_the_clients() -> None:
    for gate in GATES.values():
        for cell in gate.cells:
            names = [one.metric.name for one in cell.watched]
            assert ("client CPU per delivery" in names) == (cell.acts is Acts.CLIENT)
            assert ("server CPU per delivery" in names) == (cell.acts is Acts.SERVER)


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


@pytest.mark.parametrize("text", ["main", "16..0", "websockets@main"])
def test_what_is_neither_a_number_nor_a_path_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=rf"--head {text}: is no version number; .* \./{text}"):
        read_version("--head", "websockets", text)


def test_a_path_may_have_an_at_sign(tmp_path: Path) -> None:
    place = tmp_path / "me@work" / "websockets"
    place.mkdir(parents=True)
    assert read_version("--head", "websockets", str(place)).requirement == str(place)


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
