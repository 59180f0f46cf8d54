"""Short time slices for a load process: who has little to do and must do it now goes first.

Publisher and receiver may share a core. With equal slices a publisher whose timer rings waits
until the receiver has used up its own; since Linux 6.12 a task may ask for a shorter slice and
then preempts on waking (EEVDF), without any privilege. Older kernels ignore the wish.
"""

from __future__ import annotations

import ctypes
import platform

_SYS_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
_SLICE_NS = 100_000
"""The shortest that the kernel grants."""


class _SchedAttr(ctypes.Structure):
    """struct sched_attr of linux/sched/types.h; zero is SCHED_OTHER at nice 0."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("period", ctypes.c_uint64),
    )


def ask_for_short_slices() -> bool:
    """Ask the kernel for the shortest slice for this process; say whether it took the wish."""
    number = _SYS_SCHED_SETATTR.get(platform.machine())
    if number is None:
        return False
    wish = _SchedAttr(size=ctypes.sizeof(_SchedAttr), runtime=_SLICE_NS)
    return bool(ctypes.CDLL(None).syscall(number, 0, ctypes.byref(wish), 0) == 0)
