"""One child process: its log is its own, and it does not outlive its parent.

- stdout and stderr never inherit the parent's: a child that holds asv's pipe makes the
  benchmark fail by time-out.
- It stays in the parent's process group, which asv kills as a whole on time-out.
- ``PR_SET_PDEATHSIG`` has the kernel kill it when its parent is gone, however that went. The
  signal follows the *thread* that spawned, so children are started from the main thread only.
  It is not inherited by grandchildren: nothing that is started here forks.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

_PR_SET_PDEATHSIG = 1
_TAIL_BYTES = 1 << 16
_libc = ctypes.CDLL(None, use_errno=True)

GRACE_S = 1.5
"""How long a child may take to end after SIGTERM; uvicorn with an open stream needs a second."""


def die_with_parent(parent: int | None = None) -> None:
    """Have the kernel kill this process as soon as the thread that started it is gone.

    ``parent`` is the process id that the parent is known by (default: who it is now). If it
    has gone already, before the kernel was asked, this process ends at once.

    Raises:
        OSError: the kernel refuses.
    """
    if parent is None:
        parent = os.getppid()
    if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_PDEATHSIG")
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def python_command(argv: Sequence[str]) -> tuple[str, ...]:
    """Put the running interpreter's path where ``argv`` says ``{python}``."""
    return tuple(sys.executable if part == "{python}" else part for part in argv)


class Child:
    """A running child process and its log file. Made by ``Child.spawn``."""

    def __init__(self, process: subprocess.Popen[bytes], *, name: str, log_path: Path) -> None:
        """Keep a started ``process``; ``Child.spawn`` is what starts one."""
        self._process = process
        self._started_s = time.monotonic()
        self._died_s: float | None = None
        self.name = name
        self.log_path = log_path

    @classmethod
    def spawn(
        cls,
        argv: Sequence[str],
        *,
        name: str,
        log_path: Path,
        stdout_path: Path | None = None,
        stdin: bytes = b"",
        cores: frozenset[int] | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        pass_fds: Collection[int] = (),
    ) -> Self:
        """Start ``argv``, pinned to ``cores`` (None: as the parent) before its first instruction.

        stderr goes to ``log_path``, and so does stdout unless ``stdout_path`` is given.
        ``stdin`` is all that the child can read there; ``env`` is added to the parent's
        environment.

        Raises:
            OSError: the program cannot be started: missing, not executable, no such core,
                no open file left.
            RuntimeError: called from a thread other than the main one.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("children are started from the main thread: they die with theirs")
        parent = os.getpid()
        pending: list[int] = []

        def before_exec() -> None:
            die_with_parent(parent)
            if cores is not None:
                os.sched_setaffinity(0, cores)

        # A file rather than a pipe: a pipe of 64 KiB would block whoever writes more into it.
        with (
            os.fdopen(os.memfd_create("stdin"), "w+b") as given,
            log_path.open("ab") as log,
            (stdout_path or log_path).open("ab") as output,
            warnings.catch_warnings(),
        ):
            # CPython 3.12 warns of forking beside threads; between fork and exec nothing of
            # ours takes a lock that another thread could hold.
            warnings.filterwarnings("ignore", "(?s).*multi-threaded", DeprecationWarning)
            given.write(stdin)
            given.seek(0)
            try:
                with _signals_put_off(pending):
                    process = subprocess.Popen(
                        argv,
                        stdin=given,
                        stdout=output,
                        stderr=log,
                        env=None if env is None else {**os.environ, **env},
                        cwd=cwd,
                        pass_fds=pass_fds,
                        preexec_fn=before_exec,
                    )
            except (OSError, subprocess.SubprocessError) as error:
                if pending:
                    signal.raise_signal(pending[0])
                if isinstance(error, OSError):
                    raise
                raise OSError(f"{argv[0]} could not be tied to cores {_listed(cores)}") from error
        child = cls(process, name=name, log_path=log_path)
        if pending:
            child.kill()
            signal.raise_signal(pending[0])
        return child

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.exit_code is None

    @property
    def exit_code(self) -> int | None:
        """The exit status; minus the signal's number if one killed it; None while it runs."""
        code = self._process.poll()
        if code is not None and self._died_s is None:
            self._died_s = time.monotonic()
        return code

    @property
    def death(self) -> str:
        """How and when it ended, in words: ``died (exit 1) 0.3 s after start``."""
        code = self.exit_code
        if code is None or self._died_s is None:
            return "is running"
        how = f"exit {code}" if code >= 0 else f"signal {-code}, {signal.strsignal(-code)}"
        return f"died ({how}) {self._died_s - self._started_s:.1f} s after start"

    def log_tail(self, lines: int = 15) -> str:
        """Give the last ``lines`` of its log."""
        with self.log_path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            text = log.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it has ended, at most ``timeout_s``; say whether it has."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        return not self.alive

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal. Harmless when it has ended."""
        self._process.send_signal(number)

    def terminate(self) -> None:
        """Ask it to end (SIGTERM), and return at once. Harmless when it has ended."""
        self._process.terminate()

    def stop(self, grace_s: float = GRACE_S) -> None:
        """Ask it to end, wait at most ``grace_s``, then kill it. Harmless when it has ended."""
        stop_all((self,), grace_s)

    def kill(self) -> None:
        """Kill it (SIGKILL) and reap it. Harmless when it has ended."""
        self._process.kill()
        self._process.wait()


@contextmanager
def _signals_put_off(pending: list[int]) -> Iterator[None]:
    """Collect SIGINT and SIGTERM while a child is made, for the caller to raise afterwards.

    An exception raised meanwhile would leave a child that nobody knows of, or be lost itself:
    CPython prints and drops what is raised in its hooks around fork.
    """
    before = {
        number: signal.signal(number, lambda caught, _frame: pending.append(caught))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def stop_all(children: Collection[Child], grace_s: float = GRACE_S) -> None:
    """Ask all ``children`` to end, give them ``grace_s`` together, and kill those that stay."""
    deadline_s = time.monotonic() + grace_s
    try:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(max(0.0, deadline_s - time.monotonic()))
    finally:
        for child in children:
            child.kill()


def log_file(directory: Path, name: str) -> Path:
    """Name a fresh log file for ``name`` in ``directory``: ``sse-7f3a.log``."""
    legal = "".join(letter if letter.isalnum() or letter in "@._-" else "-" for letter in name)
    return directory / f"{legal}-{secrets.token_hex(2)}.log"


def _listed(cores: frozenset[int] | None) -> str:
    return ", ".join(map(str, sorted(cores))) if cores else "none"
