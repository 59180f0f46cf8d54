"""When ``abec tls`` ends with 3: whatever of its table is missing or invalid."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import tls
from harness.cli.tls import exit_of
from harness.errors import Exit
from harness.measure.set_up import Connecting
from harness.report.tls import Priced
from harness.result import Series
from harness.schema import to_json
from tests.unit.measure.test_set_up import OURS, SOUND

Make = Callable[..., Series]


@pytest.mark.parametrize(
    ("connecting", "code"),
    [
        (Connecting(runs=(SOUND,)), Exit.MEASURED),
        (Connecting(runs=(OURS,)), Exit.NOT_MEASURED),
        (Connecting(runs=(), refused="server sse died"), Exit.NOT_MEASURED),
    ],
)
def test_connections_that_say_nothing_end_with_three(
    connecting: Connecting, code: Exit, make_series: Make
) -> None:
    made = make_series({"sse": {}})
    assert exit_of(_priced(connecting), made, made) is code


def test_so_does_memory_or_latency_that_was_refused(make_series: Make) -> None:
    made = make_series({"sse": {}})
    refused = replace(made, refused={"sse": "server sse died"})
    priced = _priced(Connecting(runs=(SOUND,)))
    assert exit_of(priced, refused, made) is Exit.NOT_MEASURED
    assert exit_of(priced, made, refused) is Exit.NOT_MEASURED


@pytest.fixture
def measured(
    make_series: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., str]:
    """Give what a command prints when all that it measures is made up."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        tls, "set_ups", lambda ways, *_rest: {(w[0].name, w[1].tls): _SOUND for w in ways}
    )
    monkeypatch.setattr(tls, "measure_part", lambda *_args, **_named: make_series({"sse": {}}))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(tls.command, ["sse", *arguments], standalone_mode=False)
        assert done.exception is None, done.exc_info
        assert done.return_value is Exit.MEASURED
        return done.stdout

    return run


def test_connections_per_second_are_saved_and_the_file_is_named(
    measured: Callable[..., str], tmp_path: Path
) -> None:
    saved = measured().splitlines()[-1].removeprefix("saved ").split(", ")
    assert [name.rpartition("-")[2] for name in saved] == [
        "connecting.json",
        "latency.json",
        "memory.json",
    ]
    document = json.loads((tmp_path / saved[0]).read_text())
    assert [(way["pattern"], way["tls"]) for way in document["connecting"]] == [
        ("sse", False),
        ("sse", True),
    ]
    assert document["connecting"][0]["per_second"] == pytest.approx(SOUND.per_second)


def test_as_json_all_three_are_one_document(
    measured: Callable[..., str], make_series: Make
) -> None:
    document = json.loads(measured("--json"))
    assert list(document) == ["connecting", "latency", "memory"]
    assert document["latency"] == json.loads(to_json(make_series({"sse": {}})))
    assert document["connecting"]["connections"] == 500


_SOUND = Connecting(runs=(SOUND,))


def _priced(connecting: Connecting) -> Priced:
    return Priced(connections=500, connecting={("sse", True): connecting}, latency=(), memory={})
