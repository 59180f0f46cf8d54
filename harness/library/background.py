"""A task that lives as long as a context: what iterating libraries need to become callbacks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager


@asynccontextmanager
async def background(work: Coroutine[None, None, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Run ``work`` beside the body; leaving cancels it, waits for its end, raises its error."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait((task,))
        error = None if task.cancelled() else task.exception()
    if error is not None:
        raise error
