"""Redis commands as requests: written by hand, pipelined up to a depth, each reply checked."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import hiredis

from harness.errors import BadInput
from harness.pattern import Deliver, Seat, Send, Sent
from harness.wire.redis_commands import DONE, Keys
from harness.wire.resp import RespLink, command, linked_to_redis

WRONG_REPLY = "wrong reply"
DAMAGED = b""
"""What is delivered in place of a message whose reply was wrong: the audit finds it corrupted."""
DELETE_S = 4.0
"""For deleting the keys at the end, which Redis does even if nobody waits for it any more."""
NOT_REFILLED = "keys could not be made anew"
"""Noted of a flush that found nothing, or less than all."""


class _Calls:
    """The commands of one connection: which are waiting, which are on their way."""

    def __init__(self, seat: Seat, sent: Sent, deliver: Deliver) -> None:
        self.keys = Keys(seat.endpoints["redis"], seat.workload, seat.index)
        self.link: RespLink
        self._seat, self._sent, self._deliver = seat, sent, deliver
        self._turn = iter(self.keys)
        self._free = seat.workload.pipeline
        self._whole = True
        """Whether all keys were made, the last time that they were."""
        self._waiting: deque[bytes] = deque()
        self._asked: deque[tuple[bytes, bytes] | None] = deque()
        """Message and key of each command that is not answered; None: of what puts back."""

    def send(self, message: bytes) -> None:
        """Send a command, or let it wait for room in the pipeline."""
        # A closed loop sends from within ``deliver``, before those who waited longer.
        if self._free and not self._waiting:
            self._ask(message)
        else:
            self._waiting.append(message)

    def take(self, reply: Any) -> None:
        """Check the reply to the oldest command."""
        asked = self._asked.popleft()
        keys, spec = self.keys, self.keys.spec
        if asked is None:
            if isinstance(reply, hiredis.ReplyError):
                self._seat.note(str(reply))
            if spec.empties:
                self._whole = reply == DONE
                self._release()
            return
        message, key = asked
        if not spec.empties:
            self._free += 1
        if isinstance(reply, hiredis.ReplyError):
            self._seat.note(str(reply))
        elif not self._whole:
            self._seat.note(NOT_REFILLED)
            self._deliver(DAMAGED)
        elif spec.right(reply, key, keys.value(key)):
            self._deliver(message)
        else:
            self._seat.note(f"{WRONG_REPLY} to {spec.words[0].decode()}")
            self._deliver(DAMAGED)
        back = keys.fill() if spec.empties else keys.filled(spec.put_back, key, message)
        if back and not self.link.transport.is_closing():
            self._asked.append(None)
            self.link.transport.write(command(*back))
        if not spec.empties:
            self._ask_those_who_waited()

    def _release(self) -> None:
        self._free += 1
        self._ask_those_who_waited()

    def _ask_those_who_waited(self) -> None:
        while self._waiting and self._free:
            self._ask(self._waiting.popleft())

    def _ask(self, message: bytes) -> None:
        if self.link.transport.is_closing():
            return
        self._free -= 1
        key = next(self._turn)
        self._asked.append((message, key))
        words = self.keys.filled(self.keys.spec.words, key, message)
        self.link.transport.write(command(*words))
        self._sent(message)


@asynccontextmanager
async def calling(seat: Seat, sent: Sent, deliver: Deliver) -> AsyncIterator[Send]:
    """Connect, make the keys, and give the ``Send``; leaving in any way deletes the keys.

    Raises:
        OSError: nothing accepts connections there.
        BadInput: the server refuses the password, the database or the making of keys.
    """
    calls = _Calls(seat, sent, deliver)
    fill, delete = calls.keys.fill(), calls.keys.delete()
    async with linked_to_redis(seat, calls.take) as link:
        calls.link = link
        if fill:
            require_done(await link.ask(command(*fill)))
        try:
            yield calls.send
        finally:
            if delete and not link.transport.is_closing():
                link.take = _ignore
                with suppress(ConnectionResetError, TimeoutError):
                    async with asyncio.timeout(DELETE_S):
                        await link.settle()
                        await link.ask(command(*delete))


def require_done(replies: list[Any]) -> None:
    """Refuse to go on if the keys could not be made.

    Raises:
        BadInput: gives the server's words.
    """
    (reply,) = replies
    if reply != DONE:
        raise BadInput(
            "--redis", "", f"could not make keys: {reply}; use an account that may EVAL and write"
        )


def _ignore(_reply: Any) -> None:
    """What was asked before leaving is of no interest any more."""
