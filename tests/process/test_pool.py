"""Fresh processes: results, exceptions, crashes, and an end to what still runs."""

from __future__ import annotations

import operator
import os
import pickle
import signal
import sys
import tempfile
import textwrap
import time
from concurrent.futures import Future, wait
from functools import partial
from pathlib import Path

import pytest

from harness.errors import BadInput, LoadFailed
from harness.process.pool import FreshProcesses
from harness.workload import Workload

TASKS = """
import os, sys, time

if os.environ.get("ABEC_TEST") == "hang":
    print("waiting for a licence", file=sys.stderr, flush=True)
    time.sleep(60)

class Awkward(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")

def awkward():
    raise Awkward(1, 2)

def who(path):
    return os.getpid(), os.getpgid(0), os.getppid(), os.environ.get("ABEC_TEST")

def die(code):
    print("last words", file=sys.stderr, flush=True)
    os._exit(code)

def half():
    os.write(int(sys.argv[2]), b"\\x80\\x05\\x95")
    os._exit(6)

def gone():
    class Gone: ...
    Gone.__qualname__ = "Gone"
    globals()["Gone"] = Gone
    return Gone()

def lock():
    import threading
    return threading.Lock()
"""


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    """Give a module that only this process' sys.path leads to."""
    (tmp_path / "abec_test_tasks.py").write_text(textwrap.dedent(TASKS))
    monkeypatch.syspath_prepend(tmp_path)
    import abec_test_tasks

    yield abec_test_tasks
    del sys.modules["abec_test_tasks"]


