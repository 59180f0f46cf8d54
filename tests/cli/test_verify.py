"""``abec verify``: figures that nobody changed, and figures, stamps and files that somebody did."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import schema, stamps_file
from harness.registry import load
from harness.result import Series
from harness.run import conclude
from tests.unit.conftest import MACHINE
from tests.unit.seen import WORKLOAD, observation


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Save a series of one run with its stamps."""
    path = tmp_path / "run.json"
    seen = observation(lost=2)
    result = conclude(load("sse"), WORKLOAD, MACHINE, "core 0 server", seen)
    stamps = stamps_file.keep(seen, path, stamps_file.beside(path, 0, "sse"))
    result = replace(result, stamps=stamps)
    schema.save(Series(command="abec run", order_seed=1, runs=1, results=(result,)), path)
    return path


def change(path: Path, *names: str, to: Any) -> None:
    """Overwrite one value in the first run of a file."""
    document = json.loads(path.read_text())
    place = document["results"][0]
    for name in names[:-1]:
        place = place[name]
    place[names[-1]] = to
    path.write_text(json.dumps(document))


def change_stamps(path: Path, column: str, row: int, by: int, *, sign: bool) -> None:
    """Move one stamp, and make the result refer to the new file as if it were the old one."""
    file = path.parent / "run.stamps" / "000-sse.npz"
    with np.load(file) as archive:
        columns = {name: archive[name] for name in archive}
    values = np.cumsum(columns[column])
    values[row] += by
    np.savez_compressed(file, **{**columns, column: np.diff(values, prepend=0)})
    if sign:
        change(path, "stamps", "sha256", to=hashlib.sha256(file.read_bytes()).hexdigest())


def test_what_nobody_changed_agrees(abec: Any, kept: Path) -> None:
    done = abec("verify", "run.json")
    assert (done.returncode, done.stderr) == (0, "")
    first, last = done.stdout.splitlines()
    assert first.startswith("ok    run 1, sse: all ")
    assert first.endswith(" figures are what its stamps give (1,000 messages, 998 arrivals)")
    assert last == "1 run: 1 agree"


def test_a_changed_figure_is_found(abec: Any, kept: Path) -> None:
    true = schema.load(kept).results[0].delivery.p90
    change(kept, "delivery", "p90", to=0.0001)

    done = abec("verify", "run.json")

    assert done.returncode == 1
    marked, named, last = done.stdout.splitlines()
    assert marked.startswith("FAIL  run 1, sse: 1 of ")
    assert named == f"        delivery.p90: the file says 0.0001, the stamps {true}"
    assert last == "1 run: 1 differ"


def test_a_changed_stamp_is_found(abec: Any, kept: Path) -> None:
    change_stamps(kept, "delivered.received_ns", 500, 3_000_000, sign=False)
    done = abec("verify", "run.json")
    assert done.returncode == 1
    assert "run.stamps/000-sse.npz is not the file that was kept (SHA-256)" in done.stdout
    assert "delivery.mean: the file says infinite" not in done.stdout
    assert "delivery.histogram: the file says " in done.stdout


def test_a_changed_stamp_is_found_behind_a_new_checksum(abec: Any, kept: Path) -> None:
    change_stamps(kept, "delivered.received_ns", 500, 3_000_000, sign=True)
    done = abec("verify", "run.json")
    assert done.returncode == 1
    assert "SHA-256" not in done.stdout
    assert "delivery.histogram: the file says " in done.stdout


def test_a_single_nanosecond_is_found(abec: Any, kept: Path) -> None:
    change_stamps(kept, "published.due_ns", 500, 1, sign=True)
    done = abec("verify", "run.json")
    assert done.returncode == 1
    assert "slope: the file says " in done.stdout


def test_stamps_that_cannot_be_are_told(abec: Any, kept: Path) -> None:
    change_stamps(kept, "published.sequence", 500, 1, sign=True)
    done = abec("verify", "run.json")
    assert done.returncode == 1
    assert "the stamps contradict themselves: sequence numbers" not in done.stderr
    assert "FAIL  run 1, sse: the stamps contradict themselves: a sequence number" in done.stdout


def test_without_stamps_what_can_be_checked_is(abec: Any, kept: Path) -> None:
    change(kept, "stamps", to=None)
    done = abec("verify", "run.json")
    assert done.returncode == 3
    assert "part  run 1, sse: no stamps were kept" in done.stdout
    assert "54 figures fit its histograms" in " ".join(done.stdout.split())
    assert "not checked: achieved_rate, throughput" in done.stdout
    assert done.stdout.endswith("1 run: 1 could be checked in part only\n")

    change(kept, "delivery", "p90", to=0.0001)
    done = abec("verify", "run.json")
    assert done.returncode == 1
    assert "delivery.p90: the file says 0.0001, the rest 0.0004" in done.stdout


def test_stamps_that_are_gone_are_told(abec: Any, kept: Path) -> None:
    (kept.parent / "run.stamps" / "000-sse.npz").unlink()
    done = abec("verify", "run.json")
    assert done.returncode == 3
    assert "its stamps run.stamps/000-sse.npz cannot be read (No such file" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_bad_input_is_refused(abec: Any, kept: Path, tmp_path: Path) -> None:
    empty = replace(schema.load(kept), results=())
    schema.save(empty, tmp_path / "empty.json")
    file = tmp_path / "run.stamps" / "000-sse.npz"
    file.write_text("stamps")
    change(kept, "stamps", "sha256", to=hashlib.sha256(b"stamps").hexdigest())
    for name, message in (
        ("none.json", "none.json: no such file"),
        ("empty.json", "empty.json: holds no run; measure again"),
        ("run.json", "run.stamps/000-sse.npz: holds no stamps of this format (ValueError); "),
    ):
        done = abec("verify", name)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.startswith(f"abec: {message}")
        assert len(done.stderr.splitlines()) == 1
