"""What was seen of a run comes back from its file, and nothing else is taken for such a file."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import stamps_file
from harness.errors import BadInput, NotMeasured
from harness.faults.strike import Blow
from harness.measure.tallies import GatewayTally
from harness.observe import Observation
from harness.process.redis_depth import Depth
from harness.queueing import Victim
from harness.recording import Recording, Relayed, Returned
from harness.series import cells_of, measure
from harness.workload import Workload
from tests.unit.seen import observation


def told(seen: Observation) -> dict[str, Any]:
    """Give everything in it as values that can be compared."""

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.tolist()
        if isinstance(value, tuple):
            return [plain(one) for one in value]
        if hasattr(value, "__dataclass_fields__"):
            return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
        return value

    found = plain(seen)
    assert isinstance(found, dict)
    return found


def test_everything_comes_back(tmp_path: Path) -> None:
    seen, series = observation(lost=3), tmp_path / "run.json"

    stamps = stamps_file.keep(seen, series, stamps_file.beside(series, 7, "sse@aiohttp"))

    assert stamps.file == "run.stamps/007-sse@aiohttp.npz"
    assert stamps_file.unchanged(stamps, series)
    assert told(stamps_file.read(tmp_path / stamps.file)) == told(seen)
    assert [path.name for path in (tmp_path / "run.stamps").iterdir()] == ["007-sse@aiohttp.npz"]


def test_a_recording_of_nothing_comes_back(tmp_path: Path) -> None:
    seen = observation(recording=Recording())
    stamps = stamps_file.keep(seen, tmp_path / "run.json", "0.npz")
    assert told(stamps_file.read(tmp_path / stamps.file)) == told(seen)


def test_what_was_killed_and_what_waited_comes_back(tmp_path: Path) -> None:
    blow = Blow(victim=Victim.CONSUMER, at_ns=5, back_ns=7, held=((0, 3),))
    depths = (Depth(at_ns=1, waiting=4, writing=True), Depth(at_ns=2, waiting=0, writing=False))
    seen = replace(observation(), blow=blow, depths=depths, left=0)
    stamps = stamps_file.keep(seen, tmp_path / "run.json", "0.npz")
    found = stamps_file.read(tmp_path / stamps.file)
    assert (found.blow, found.depths, found.left) == (blow, depths, 0)


def test_what_a_relay_saw_comes_back(tmp_path: Path) -> None:
    relayed = Relayed(pid=7, due_ns=np.array([5, 9]), late_ns=np.array([-3, 400]))
    seen = replace(observation(), relayed=relayed)
    stamps = stamps_file.keep(seen, tmp_path / "run.json", "0.npz")
    assert told(stamps_file.read(tmp_path / stamps.file)) == told(seen)


def test_gateways_and_who_returned_to_them_come_back(tmp_path: Path) -> None:
    returned = Returned(
        receiver=np.array([4, 2]), lost_ns=np.array([50, 51]), back_ns=np.array([90, 70])
    )
    tallies = ((GatewayTally(0, 3, 100),), (GatewayTally(0, 5, 900),))
    seen = observation()
    seen = replace(
        seen,
        recording=replace(seen.recording, returned=returned),
        tallies=tallies,
        server_names={17: "gateway"},
    )
    stamps_file.keep(seen, tmp_path / "run.json", "0.npz")
    assert told(stamps_file.read(tmp_path / "0.npz")) == told(seen)


def test_equal_stamps_make_equal_files(tmp_path: Path) -> None:
    one, other = (
        stamps_file.keep(observation(), tmp_path / "run.json", name) for name in ("a.npz", "b.npz")
    )
    assert one.sha256 == other.sha256


def test_it_is_small(tmp_path: Path) -> None:
    """As the help of ``abec run`` says: about 12 bytes a message and 7 a delivery."""
    messages = 20_000
    stamps_file.keep(observation(messages=messages), tmp_path / "run.json", "0.npz")
    assert (tmp_path / "0.npz").stat().st_size < 1.2 * (messages * 19 + 5000)


def test_a_change_is_noticed(tmp_path: Path) -> None:
    series = tmp_path / "run.json"
    stamps = stamps_file.keep(observation(), series, "0.npz")
    stamps_file.keep(observation(lost=1), series, "0.npz")
    assert not stamps_file.unchanged(stamps, series)


def test_other_files_are_refused(tmp_path: Path) -> None:
    stamps_file.keep(observation(), tmp_path / "run.json", "cut.npz")
    cut = tmp_path / "cut.npz"
    cut.write_bytes(cut.read_bytes()[:-200])
    (tmp_path / "text.npz").write_text("stamps")
    np.savez(tmp_path / "other.npz", facts=np.arange(3, dtype=np.uint8))
    np.savez(tmp_path / "pickle.npz", facts=np.array([{}]))
    np.savez(tmp_path / "newer.npz", facts=np.frombuffer(b'{"format": 2}', dtype=np.uint8))

    for name in ("cut", "text", "other", "pickle", "newer", "none"):
        path = tmp_path / f"{name}.npz"
        with pytest.raises(BadInput, match=r"\.npz: holds no stamps of this format \(\w+\)"):
            stamps_file.read(path)


def test_what_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "0.npz").mkdir()
    with pytest.raises(NotMeasured, match=r"0\.npz: the stamps could not be saved: Is a dir"):
        stamps_file.keep(observation(), tmp_path / "run.json", "0.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["0.npz"]


def test_stamps_need_a_series_to_lie_beside() -> None:
    with pytest.raises(ValueError, match="beside a saved series"):
        measure(cells_of(["floor"], Workload()), runs=1, keep_stamps=True)
