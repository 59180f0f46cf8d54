"""A history is read as it was written, and anything else is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import BadInput, NotMeasured
from harness.machine import Machine
from harness.measure.configuration import Kind
from harness.measure.contrast import Outcome
from harness.measure.history import Acts, Chapter, History, Quantity, Row, Step, load, save
from harness.measure.statistics import Shift
from harness.workload import Workload

P50 = Quantity(name="p50", kind=Kind.LATENCY, unit="s", threshold=0.1)
STEP = Step(
    quantity="p50",
    before="1.0",
    after="2.0",
    outcome=Outcome.HIGHER,
    matters=True,
    change=Shift(value=None, low=1.1, high=None, level=0.99),
    adjusted_p=0.001,
    seen_from=1.12,
)


@pytest.fixture
def history(machine: Machine) -> History:
    rows = (
        Row(release="1.0", runs=2, samples={"p50": (0.001, 0.002)}),
        Row(release="2.0", runs=2, samples={"p50": (None, 0.003)}, absent={"p99": "too few"}),
    )
    chapter = Chapter(
        name="server",
        pattern="sse",
        workload=Workload(),
        acts=Acts.SERVER,
        quantities=(P50,),
        rows=rows,
        steps=(STEP,),
    )
    return History(
        library="uvicorn",
        releases=("1.0", "2.0"),
        chapters=(chapter,),
        command="abec versions",
        commit="1a2b3c4d",
        machine=machine,
        order_seed=7,
        runs=2,
        took_s=1.5,
        comparisons=1,
    )


def test_a_history_survives_its_file(history: History, tmp_path: Path) -> None:
    path = tmp_path / "new" / "history.json"
    save(history, path)
    assert load(path) == history
    save(replace(history, machine=None), path)
    assert load(path).machine is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"schema": 9}, "schema 9: this reader knows 1"),
        ({"winner": "2.0"}, "unknown key winner"),
        ({"runs": "8"}, '"8" is no int at runs'),
        ({"library": None}, "null is no str at library"),
    ],
)
def test_another_shape_is_refused(
    history: History, tmp_path: Path, changes: dict[str, object], told: str
) -> None:
    path = tmp_path / "history.json"
    save(history, path)
    stored = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(stored))
    with pytest.raises(BadInput, match=told):
        load(path)


def test_what_is_no_history_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(BadInput, match="has no schema version; a history is a file that abec ver"):
        load(tmp_path / "other.json")
    with pytest.raises(BadInput, match="no such file"):
        load(tmp_path / "nowhere.json")


def test_what_cannot_be_written_is_told(history: History, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotMeasured, match="could not be saved"):
        save(history, tmp_path / "file" / "history.json")


def test_only_what_is_established_and_matters_differs() -> None:
    assert STEP.differs
    assert not replace(STEP, matters=False).differs
    assert not replace(STEP, outcome=Outcome.UNDETECTED).differs
    assert not replace(STEP, outcome=Outcome.NOT_COMPARED).told
