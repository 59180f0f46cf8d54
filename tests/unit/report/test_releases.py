"""The table by release, word for word, and what the command ends with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.errors import Exit
from harness.measure.history import History
from harness.report.releases import exit_code, history_report
from tests.unit.versions.conftest import runs, tell  # noqa: F401 (fixtures)

Tell = Callable[..., History]
LOG = "client failed:\n  File client.py\nTypeError: unexpected keyword argument 'proxy'"

GOLDEN = """
websockets 9.1, 15.0.1, 16.0 · 8 runs each, interleaved · 9 min 12 s · CPython 3.11.7
suite 1a2b3c4d · seed 7
server: websocket@websockets, broadcast 1,000 msg/s → 1 subscriber, 2.2 s; websockets is the server
connections: websocket@websockets, broadcast 50 msg/s → 100 subscribers, 1.4 s; websockets is the
  server
client: websocket@aiohttp, broadcast 1,000 msg/s → 1 subscriber, 2.2 s; websockets is the client,
  and CPU the load generator's
                                                                      CPU per         memory per
                                  p50                p99             delivery         connection
server
  9.1                     404 µs ±1 %       2.02 ms ±1 %         12.1 µs ±1 %
  15.0.1                  404 µs ±1 %       2.02 ms ±1 %         8.49 µs ±1 %
  16.0                    404 µs ±1 %       2.02 ms ±1 %         8.49 µs ±1 %
  first differs at  none (<10 %)       none (<25 %)       15.0.1 (−30 %)
connections
  9.1                     404 µs ±1 %                             121 ns ±1 %      16.2 KiB ±1 %
  15.0.1                  404 µs ±1 %                             121 ns ±1 %      16.2 KiB ±1 %
  16.0                    444 µs ±9 %                             133 ns ±9 %      28.4 KiB ±9 %
  first differs at  none (<14 %)                            none (<14 %)       16.0 (+76 %)
client
! 9.1                          –                  –                    –
  15.0.1                  404 µs ±1 %       2.02 ms ±1 %          202 µs ±1 %
  16.0                    404 µs ±1 %       2.02 ms ±1 %          202 µs ±1 %
  first differs at  none (<10 %)       none (<25 %)          none (<8 %)
! client 9.1: not measured: client failed: TypeError: unexpected keyword argument 'proxy'.
server: server CPU per delivery 9.1 → 15.0.1 −30 % [−31, −29], costs less.
connections: memory per connection 15.0.1 → 16.0 +76 % [+60, +89], costs more.
Nothing was lost.
First differs at: the first release whose difference to the one before it is established and matters
  (p50 10 %, p99 25 %, server CPU per delivery 8 %, memory per connection 25 %, client CPU per
  delivery 8 %); none (<N %): there is none, and what these runs find in 80 % of attempts is a
  change of N % or more. Exact Mann–Whitney over independent runs, Holm over all 15 comparisons of
  neighbours (values that are all equal need no test), 1 % error over all; ± and intervals stand by
  themselves. What creeps over several releases is not tested.
saved results/versions/a.json · (exit 1)
"""


@pytest.fixture
def told(tell: Tell) -> History:  # noqa: F811
    return tell(
        "9.1",
        "15.0.1",
        "16.0",
        refused={("client", "9.1"): LOG},
        changes={
            ("server", "15.0.1"): {"cpu": 0.7},
            ("connections", "16.0"): {"memory": 1.6, "spread": 0.02},
        },
    )


def test_the_table_word_for_word(told: History) -> None:
    assert history_report(told, ["results/versions/a.json"]) == GOLDEN.strip()


@pytest.mark.parametrize(
    "changes",
    [
        {"spread": 0.2},
        {"late": 4},
        {"lost": 3},
        {"p50": 2500.0, "p99": 5e4, "cpu": 1e5, "memory": 1e4, "spread": 0.3},
    ],
)
def test_no_line_is_wider_than_a_page(tell: Tell, changes: dict[str, float]) -> None:  # noqa: F811
    cells = ("server", "connections", "client")
    told = tell(
        *("1.0.0b1", "2.0.0b1", "3.0.0b1", "4.0.0b1"),
        changes={(cell, "2.0.0b1"): changes for cell in cells},
        refused={("client", "1.0.0b1"): "a long reason " * 20},
    )
    assert max(map(len, history_report(told).splitlines())) <= 100


def test_losses_have_a_column_where_there_are_any(tell: Tell) -> None:  # noqa: F811
    said = history_report(tell("1.0", "2.0", changes={("server", "2.0"): {"lost": 3}}))
    assert "Nothing was lost." not in said
    assert "server: lost 1.0 → 2.0 3, loses more." in said
    assert "2.0 (3)" in said


def test_the_last_release_decides_the_exit_code(tell: Tell) -> None:  # noqa: F811
    slower = {("server", "2.0"): {"p50": 1.5}}
    assert exit_code(tell("1.0", "2.0")) is Exit.MEASURED
    assert exit_code(tell("1.0", "2.0", changes=slower)) is Exit.ANSWER_IS_NO
    assert exit_code(tell("1.0", "2.0", "3.0", changes=slower)) is Exit.MEASURED
    faster = {("server", "2.0"): {"p50": 0.5}}
    assert exit_code(tell("1.0", "2.0", changes=faster)) is Exit.MEASURED


def test_what_could_not_be_told_ends_with_three(tell: Tell) -> None:  # noqa: F811
    assert exit_code(tell("1.0", "2.0", refused={("client", "1.0"): "died"})) is Exit.NOT_MEASURED
    late = {("server", "1.0"): {"late": 4}}
    assert exit_code(tell("1.0", "2.0", changes=late)) is Exit.NOT_MEASURED


def test_too_few_valid_runs_are_said(tell: Tell) -> None:  # noqa: F811
    told = tell("1.0", "2.0", "3.0", "4.0", changes={("server", "3.0"): {"late": 3}})
    said = " ".join(history_report(told).split())
    assert "Not compared: server p50 2.0 → 3.0: 8 v 5 runs are too few for" in said
    assert exit_code(told) is Exit.NOT_MEASURED
