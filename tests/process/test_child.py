"""A child: log, stdout, stdin, cores, process group, and every way to end one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.process.child import Child, log_file, python_command, stop_all

DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[object]:
    """Start Python code as a child; whatever is left is killed."""
    with ExitStack() as undo:

        def start(code: str, **options: object) -> Child:
            child = Child.spawn(
                (sys.executable, "-c", code),
                name="tiny",
                log_path=log_file(tmp_path, "tiny"),
                **options,
            )
            undo.callback(child.kill)
            return child

        yield start


def says(path: Path, text: str) -> None:
    """Wait until ``path`` contains ``text``."""
    deadline = time.monotonic() + 10
    while text not in path.read_text():
        assert time.monotonic() < deadline, path.read_text()
        time.sleep(0.005)


def test_output_goes_to_files_of_its_own(spawn, tmp_path, capfd):
    out = tmp_path / "out"
    child = spawn(
        "import sys; print('to stdout'); print('to stderr', file=sys.stderr)", stdout_path=out
    )
    assert child.wait(10)
    assert out.read_text() == "to stdout\n"
    assert child.log_tail() == "to stderr"
    assert capfd.readouterr() == ("", "")


def test_without_a_stdout_path_both_go_to_the_log(spawn):
    child = spawn("import sys; print('one', flush=True); print('two', file=sys.stderr)")
    assert child.wait(10)
    assert child.log_tail().splitlines() == ["one", "two"]


def test_log_tail_gives_the_last_lines(spawn):
    child = spawn("print(*range(100_000), sep='\\n')")
    assert child.wait(10)
    assert child.log_tail(3).splitlines() == ["99997", "99998", "99999"]
    assert len(child.log_tail().splitlines()) == 15


def test_stdin_carries_more_than_a_pipe_holds(spawn):
    child = spawn("import sys; print(len(sys.stdin.buffer.read()))", stdin=bytes(1_000_000))
    assert child.wait(10)
    assert child.log_tail() == "1000000"


def test_it_is_pinned_before_it_runs_and_stays_in_our_process_group(spawn):
    core = min(os.sched_getaffinity(0))
    child = spawn(
        "import os; print(os.sched_getaffinity(0), os.getpgid(0), os.getsid(0), os.getppid())",
        cores=frozenset({core}),
    )
    assert child.wait(10)
    assert child.log_tail() == f"{{{core}}} {os.getpgid(0)} {os.getsid(0)} {os.getpid()}"


def test_env_is_added_to_ours(spawn, monkeypatch):
    monkeypatch.setenv("ABEC_TEST_A", "parent")
    child = spawn(
        "import os; print(os.environ['ABEC_TEST_A'], os.environ['ABEC_TEST_B'])",
        env={"ABEC_TEST_B": "given"},
    )
    assert child.wait(10)
    assert child.log_tail() == "parent given"


def test_death_is_told_in_words(spawn):
    child = spawn("raise SystemExit(3)")
    assert child.wait(10)
    assert child.exit_code == 3
    assert not child.alive
    assert child.death.startswith("died (exit 3) 0.")
    killed = spawn("import time; time.sleep(60)")
    assert killed.alive
    assert killed.death == "is running"
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait(10)
    assert killed.death.startswith("died (signal 9, Killed) 0.")


def test_stop_is_quick_for_one_that_listens(spawn):
    child = spawn("import time; time.sleep(60)")
    before = time.monotonic()
    child.stop(10)
    assert child.exit_code == -signal.SIGTERM
    assert time.monotonic() - before < 1
    child.stop()
    child.terminate()
    child.kill()


def test_stop_kills_one_that_ignores_sigterm(spawn):
    child = spawn(DEAF + "print('deaf', flush=True)\ntime.sleep(60)")
    says(child.log_path, "deaf")
    before = time.monotonic()
    child.stop(0.2)
    assert child.exit_code == -signal.SIGKILL
    assert 0.2 <= time.monotonic() - before < 1


def test_a_frozen_one_is_killed_too(spawn):
    child = spawn("import time; time.sleep(60)")
    os.kill(child.pid, signal.SIGSTOP)
    child.stop(0.2)
    assert child.exit_code in (-signal.SIGTERM, -signal.SIGKILL)


def test_several_share_one_grace(spawn):
    children = [spawn(DEAF + "print('deaf', flush=True)\ntime.sleep(60)") for _ in range(3)]
    for child in children:
        says(child.log_path, "deaf")
    before = time.monotonic()
    stop_all(children, 0.3)
    assert time.monotonic() - before < 0.8
    assert not any(child.alive for child in children)


def test_a_missing_program_or_core_is_an_os_error(tmp_path):
    log = log_file(tmp_path, "none")
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        Child.spawn(("/no-such-program",), name="none", log_path=log)
    with pytest.raises(OSError, match="could not be tied to cores 4000"):
        Child.spawn((sys.executable, "-c", ""), name="none", log_path=log, cores=frozenset({4000}))


def test_it_is_refused_on_another_thread(tmp_path):
    caught: list[BaseException] = []

    def start() -> None:
        try:
            Child.spawn((sys.executable,), name="none", log_path=log_file(tmp_path, "none"))
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(caught[0])


def test_no_file_of_ours_is_left_open_in_it(spawn):
    reader, writer = os.pipe()
    try:
        child = spawn("import os; print(sorted(map(int, os.listdir('/proc/self/fd'))))")
        assert child.wait(10)
        # 3 is the listing itself.
        assert child.log_tail() == "[0, 1, 2, 3]"
    finally:
        os.close(reader)
        os.close(writer)


def test_who_asks_to_die_with_a_parent_that_is_gone_dies_at_once():
    code = "from harness.process.child import die_with_parent; die_with_parent(1 << 30); input()"
    done = subprocess.run((sys.executable, "-c", code), timeout=20, stdin=subprocess.PIPE)
    assert done.returncode == -signal.SIGKILL


def test_log_names_are_legal_and_fresh(tmp_path):
    first, second = (log_file(tmp_path, "sse@a/../b c") for _ in range(2))
    assert first.parent == tmp_path
    assert first.name.startswith("sse@a-..-b-c-")
    assert first != second


def test_python_stands_for_the_interpreter():
    assert python_command(("{python}", "-m", "x")) == (sys.executable, "-m", "x")
