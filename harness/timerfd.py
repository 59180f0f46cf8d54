"""An alarm at an absolute time, kept by the kernel and watched by the event loop.

``asyncio.sleep`` and ``loop.call_later`` are late by 0.3 to 1.1 ms at the median, because the
timers of asyncio and uvloop alike count milliseconds. A timerfd counts nanoseconds.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
from collections.abc import Callable
from types import TracebackType
from typing import Self

_CLOCK_MONOTONIC = 1
_TFD_NONBLOCK = os.O_NONBLOCK
_TFD_CLOEXEC = 0o2000000
_TFD_TIMER_ABSTIME = 1
_PR_SET_TIMERSLACK = 29
_NS = 1_000_000_000


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


_libc = ctypes.CDLL(None, use_errno=True)


def tighten_timer_slack() -> None:
    """Ask the kernel to wake this thread within 1 ns of its timers instead of 50 µs."""
    _libc.prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)


class Alarm:
    """Calls ``ring`` on the running loop at absolute times of CLOCK_MONOTONIC.

    One alarm holds one pending time: ``at`` replaces the one before. A context manager.

    Raises:
        OSError: the kernel has no file descriptor left.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        fd: int = _libc.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK | _TFD_CLOEXEC)
        if fd < 0:
            raise OSError(ctypes.get_errno(), f"timerfd: {os.strerror(ctypes.get_errno())}")
        self._fd = fd
        self._ring = ring
        self._spec = _Itimerspec()
        self._pointer = ctypes.byref(self._spec)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(fd, self._fired)

    def at(self, when_ns: int) -> None:
        """Ring once at ``when_ns``; at once if that has passed."""
        value = self._spec.value
        value.seconds, value.nanoseconds = divmod(max(when_ns, 1), _NS)
        _libc.timerfd_settime(self._fd, _TFD_TIMER_ABSTIME, self._pointer, None)

    def close(self) -> None:
        """Ring no more. Harmless when repeated."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _fired(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return  # set anew since it fired
        self._ring()
