"""4.3 and 4.7: servers that are there already are measured, and what is none is told in a line."""

from __future__ import annotations

from collections.abc import Iterator

from harness.machine import Machine
from harness.registry import load
from harness.series import run_undisturbed
from harness.workload import ClientKind, Ingress, Workload
from tests.prove.claim import Claim, doubts, ms
from tests.prove.tested import tested
from tests.your_server.peers import RELAYS, launch, stop

_INGRESS = {ClientKind.WIRE: Ingress.FEED, ClientKind.LIBRARY: Ingress.NATIVE}


def prove_measured(machine: Machine) -> Iterator[Claim]:
    """Measure each example by every pattern that it can be measured by, with both clients."""
    for name, patterns in RELAYS.items():
        process, url = launch(name)
        url = url.replace("127.0.0.1", "localhost")
        try:
            for pattern in patterns:
                for client, ingress in _INGRESS.items():
                    workload = Workload(
                        url=url, rate=200.0, duration=3.0, client=client, ingress=ingress
                    )
                    yield _measured(name, pattern, workload, machine)
        finally:
            stop(process)


def _measured(name: str, pattern: str, workload: Workload, machine: Machine) -> Claim:
    result, _ = run_undisturbed(load(pattern), workload, machine)
    audit, cpu = result.audit, result.server.cpu_per_message
    p50 = result.delivery.p50
    return Claim(
        what=f"{pattern} at examples/{name}, {workload.client}",
        figure=f"{audit.delivered:,} of {audit.owed:,}, "
        f"p50 {'infinite' if p50 is None else ms(p50)}, "
        f"server CPU {'unknown' if cpu is None else ms(cpu)} a message{doubts([result])}",
        bound="valid; nothing lost, repeated or out of order; CPU found",
        ok=result.valid and audit.clean and audit.owed > 0 and cpu is not None and cpu > 0,
    )


def prove_refusals(_machine: Machine) -> Iterator[Claim]:
    """Ask for what is not there, speaks something else, or cannot be believed."""
    yield tested(
        "unreachable URL, wrong protocols, certificates expired and not trusted, no Redis",
        ("tests/your_server/test_contact.py",),
    )
    yield tested(
        "a Redis by TLS and through a socket file: measured by both clients; certificates, TLS and "
        "plain taken for each other, no such file",
        ("tests/your_server/test_redis_ways.py",),
    )
    yield tested(
        "processes of a server that is there: by address, behind what forwards, that come and go",
        ("tests/your_server/test_given_processes.py",),
    )
    yield tested(
        "a backplane that needs a cluster where there is none, or one that cannot carry it",
        ("tests/process/test_redis_cluster.py", "tests/cli/test_bad_input.py"),
        *("-k", "cluster"),
    )
    yield tested("a balancer that is not installed", ("tests/process/test_program.py",))
