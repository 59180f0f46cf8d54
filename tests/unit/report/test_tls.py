"""One table: each pattern plain and by TLS, and what its figures are of."""

from collections.abc import Callable
from dataclasses import replace

from harness.measure.compare import MemoryPerConnection
from harness.measure.configuration import configurations
from harness.measure.set_up import Connecting, SetUp
from harness.report.tls import Priced, tls_report
from harness.result import HostUse, Series
from harness.workload import Workload

QUIET = HostUse(steal=0, foreign=0, listen_overflows=0, retransmitted_segments=0, tcp_timeouts=0)


def made(server_cpu: float, load_cpu: float, seconds: float = 0.5) -> SetUp:
    return SetUp(
        pattern="sse",
        tls=True,
        connections=500,
        held=500,
        seconds=seconds,
        server_cpu=server_cpu,
        load_cpu=load_cpu,
        host=QUIET,
        watched=2.0,
    )


def priced(make_series: Callable[..., Series], plain: Connecting, by_tls: Connecting) -> Priced:
    without = make_series({"sse": {"p50": 200e-6}})
    encrypted = make_series({"sse": {"p50": 250e-6}}, workload=Workload(tls=True))
    both = replace(without, results=without.results + encrypted.results)
    return Priced(
        connections=500,
        connecting={("sse", False): plain, ("sse", True): by_tls},
        latency=configurations(both),
        memory={("sse", True): MemoryPerConnection(process=40 * 1024, kernel=8 * 1024)},
    )


def rows(text: str) -> tuple[str, str]:
    lines = text.splitlines()
    plain = next(line for line in lines if "sse plain" in line)
    by_tls = next(line for line in lines if "sse tls" in line)
    assert lines.index(plain) + 1 == lines.index(by_tls)
    assert all(len(line) <= 100 for line in lines)
    return plain, by_tls


def test_plain_stands_above_tls(make_series: Callable[..., Series]) -> None:
    plain = Connecting(runs=tuple(made(9e-4, 2e-4, seconds) for seconds in (0.5, 0.45, 0.55)))
    by_tls = Connecting(runs=(made(8e-4, 6e-4),) * 3)
    text = tls_report(priced(make_series, plain, by_tls))
    without, encrypted = rows(text)
    assert without.startswith("  sse plain")
    assert without.split()[2] == "1,000"
    assert "900 µs" in without
    assert "200 µs" in without
    assert "90 %, 20 %" in without
    assert encrypted.startswith("  sse tls")
    assert "800 µs" in encrypted
    assert "600 µs" in encrypted
    assert "249 µs ±2 %" in encrypted
    assert "40.0 + 8.0" in encrypted
    assert "500 at once" in text
    assert "!" not in text


def test_memory_of_a_server_that_cannot_be_seen(make_series: Callable[..., Series]) -> None:
    made_all = Connecting(runs=(made(9e-4, 2e-4),) * 3)
    unseen = replace(
        priced(make_series, made_all, made_all),
        memory={("sse", True): MemoryPerConnection(process=None, kernel=8 * 1024)},
    )
    assert rows(tls_report(unseen))[1].endswith("– + 8.0")


def test_what_our_clients_could_not_keep_up_with_is_no_figure(
    make_series: Callable[..., Series],
) -> None:
    plain = Connecting(runs=(made(9e-4, 2e-4),) * 5)
    by_tls = Connecting(runs=(made(8e-4, 9.4e-4),) * 5)
    text = tls_report(priced(make_series, plain, by_tls))
    without, encrypted = rows(text)
    assert without.startswith("  sse plain")
    assert encrypted.startswith("! sse tls")
    assert encrypted.split()[3] == "n/a"
    # What each connection cost does not depend on who was slower.
    assert "800 µs" in encrypted
    assert "80 %, 94 %" in encrypted
    assert "249 µs ±2 %" in encrypted
    told = " ".join(text.split())
    assert (
        "! sse tls: connections/s n/a: our clients used 94 % of their core and the server 80 % of "
        "its own (limit: less than the server), so that they were what took so long (busier side, "
        "5 of 5 runs). By its CPU each, the server's core takes 1,250 a second." in told
    )
    assert "Read the server's CPU each, which stands: its core has 1 s for that." in told


def test_what_was_not_all_made_has_no_cost_either(make_series: Callable[..., Series]) -> None:
    lost = replace(made(8e-4, 2e-4), held=480)
    refused = Connecting(runs=(), refused="server sse died (exit 1)\n        its log")
    text = tls_report(priced(make_series, refused, Connecting(runs=(lost,))))
    without, encrypted = rows(text)
    assert without.split()[3:6] == ["n/a", "n/a", "n/a"]
    assert encrypted.split()[3:6] == ["n/a", "n/a", "n/a"]
    assert (
        "! sse plain: connections were not measured: server sse died (exit 1)\n        its log\n"
        in text
    )
    assert "480 of 500 connections were held (connections, 1 of 1 runs)" in " ".join(text.split())
