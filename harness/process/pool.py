"""An executor that runs each call in a fresh interpreter: the local place for load."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from harness.errors import LoadFailed
from harness.process.child import Child, log_file, python_command, stop_all
from harness.process.scratch import private_directory
from harness.process.watch import KEPT_LOGS, explain

_GRACE_S = 0.5
"""Load has nothing to save: it is asked to end, and killed soon after."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class FreshProcesses(Executor):
    """Runs each submitted call in a Python process of its own, started for it.

    Functions, arguments and results must be picklable; a function is found by its module and
    name, with the ``sys.path`` of this process. To be used from the main thread: children die
    with the thread that started them.

    A future raises what its call raised, or ``LoadFailed`` with the tail of the process' log if
    that ended without a result. Leaving the context ends whatever still runs.
    """

    def __init__(
        self, *, env: Mapping[str, str] | None = None, keep_logs_dir: Path = KEPT_LOGS
    ) -> None:
        """Add ``env`` to the environment of each process; keep logs of failures in a folder."""
        self._env = {**(env or {}), "PYTHONPATH": os.pathsep.join(_import_path())}
        self._keep_logs_dir = keep_logs_dir
        self._directory = private_directory()
        self._started: list[tuple[Child, threading.Thread]] = []
        self._closed = False
        self._ending = False

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the calls that still run."""
        return tuple(child.pid for child, _ in self._started if child.alive)

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Start a process that makes the call ``fn(*args, **kwargs)``.

        Raises:
            LoadFailed: the process cannot be started.
            RuntimeError: after ``shutdown``, or from a thread other than the main one.
            pickle.PicklingError, AttributeError, TypeError: the call is not picklable.
        """
        if self._closed:
            raise RuntimeError("no calls are taken after shutdown")
        call = pickle.dumps((fn, args, kwargs))
        number = len(self._started) + 1
        ours, theirs = os.pipe()
        try:
            child = Child.spawn(
                # -P: the import path is this process' own, not the working directory first.
                python_command(("{python}", "-P", "-m", "harness.process.worker", str(theirs))),
                name=f"load-{number}",
                log_path=log_file(Path(self._directory.name), f"load-{number}"),
                stdin=call,
                env=self._env,
                pass_fds=(theirs,),
            )
        except OSError as error:
            os.close(ours)
            raise LoadFailed(f"load process {number} could not be started: {error}") from error
        finally:
            os.close(theirs)
        future: Future[_T] = Future()
        future.set_running_or_notify_cancel()
        reader = threading.Thread(
            target=self._collect, args=(number, child, ours, future), name=child.name, daemon=True
        )
        self._started.append((child, reader))
        reader.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls; with ``cancel_futures`` end those that run, else let them finish."""
        self._closed = True
        if cancel_futures:
            self._ending = True
            stop_all([child for child, _ in self._started], _GRACE_S)
        if wait or cancel_futures:
            for _, reader in self._started:
                reader.join()
            self._directory.cleanup()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.shutdown(cancel_futures=True)

    def _collect(self, number: int, child: Child, pipe: int, future: Future[Any]) -> None:
        """Read one outcome until the process closes its end; runs on a thread for each call."""
        with os.fdopen(pipe, "rb") as result:
            pickled = result.read()
        child.wait()
        try:
            returned, value = pickle.loads(pickled)
        except (EOFError, pickle.UnpicklingError):  # nothing, or only a part of it
            future.set_exception(self._failure(number, child))
            return
        except Exception as error:  # noqa: BLE001 - unpickling runs the result's own code
            future.set_exception(error)
            return
        if returned:
            future.set_result(value)
        else:
            future.set_exception(value)

    def _failure(self, number: int, child: Child) -> LoadFailed:
        subject = f"load process {number}"
        if self._ending:
            return LoadFailed(f"{subject} was ended before it had finished")
        problem, tail = explain(subject, child, child.death, keep_logs_dir=self._keep_logs_dir)
        return LoadFailed("\n        ".join((problem, *tail.splitlines())))


def _import_path() -> list[str]:
    """Give the folders and archives that this process imports from, whatever its directory."""
    paths = [Path(entry).absolute() for entry in sys.path]
    return [str(path) for path in paths if path.exists()]
