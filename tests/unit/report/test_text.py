"""What `abec run` prints, as a reader sees it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.measure.configuration import configurations
from harness.report.text import exchange_table, row_line, run_report
from harness.result import Doubt, Series
from harness.workload import Exchange, Workload

Make = Callable[..., Any]
Nature = Mapping[str, Any]
BUSY = Doubt(
    rule="generator CPU",
    reason="the generator used 97 % of its core (limit 70 %) and measured itself",
    remedy="try --rate 1k, or a machine with more cores",
)

WHOLE = """\
broadcast 1,000 msg/s → 1 subscriber · 256 B · poisson · polls every 20 ms · 5 s after 1 s warm-up
8 runs each, interleaved
core 0 server · core 1 load (receive + publish) · wire client · CPython 3.11.7 · uvicorn 0.54.0
uvloop 0.23.0 · seed 1
                         p50           p99  × floor  lost   server CPU  load CPU
  floor          110 µs ±5 %   311 µs ±3 %     1.00     0  2.99 µs/msg      34 %
~ long_polling   697 µs ±2 %  3.50 ms ±1 %        –     0  59.4 µs/msg      34 %
  rest_polling  10.4 ms ±3 %  20.5 ms ±3 %     94.8     0  90.9 µs/msg      34 %
! sse            414 µs ±3 %  1.87 ms ±3 %        –     0  13.9 µs/msg      34 %
  websocket      395 µs ±2 %  1.79 ms ±3 %     3.59     0  11.0 µs/msg      34 %
! sse is invalid in 8 of 8 runs: the generator used 97 % of its core (limit 70 %) and measured
  itself.
  Try --rate 1k, or a machine with more cores.
~ long_polling is saturated in 8 of 8 runs: 812 of 1,000 msg/s in time. Its latency depends on the
  window and takes part in no ranking.
latencies from due to received · × floor by service latency p50 · load CPU in its busiest 100 ms
± half of the order-statistic interval of the median: 99.2 % over 8 runs

! redis_pubsub was not measured: no Redis was found; give --redis URL

What this does not tell you: loopback has no distance, no loss and no TLS; a network adds about half
a round trip to what is pushed, one to request/reply, up to one and a half to long polling. HTTP is
1.1, every server is one process, Python is CPython 3.11.7, on 2 virtual cores. The payload (256 B)
and the poll interval (20 ms) were chosen, not found.

saved results/runs/20260714-7f3a.json · next: abec compare OLD.json NEW.json"""


def table_of(series: Series) -> list[str]:
    """Give the table's lines of a report."""
    return [line for line in run_report(series).split("\n") if line[:2] in ("  ", "! ", "~ ")]


def test_the_whole_answer(make_series: Make, nature: Nature) -> None:
    slow = {**nature["long_polling"], "saturated": True, "achieved_rate": 812.3}
    series = make_series(
        {**nature, "long_polling": slow, "sse": {**nature["sse"], "doubts": (BUSY,)}}
    )
    refused = {"redis_pubsub": "no Redis was found; give --redis URL"}

    text = run_report(replace(series, refused=refused), "results/runs/20260714-7f3a.json")

    assert text == WHOLE


def test_one_run_has_no_interval(make_series: Make, nature: Nature) -> None:
    text = run_report(make_series(nature, runs=1))

    assert "±" not in text
    assert "one run: no interval; add --runs 8" in text


def test_a_fan_out_shows_the_last_subscriber_and_p90_where_p99_is_too_rare(
    make_series: Make, chat: Workload
) -> None:
    text = run_report(make_series({"sse": {}, "floor": {}}, workload=chat))

    heading = text.split("\n")[4]
    assert " ".join(heading.split()) == "p50 p90 to last p50 × floor lost server CPU load CPU"
    assert "p99 needs 20 messages beyond it" in text


def test_p99_9_is_shown_with_enough_messages(make_series: Make) -> None:
    text = run_report(make_series({"sse": {}}, workload=Workload(rate=4000.0)))

    assert "p99.9" in text
    assert "needs 20 messages" not in text


def test_a_closed_loop_is_labelled_and_shows_its_throughput(make_series: Make) -> None:
    closed = Workload(rate=None, concurrency=64)

    text = run_report(make_series({"sse": {}, "floor": {}}, workload=closed))

    assert "throughput" in text
    assert "20,000 msg/s" in text
    assert "× floor" not in text
    assert "closed loop: not comparable with open-loop figures" in text


