"""An executor that runs each call in a fresh interpreter: the local place for load."""

from __future__ import annotations

import os
import pickle
import selectors
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, ParamSpec, TypeVar

from harness.errors import LoadFailed
from harness.process.child import Child, log_file, python_command, stop_all
from harness.process.scratch import private_directory
from harness.process.watch import KEPT_LOGS, explain
from harness.process.worker import LENGTH_BYTES

_GRACE_S = 0.5
"""Load has nothing to save: it is asked to end, and killed soon after."""

_PREPARATION_S = 30.0
"""How long a process may import: a hundred times what it takes."""
_PREPARATION_SHARE_S = 1.0
"""More for each process that imports at the same time: they share the cores."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worker:
    """A process that makes the calls it is given, and the two pipes to it."""

    number: int
    child: Child
    calls: IO[bytes]
    outcomes: IO[bytes]


class FreshProcesses(Executor):
    """Runs each submitted call in a Python process of its own, started for it.

    Functions, arguments and results must be picklable; a function is found by its module and
    name, with the ``sys.path`` of this process. To be used from the main thread: children die
    with the thread that started them.

    A future raises what its call raised, or ``LoadFailed`` with the tail of the process' log if
    that ended without a result. Leaving the context ends whatever still runs.
    """

    def __init__(
        self,
        *,
        env: Mapping[str, str] | None = None,
        keep_logs_dir: Path = KEPT_LOGS,
        preparation_s: float = _PREPARATION_S,
    ) -> None:
        """Add ``env`` to the environment of each process; keep logs of failures in a folder.

        ``preparation_s`` is how long ``prepared`` waits, and a second more for each process.
        """
        self._env = {**(env or {}), "PYTHONPATH": os.pathsep.join(_import_path())}
        self._keep_logs_dir = keep_logs_dir
        self._preparation_s = preparation_s
        self._directory = private_directory()
        self._workers: list[_Worker] = []
        self._prepared: list[_Worker] = []
        self._readers: list[threading.Thread] = []
        self._closed = False
        self._ending = False

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the calls that still run."""
        return tuple(worker.child.pid for worker in self._workers if worker.child.alive)

    def prepare(self, processes: int, preparation: Callable[[], object]) -> None:
        """Start processes ahead of their calls, so that importing is over when these come.

        Each makes the call ``preparation()`` meanwhile; ``prepared`` waits for that.
        """
        for _ in range(processes):
            worker = self._spawn()
            _give(worker, pickle.dumps((preparation, (), {})))
            self._prepared.append(worker)

    def prepared(self) -> None:
        """Wait until all preparations are over.

        Raises:
            LoadFailed: a process died meanwhile, or was not ready in time; and whatever a
                preparation raised.
        """
        patience_s = self._preparation_s + _PREPARATION_SHARE_S * len(self._prepared)
        deadline_s = time.monotonic() + patience_s
        for worker in self._prepared:
            if not _readable(worker.outcomes, deadline_s - time.monotonic()):
                raise self._failure(worker, f"was not ready within {patience_s:g} s")
            try:
                returned, value = pickle.load(worker.outcomes)
            except (EOFError, pickle.UnpicklingError):
                if not worker.child.wait(_GRACE_S):
                    worker.child.kill()
                raise self._failure(worker) from None
            if not returned:
                raise value

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Let a process make the call ``fn(*args, **kwargs)``: a prepared one, or a new one.

        Raises:
            LoadFailed: the process cannot be started.
            RuntimeError: after ``shutdown``, or from a thread other than the main one.
            pickle.PicklingError, AttributeError, TypeError: the call is not picklable.
        """
        if self._closed:
            raise RuntimeError("no calls are taken after shutdown")
        call = pickle.dumps((fn, args, kwargs))
        worker = self._prepared.pop(0) if self._prepared else self._spawn()
        future: Future[_T] = Future()
        future.set_running_or_notify_cancel()
        reader = threading.Thread(
            target=self._collect, args=(worker, future), name=worker.child.name, daemon=True
        )
        self._readers.append(reader)
        reader.start()
        _give(worker, call)
        worker.calls.close()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls; with ``cancel_futures`` end those that run, else let them finish."""
        self._closed = True
        for worker in self._prepared:
            worker.calls.close()
        if cancel_futures:
            self._ending = True
            stop_all([worker.child for worker in self._workers], _GRACE_S)
        if wait or cancel_futures:
            for reader in self._readers:
                reader.join()
            for worker in self._prepared:
                worker.child.wait()
                worker.outcomes.close()
            self._directory.cleanup()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.shutdown(cancel_futures=True)

    def _spawn(self) -> _Worker:
        number = len(self._workers) + 1
        their_calls, our_calls = os.pipe()
        our_outcomes, their_outcomes = os.pipe()
        theirs = (their_calls, their_outcomes)
        try:
            child = Child.spawn(
                # -P: the import path is this process' own, not the working directory first.
                python_command(
                    ("{python}", "-P", "-m", "harness.process.worker", *map(str, theirs))
                ),
                name=f"load-{number}",
                log_path=log_file(Path(self._directory.name), f"load-{number}"),
                env=self._env,
                pass_fds=theirs,
            )
        except OSError as error:
            os.close(our_calls)
            os.close(our_outcomes)
            raise LoadFailed(f"load process {number} could not be started: {error}") from error
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        worker = _Worker(
            number=number,
            child=child,
            calls=os.fdopen(our_calls, "wb", buffering=0),
            outcomes=os.fdopen(our_outcomes, "rb"),
        )
        self._workers.append(worker)
        return worker

    def _collect(self, worker: _Worker, future: Future[Any]) -> None:
        """Read one outcome until the process closes its end; runs on a thread for each call."""
        with worker.outcomes:
            pickled = worker.outcomes.read()
        worker.child.wait()
        try:
            returned, value = pickle.loads(pickled)
        except (EOFError, pickle.UnpicklingError):  # nothing, or only a part of it
            future.set_exception(self._failure(worker))
            return
        except Exception as error:  # noqa: BLE001 - unpickling runs the result's own code
            future.set_exception(error)
            return
        if returned:
            future.set_result(value)
        else:
            future.set_exception(value)

    def _failure(self, worker: _Worker, happened: str = "") -> LoadFailed:
        """Say what ``happened`` to a process (else how it died), with the tail of its log."""
        subject = f"load process {worker.number}"
        if self._ending:
            return LoadFailed(f"{subject} was ended before it had finished")
        problem, tail = explain(
            subject, worker.child, happened or worker.child.death, keep_logs_dir=self._keep_logs_dir
        )
        return LoadFailed("\n        ".join((problem, *tail.splitlines())))


def _give(worker: _Worker, call: bytes) -> None:
    """Write a call; a process that has died is found out when its outcome is read."""
    view = memoryview(len(call).to_bytes(LENGTH_BYTES) + call)
    with suppress(BrokenPipeError):
        while view:
            view = view[worker.calls.write(view) :]


def _readable(outcomes: IO[bytes], timeout_s: float) -> bool:
    """Wait for an outcome, or for the process' end; False if neither comes in time.

    An outcome is written at once, so that its first byte is the end of the wait.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(outcomes, selectors.EVENT_READ)
        return bool(selector.select(max(0.0, timeout_s)))


def _import_path() -> list[str]:
    """Give the folders and archives that this process imports from, whatever its directory."""
    paths = [Path(entry).absolute() for entry in sys.path]
    return [str(path) for path in paths if path.exists()]
