"""Why something is n/a: read from what asv captured, kept beside its results, published."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from asv.machine import Machine
from asv.results import Results, iter_results
from asv.runner import BenchmarkResult
from asv.util import write_json

from harness.report import asv_pages
from harness.report.asv_reasons import keep, newest, read, reasons_in

LAG = "4 of 8 runs are invalid: receiver lag 31 % (limit 10 %); try --rate 500"
SAID = f"""For parameters: 'ticker', 'sse'
n/a: {LAG}

For parameters: 'ticker', 'websocket'
a warning of a library's
n/a: pattern websocket is not installed
asv: skipped: NotImplementedError('pattern websocket is not installed')

For parameters: 'ticker', 'rest_polling'
Traceback (most recent call last):
harness.errors.ServerFailed: server rest died"""
NAME = "delivery.Delivery.track_p50"
PARAMS = [["'ticker'"], ["'sse'", "'websocket'", "'rest_polling'"]]
NAN = math.nan


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Make asv's directory of results, as it is for two machines."""
    for machine in ("box", "laptop"):
        path = tmp_path / machine / "machine.json"
        path.parent.mkdir()
        write_json(str(path), {"machine": machine}, api_version=Machine.api_version)
    return tmp_path


def results(
    values: Sequence[float | None],
    said: str = SAID,
    *,
    commit: str = "0123456789abcdef",
    machine: str = "box",
    date: int = 1,
) -> Any:
    """Give results as asv has them when it has run one benchmark."""
    made = Results(
        params={"machine": machine, "python": "3.11"},
        requirements={},
        commit_hash=commit,
        date=date,
        python="3.11",
        env_name="existing-py",
        env_vars={},
    )
    measured = BenchmarkResult(
        result=list(values),
        samples=[None] * len(values),
        number=[None] * len(values),
        errcode=0,
        stderr=said,
        profile=None,
    )
    made.add_result({"name": NAME, "version": "1", "params": PARAMS}, measured)
    return made


def save(made: Any, place: Path) -> Path:
    """Save results and reasons; give where these are."""
    made.save(str(place))
    keep(made, str(place))
    return place / made.params["machine"] / f"{made.commit_hash[:8]}-existing-py.reasons"


def told(path: Path) -> Mapping[tuple[str, ...], str]:
    return read(path).get(NAME, {})


def test_reasons_are_found_by_combination() -> None:
    assert reasons_in(SAID, PARAMS) == {
        ("'ticker'", "'sse'"): LAG,
        ("'ticker'", "'websocket'"): "pattern websocket is not installed",
    }
    assert reasons_in("", PARAMS) == {}


def test_reasons_name_no_folder_no_address_and_no_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "build-7.example.org")
    said = (
        "For parameters: 'ticker', 'sse'\n"
        "n/a: redis://:secret@db.internal:6379/0 or ('10.0.0.7', 6379) does not answer build-7, "
        "p50/p99; see /home/somebody/abec/results/logs/sse-1.log"
    )
    assert reasons_in(said, PARAMS) == {
        ("'ticker'", "'sse'"): (
            "redis://… or ('…', 6379) does not answer …, p50/p99; see …/sse-1.log"
        )
    }


def test_reasons_stand_beside_results_and_asv_passes_over_them(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(results([NAN, NAN, None]), place)
    assert told(path) == reasons_in(SAID, PARAMS)
    names = sorted(entry.name for entry in path.parent.iterdir())
    assert names == ["01234567-existing-py.json", path.name, "machine.json"]
    capsys.readouterr()
    assert [one.commit_hash for one in iter_results(str(place))] == ["0123456789abcdef"]
    said = capsys.readouterr()
    assert said.out + said.err == ""


def test_a_value_ends_its_reason(place: Path) -> None:
    save(results([NAN, NAN, None]), place)
    path = save(results([0.004, NAN, None], said=""), place)
    assert list(told(path)) == [("'ticker'", "'websocket'")]
    save(results([0.004, 0.004, 0.004], said=""), place)
    assert not path.exists()


def test_a_new_reason_replaces_the_old(place: Path) -> None:
    save(results([NAN, NAN, None]), place)
    path = save(results([NAN, NAN, None], "For parameters: 'ticker', 'sse'\nn/a: stolen"), place)
    assert told(path)["'ticker'", "'sse'"] == "stolen"
    assert len(told(path)) == 2


def test_pages_tell_of_the_newest_commit_of_each_machine(place: Path) -> None:
    both = "\n\n".join(
        f"For parameters: 'ticker', '{name}'\nn/a: stolen" for name in ("sse", "websocket")
    )
    save(results([NAN, NAN, 0.01], commit="1" * 16, date=1), place)
    save(results([NAN, NAN, 0.01], both, commit="2" * 16, date=2), place)
    save(results([0.01, NAN, 0.01], machine="laptop"), place)
    assert newest(str(place)) == {
        NAME: [
            {
                "machine": "box",
                "commit": "22222222",
                "reason": "stolen",
                "combinations": [("ticker", "sse"), ("ticker", "websocket")],
            },
            {
                "machine": "laptop",
                "commit": "01234567",
                "reason": "pattern websocket is not installed",
                "combinations": [("ticker", "websocket")],
            },
        ]
    }


def test_asv_keeps_reasons_as_it_saves_results(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Results, "save", Results.save)
    asv_pages.setup()
    once = Results.save
    asv_pages.setup()
    assert Results.save is once
    results([NAN, NAN, None]).save(str(place))
    assert told(place / "box" / "01234567-existing-py.reasons") == reasons_in(SAID, PARAMS)
