"""1.6: short polling against theory."""

from __future__ import annotations

from collections.abc import Iterator

from harness.machine import Machine
from harness.workload import ClientKind, Workload
from tests.prove.claim import Claim, doubts, ms
from tests.truth.polling import run_polling, run_stream, wait
from tests.truth.seen import Seen, undisturbed

_INTERVALS_S = (0.01, 0.05, 0.2)
_WORKLOAD = Workload(rate=50, warmup=0.5, duration=32)
_FEWEST_MESSAGES = 1500


def prove(machine: Machine) -> Iterator[Claim]:
    """Measure the mean wait at each interval, with both clients."""
    for client in ClientKind:
        streamed = _stream(client, machine)
        for interval_s in _INTERVALS_S:
            polled = _polled(client, interval_s, machine)
            found = wait(polled, streamed)
            yield Claim(
                what=f"rest_polling every {ms(interval_s)}, {client}, {found.messages:,} messages:"
                " mean service − that of sse",
                figure=ms(found.measured) + doubts((polled.result, streamed.result)),
                bound=f"{ms(found.expected)} ± {ms(found.bound)}",
                ok=abs(found.off) <= found.bound and found.messages >= _FEWEST_MESSAGES,
            )


def _stream(client: ClientKind, machine: Machine) -> Seen:
    return undisturbed(lambda: run_stream(client, _WORKLOAD, machine))


def _polled(client: ClientKind, interval_s: float, machine: Machine) -> Seen:
    return undisturbed(lambda: run_polling(client, interval_s, _WORKLOAD, machine))
