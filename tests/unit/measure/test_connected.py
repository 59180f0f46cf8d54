"""What is saved of connections per second: the table's figures, each run, and why one is none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness import schema
from harness.errors import NotMeasured
from harness.measure.connected import CONNECTED_VERSION, Connected, connected, save
from harness.measure.set_up import Connecting
from tests.unit.measure.test_set_up import OURS, SOUND

FOUND = {
    ("sse", False): Connecting(runs=tuple(replace(SOUND, seconds=s) for s in (0.5, 0.4, 0.49))),
    ("sse", True): Connecting(runs=(OURS,)),
    ("rest", True): Connecting(runs=(), refused="server uvicorn died"),
}


def test_the_figures_are_those_of_the_table() -> None:
    plain, by_tls, refused = connected(FOUND, 500, "abec tls sse").connecting
    assert (plain.pattern, plain.tls, len(plain.made)) == ("sse", False, 3)
    assert plain.per_second == pytest.approx(500 / 0.49)
    assert plain.server_cpu == SOUND.server_cpu
    # Our client was the busier side: no pace, and yet what each took.
    assert by_tls.per_second is None
    assert by_tls.server_cpu == OURS.server_cpu
    assert by_tls.load_cpu == OURS.load_cpu
    assert [doubt.rule for doubt in by_tls.made[0].doubts] == ["busier side"]
    assert (refused.per_second, refused.server_cpu) == (None, None)
    assert refused.refused == "server uvicorn died"


def test_what_is_saved_is_read_as_it_was(tmp_path: Path) -> None:
    document, path = connected(FOUND, 500, "abec tls sse"), tmp_path / "x-connecting.json"
    save(document, path)
    text = path.read_text()
    assert schema.parsed(text, "x", Connected, CONNECTED_VERSION, "") == document
    assert json.loads(text)["connecting"][0]["made"][0]["set_up"]["held"] == 500


def test_what_cannot_be_saved_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotMeasured, match=r"x\.json: could not be saved: "):
        save(connected(FOUND, 500, ""), tmp_path / "file" / "x.json")