@pytest.fixture
def pool(tmp_path, monkeypatch, tasks):
    """Give a pool, whose private directory must be gone afterwards."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with FreshProcesses(env={"ABEC_TEST": "given"}, keep_logs_dir=tmp_path / "logs") as pool:
        yield pool
    assert pool.pids == ()
    assert list(place.iterdir()) == []


def running(future: Future[object], pool: FreshProcesses) -> int:
    assert not future.done()
    (pid,) = pool.pids
    return pid


def test_results_come_back(pool):
    futures = [pool.submit(operator.mul, number, 7) for number in range(4)]
    assert [future.result(20) for future in futures] == [0, 7, 14, 21]
    assert list(pool.map(abs, [-1, -2])) == [1, 2]
    big = pool.submit(operator.mul, bytes(1 << 20), 8)
    assert len(big.result(20)) == 8 << 20
    workload = Workload(rate=5)
    assert pool.submit(operator.pos, True).result(20) == 1
    assert pool.submit(operator.attrgetter("rate"), workload).result(20) == 5


def test_each_call_has_a_process_of_its_own_in_our_group(pool, tasks):
    first, second = (pool.submit(tasks.who, "").result(20) for _ in range(2))
    assert first[0] != second[0]
    assert first[1:] == (os.getpgid(0), os.getpid(), "given")


def test_exceptions_come_back_with_where_they_were_raised(pool):
    with pytest.raises(ZeroDivisionError) as caught:
        pool.submit(operator.truediv, 1, 0).result(20)
    assert "In the load process:\nTraceback" in caught.value.__notes__[0]
    with pytest.raises(BadInput, match="--payload 3: shorter") as refused:
        pool.submit(Workload, payload=3).result(20)
    assert refused.value.field == "--payload"


def test_an_exception_that_cannot_travel_is_told_in_words(pool, tasks):
    with pytest.raises(RuntimeError, match="Awkward: 1 and 2"):
        pool.submit(tasks.awkward).result(20)


def test_a_result_that_cannot_travel_is_an_exception(pool, tasks):
    with pytest.raises(TypeError, match="cannot pickle"):
        pool.submit(tasks.lock).result(20)


def test_a_process_that_dies_is_told_with_its_log(pool, tasks, tmp_path):
    with pytest.raises(LoadFailed) as caught:
        pool.submit(tasks.die, 5).result(20)
    (log,) = (tmp_path / "logs").iterdir()
    first, second = str(caught.value).splitlines()
    assert first.startswith("load process 1 died (exit 5) 0.")
    assert first.endswith(f"(all of its log: {log}):")
    assert second == "        last words"


def test_a_process_that_leaves_without_a_result_is_told(pool, tasks):
    with pytest.raises(LoadFailed, match=r"load process 1 died \(exit 0\)"):
        pool.submit(tasks.die, 0).result(20)


def test_a_process_that_dies_while_it_answers_is_told(pool, tasks):
    with pytest.raises(LoadFailed, match=r"load process 1 died \(exit 6\)"):
        pool.submit(tasks.half).result(20)


def test_a_result_that_we_do_not_know_is_an_exception(pool, tasks):
    with pytest.raises(AttributeError, match="Gone"):
        pool.submit(tasks.gone).result(20)


def test_a_killed_process_is_told(pool):
    future = pool.submit(time.sleep, 60)
    os.kill(running(future, pool), signal.SIGKILL)
    with pytest.raises(LoadFailed, match=r"died \(signal 9, Killed\)"):
        future.result(20)


def test_a_call_that_cannot_be_pickled_is_refused_at_once(pool):
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pool.submit(lambda: 1)


def test_a_function_that_the_process_cannot_find(pool, tasks, tmp_path):
    (tmp_path / "abec_test_tasks.py").unlink()
    sys.path_importer_cache.clear()
    with pytest.raises(ModuleNotFoundError, match="abec_test_tasks"):
        pool.submit(tasks.who, "").result(20)


def test_a_process_that_hangs_while_it_imports_is_told_with_its_log(tasks, tmp_path):
    before = time.monotonic()
    with FreshProcesses(
        env={"ABEC_TEST": "hang"}, keep_logs_dir=tmp_path / "logs", preparation_s=0.5
    ) as pool:
        pool.prepare(1, partial(tasks.who, ""))
        with pytest.raises(LoadFailed) as caught:
            pool.prepared()
        assert len(pool.pids) == 1
    assert time.monotonic() - before < 10
    assert pool.pids == ()
    first, second = str(caught.value).splitlines()
    assert first.startswith("load process 1 was not ready within 1.5 s (all of its log: ")
    assert second == "        waiting for a licence"


def test_a_process_that_dies_while_it_prepares_is_told_at_once(pool, tasks):
    pool.prepare(1, partial(tasks.die, 5))
    with pytest.raises(LoadFailed, match=r"load process 1 died \(exit 5\)"):
        pool.prepared()


def test_leaving_ends_what_still_runs(tmp_path):
    before = time.monotonic()
    with FreshProcesses(keep_logs_dir=tmp_path / "logs") as pool:
        futures = [pool.submit(time.sleep, 60) for _ in range(2)]
        assert len(pool.pids) == 2
    assert time.monotonic() - before < 2
    assert pool.pids == ()
    for future in futures:
        with pytest.raises(LoadFailed, match="was ended before it had finished"):
            future.result(0)
    assert not (tmp_path / "logs").exists()


def test_shutdown_alone_lets_calls_finish():
    pool = FreshProcesses()
    future = pool.submit(time.sleep, 0.2)
    pool.shutdown()
    assert future.done()
    assert future.result() is None
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(time.sleep, 0)
    pool.shutdown(cancel_futures=True)


def test_futures_can_be_waited_for_together(pool):
    quick, slow = pool.submit(abs, -1), pool.submit(time.sleep, 60)
    done, pending = wait([quick, slow], timeout=20, return_when="FIRST_COMPLETED")
    assert (done, pending) == ({quick}, {slow})
    assert Path(f"/proc/{pool.pids[0]}").exists()


def test_no_open_file_is_left(tasks):
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    with FreshProcesses() as pool:
        for _ in range(3):
            pool.submit(abs, -1).result(20)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
