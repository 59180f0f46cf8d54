"""One table: each pattern plain and by TLS, and what its figures are of."""

from collections.abc import Callable
from dataclasses import replace

from harness.handshakes import SetUp
from harness.measure.compare import MemoryPerConnection
from harness.measure.configuration import configurations
from harness.report.tls import Connecting, Priced, tls_report
from harness.result import Series
from harness.workload import Workload


def connecting(each: float) -> Connecting:
    return Connecting(
        per_second=(1000.0, 1100.0, 900.0),
        server_cpu=(each, each, each),
        load_cpu=(2 * each, 2 * each, 2 * each),
        server_share=(0.2, 0.3, 0.4),
        load_share=(0.9, 0.95, 1.0),
    )


def test_shares_follow_from_cost_and_rate() -> None:
    made = SetUp(
        pattern="sse", tls=True, connections=500, seconds=0.5, server_cpu=4e-4, load_cpu=9e-4
    )
    assert made.per_second == 1000
    assert made.server_share == 0.4
    assert made.load_share == 0.9


def test_plain_stands_above_tls(make_series: Callable[..., Series]) -> None:
    plain = make_series({"sse": {"p50": 200e-6}})
    by_tls = make_series({"sse": {"p50": 250e-6}}, workload=Workload(tls=True))
    both = replace(plain, results=plain.results + by_tls.results)
    text = tls_report(
        Priced(
            connections=500,
            connecting={("sse", False): connecting(1e-4), ("sse", True): connecting(4e-4)},
            latency=configurations(both),
            memory={("sse", True): MemoryPerConnection(process=40 * 1024, kernel=8 * 1024)},
        )
    )
    lines = text.splitlines()
    without = next(line for line in lines if line.startswith("  sse plain"))
    by = next(line for line in lines if line.startswith("  sse tls"))
    assert lines.index(without) + 1 == lines.index(by)
    assert without.split()[2] == "1,000"
    assert "100 µs" in without
    assert "200 µs" in without
    assert "400 µs" in by
    assert "800 µs" in by
    assert "30 %, 95 %" in by
    assert "249 µs ±2 %" in by
    assert "500 at once" in text
    assert all(len(line) <= 100 for line in lines)
