"""What is written is read again; what is not known is refused, with the path to it."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import schema
from harness.errors import BadInput, NotMeasured
from harness.result import Doubt, QueueDepth, Series
from harness.workload import ClientKind, Exchange, Workload
from tests.unit.conftest import REDIS_KILLED

Spoil = Callable[[dict[str, Any]], object]


@pytest.fixture
def stored(make_result: Callable[..., Any]) -> Series:
    workload = Workload(exchange=Exchange.WORK_QUEUE, subscribers=4, client=ClientKind.LIBRARY)
    lossy = make_result("redis_queue", p99=None, cpu=None, workload=workload)
    doubt = Doubt(rule="receiver lag", reason="31 % (limit 10 %)", remedy="try --client wire")
    doubted = make_result(doubts=(doubt,), remarks=("saturated",), analytic_mean=0.01)
    return Series(
        command="abec run redis_queue --csv 'ü'",
        order_seed=3,
        runs=1,
        results=(lossy, doubted),
        refused={"sse": "it died"},
    )


def test_a_series_survives_its_file(stored: Series, tmp_path: Path) -> None:
    path = tmp_path / "runs" / "new.json"

    schema.save(stored, path)

    assert schema.load(path) == stored
    assert [entry.name for entry in path.parent.iterdir()] == ["new.json"]
    assert path.read_text(encoding="utf-8") == schema.to_json(stored) + "\n"


def test_infinite_is_null_and_json_holds_no_nan(stored: Series) -> None:
    assert json.loads(schema.to_json(stored))["results"][0]["delivery"]["p99"] is None
    first = stored.results[0]
    with pytest.raises(ValueError, match="JSON compliant"):
        schema.to_json(replace(stored, results=(replace(first, slope=float("nan")),)))


def test_saving_again_replaces_the_whole_file(stored: Series, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    schema.save(stored, path)

    schema.save(replace(stored, results=()), path)

    assert schema.load(path).results == ()


def test_a_failed_save_leaves_what_was_there(stored: Series, tmp_path: Path) -> None:
    blocked = tmp_path / "run.json"
    (blocked / "kept").mkdir(parents=True)

    with pytest.raises(NotMeasured, match=r"run\.json: the result could not be saved: .+"):
        schema.save(stored, blocked)

    assert [entry.name for entry in tmp_path.iterdir()] == ["run.json"]
    assert (blocked / "kept").is_dir()


def test_a_gzipped_file_is_read_as_it_is(stored: Series, tmp_path: Path) -> None:
    path = tmp_path / "kept.json.gz"
    path.write_bytes(gzip.compress(schema.to_json(stored).encode()))
    assert schema.load(path) == stored


@pytest.mark.parametrize("spoil", [lambda b: b[:-9], lambda b: b[9:], lambda b: b[:9]])
def test_half_a_gzipped_file_is_refused(
    spoil: Callable[[bytes], bytes], stored: Series, tmp_path: Path
) -> None:
    path = tmp_path / "kept.json.gz"
    path.write_bytes(spoil(gzip.compress(schema.to_json(stored).encode())))
    with pytest.raises(BadInput, match=r"kept\.json\.gz: is no whole gzip"):
        schema.load(path)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    missing, binary, prose, no_run = (tmp_path / name for name in ("a.json", "b", "c", "d"))
    binary.write_bytes(b"\xff\xfe\x00")
    prose.write_text("p50 0.4 ms")
    no_run.write_text("[1, 2]")

    for path, problem in (
        (missing, "no such file"),
        (tmp_path, "cannot be read: Is a directory"),
        (binary, "is no text; a result is a file that abec run saved"),
        (prose, "is no JSON: Expecting value: line 1 column 1 (char 0)"),
        (no_run, "has no schema version; a result is a file that abec run saved"),
    ):
        with pytest.raises(BadInput) as refusal:
            schema.load(path)
        assert str(refusal.value) == f"{path}: {problem}"


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (
            lambda d: d.update(schema=7),
            "schema 7: this reader knows 2; measure again, or read it with the version that "
            "wrote it",
        ),
        (lambda d: d.update(shcema=1), "unknown key shcema"),
        (
            lambda d: d["results"][1]["workload"].update(rtae=5),
            "unknown key rtae at results[1].workload",
        ),
        (lambda d: d["results"][0].pop("audit"), "missing key audit at results[0].audit"),
        (
            lambda d: d["results"][0]["delivery"].update(p50="0.1"),
            '"0.1" is no float at results[0].delivery.p50',
        ),
        (
            lambda d: d["results"][0]["audit"].update(lost=1.5),
            "1.5 is no int at results[0].audit.lost",
        ),
        (
            lambda d: d["results"][0].update(saturated=1),
            "1 is no bool at results[0].saturated",
        ),
        (
            lambda d: d["results"][0]["workload"].update(exchange="multicast"),
            "'multicast' is not a valid Exchange at results[0].workload.exchange",
        ),
        (
            lambda d: d["results"][0]["workload"].update(rate=0),
            "--rate 0: must be above 0 messages per second; for example 500 or 2k "
            "at results[0].workload",
        ),
        (lambda d: d.update(refused={"sse": 3}), "3 is no str at refused['sse']"),
        (lambda d: d["results"].append(3), "has another shape than this schema's at results[2]"),
        (
            lambda d: d.update(runs="8", order_seed=None),
            "null is no int at order_seed (and 1 more)",
        ),
    ],
)
def test_what_the_reader_does_not_know_is_refused(
    stored: Series, spoil: Spoil, problem: str
) -> None:
    document = json.loads(schema.to_json(stored))
    spoil(document)

    with pytest.raises(BadInput) as refusal:
        schema.from_json(json.dumps(document), "old.json")

    assert str(refusal.value) == f"old.json: {problem}"


def test_numbers_that_json_does_not_have_are_refused(stored: Series) -> None:
    text = schema.to_json(stored).replace('"slope": 0.0', '"slope": Infinity', 1)

    with pytest.raises(BadInput, match="Infinity is no number; infinite times are null"):
        schema.from_json(text, "old.json")


def test_what_a_kill_did_is_read_as_it_was_written(stored: Series) -> None:
    depth = QueueDepth(at=(-0.1, 0.0), waiting=(0, 3), writing=(False, True), left=None)
    results = tuple(replace(run, kill=REDIS_KILLED, depth=depth) for run in stored.results)
    asked = replace(stored, results=results)
    assert schema.from_json(schema.to_json(asked), "new.json") == asked
