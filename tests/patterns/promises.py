"""A pattern served for one workload, held to its promises with both clients."""

from __future__ import annotations

import asyncio

from harness.conformance import check_pattern
from harness.load.loop import LoadLoop
from harness.process.servers import started
from harness.registry import load
from harness.workload import ClientKind, Workload


def hold_promises(name: str, asked: Workload) -> None:
    """Start the servers of the pattern and check each promise on the loop that measures.

    Raises:
        PromiseBroken: one is not kept.
    """
    pattern = load(name)
    with (
        started(pattern.servers(asked), asked) as running,
        asyncio.Runner(loop_factory=LoadLoop) as runner,
    ):
        for kind in ClientKind:
            runner.run(check_pattern(pattern, kind, running.endpoints, asked=asked))