def test_infinite_latencies_and_what_was_not_measured(make_series: Make) -> None:
    (line,) = table_of(make_series({"sse": {"p99": None, "cpu": None}}, noise=0))[1:2]

    assert line.split() == ["sse", "400", "µs", "±0", "%", "∞", "–", "0", "–", "34", "%"]


def test_exchanges_never_share_a_table(make_series: Make, calls: Workload) -> None:
    pushed = make_series({"sse": {}, "floor": {}})
    asked = make_series({"rest": {}, "floor": {}}, workload=calls)
    both = replace(
        pushed, results=pushed.results + asked.results, refused={"redis_queue": "no Redis"}
    )

    report = run_report(both)
    queue = exchange_table(both, Exchange.WORK_QUEUE)
    reply = exchange_table(both, Exchange.REQUEST_REPLY)

    assert report.index("broadcast") < report.index("sse  ") < report.index("request/reply")
    assert queue == "! redis_queue was not measured: no Redis"
    assert "rest " in reply
    assert "sse" not in reply
    assert reply.endswith(queue)


def test_a_row_stands_alone_in_one_line(make_series: Make) -> None:
    rows = configurations(make_series({"floor": {"p50": 1e-4}, "sse": {}}, noise=0.0))
    closed = make_series({"sse": {}}, workload=Workload(rate=None, concurrency=8), runs=1, noise=0)

    assert row_line(rows[1], rows) == (
        "  sse · p50 400 µs ±0 % · p99 2.00 ms ±0 % · 4.00 × floor · lost 0 · server 12.0 µs/msg · "
        "load 34 %"
    )
    assert row_line(configurations(closed)[0], rows).startswith("  sse · 20,000 msg/s · p50 400 µs")


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("runs", [1, 8])
def test_no_line_is_wider_than_asked(
    make_series: Make, nature: Nature, chat: Workload, runs: int, width: int
) -> None:
    rows = {**nature, "websocket@websockets-broadcast": {"doubts": (BUSY,)}}
    series = make_series(rows, runs=runs, workload=chat)

    text = run_report(series, f"results/{'x' * 60}.json", width)

    assert max(map(len, text.split("\n"))) <= width
    assert "\x1b" not in text


AT_80 = """\
broadcast 5,000 msg/s → 64 subscribers · 256 B · poisson · 5 s after 1 s warm-up
8 runs each, interleaved
core 0 server · core 1 load (receive + publish) · wire client · CPython 3.11.7
uvicorn 0.54.0 · uvloop 0.23.0 · seed 1
                 p50           p99  to last p50  × floor  lost   server CPU
  floor  110 µs ±0 %   310 µs ±0 %  143 µs ±0 %     1.00     0  3.00 µs/msg
! sse    412 µs ±0 %  1.90 ms ±0 %  536 µs ±0 %        –     0  14.0 µs/msg
  sse@x  400 µs ±0 %  2.00 ms ±0 %  520 µs ±0 %     3.64     0  12.0 µs/msg

                p99.9  load CPU
  floor   620 µs ±0 %      34 %
! sse    3.80 ms ±0 %      34 %
  sse@x  4.00 ms ±0 %      34 %
! sse is invalid in 8 of 8 runs: the generator used 97 % of its core (limit
  70 %) and measured itself.
  Try --rate 1k, or a machine with more cores.
latencies from due to received · to last: to the last subscriber of each message
× floor by service latency p50 · load CPU in its busiest 100 ms
± half of the order-statistic interval of the median: 99.2 % over 8 runs
"""


def test_on_80_columns_what_is_needed_most_stays_in_one_table(
    make_series: Make, nature: Nature
) -> None:
    rows = {
        "floor": nature["floor"],
        "sse": {**nature["sse"], "doubts": (BUSY,)},
        "sse@x": {},
    }
    wide = Workload(rate=5000.0, subscribers=64)

    text = run_report(make_series(rows, noise=0.0, workload=wide), width=80)

    assert text.startswith(AT_80)


def test_nothing_measured() -> None:
    assert run_report(Series(command="", order_seed=1, runs=8, results=())) == ""
