from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.envelope import pack
from harness.measure.notes import STAGES, read_requests, read_stages
from servers.notebook import ACCEPTED, DIRECTORY, TAKEN, WORKED, Notebook

BYTES = (ACCEPTED, TAKEN, WORKED)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(DIRECTORY, str(tmp_path))
    return tmp_path


def message(publisher: int, sequence: int) -> bytes:
    return pack(publisher, sequence, 7, b"x" * 26, 0)


def test_the_names_of_the_stages_are_those_of_the_servers() -> None:
    assert tuple(stage.decode() for stage in BYTES) == STAGES


notes = st.lists(st.tuples(st.integers(0, 2**16 - 1), st.integers(0, 2**39), st.integers(0, 2)))


@settings(deadline=None, max_examples=30)
@given(written=notes)
def test_what_a_server_notes_is_read_again(written: list[tuple[int, int, int]]) -> None:
    with TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        patch.setenv(DIRECTORY, scratch)
        notebook = Notebook("judge", 1)
        for publisher, sequence, stage in written:
            notebook.note(BYTES[stage], message(publisher, sequence))
        read = read_stages(Path(scratch))
    found = zip(read.publisher.tolist(), read.sequence.tolist(), read.stage.tolist(), strict=True)
    assert list(found) == written
    assert read.at_ns.tolist() == sorted(read.at_ns.tolist())


def test_all_processes_sample_the_same_messages(directory: Path) -> None:
    for name, stage in (("judge", ACCEPTED), ("workers", TAKEN)):
        notebook = Notebook(name, 2)
        for number in range(200):
            notebook.note(stage, message(number % 7, number))
    read = read_stages(directory)
    by_stage = [set(read.sequence[read.stage == number].tolist()) for number in (0, 1)]
    assert by_stage[0] == by_stage[1]
    assert 60 <= len(by_stage[0]) <= 140


def test_what_is_no_envelope_is_not_noted(directory: Path) -> None:
    Notebook("judge", 1).note(ACCEPTED, b"a person's submission, longer than an envelope is long")
    assert not len(read_stages(directory).at_ns)


def test_without_sampling_nothing_is_written(directory: Path) -> None:
    Notebook("judge", 0).note(ACCEPTED, message(1, 1))
    assert list(directory.iterdir()) == []


def test_requests_are_counted_over_all_processes(directory: Path) -> None:
    assert read_requests(directory) is None
    for name in ("one", "two"):
        notebook = Notebook(name, 0, counts=True)
        assert read_requests(directory) is not None
        for _ in range(300):
            notebook.count_request()
    assert read_requests(directory) == 600


def test_a_line_that_is_no_note_is_refused(tmp_path: Path) -> None:
    (tmp_path / "judge-1.stages").write_text("accepted 0000 12\nlost 00000000000001 13\n")
    with pytest.raises(ValueError, match="is no note of a stage"):
        read_stages(tmp_path)
