"""What abec listen prints: every figure with its spread, and no latency."""

from harness.measure.arrivals import Heard
from harness.report.listen import listen_report
from harness.workload import Workload


def test_the_spread_over_subscribers_and_what_it_is_not() -> None:
    one = Heard(
        messages=10,
        messages_per_s=5.0,
        bytes_per_s=2048.0,
        gap_p50=0.2,
        gap_p99=None,
        longest_gap=0.5,
    )
    text = listen_report("sse", Workload(url="http://host/e", subscribers=1), [one])
    lines = text.splitlines()
    assert lines[0] == "sse at http://host/e · 1 subscriber · 5 s after 1 s · wire client"
    assert lines[2].split() == ["messages", "10", "10", "10"]
    assert lines[4].split() == ["payload", *("2", "KiB/s") * 3]
    assert lines[6].split() == ["gap", "p99", "–", "–", "–"]
    assert "Nothing here is a latency" in text
