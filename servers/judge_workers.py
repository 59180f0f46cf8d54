"""The workers of an online judge: each takes a job, works on it, and hands its verdict back.

Working is waiting: what is measured is the way of a job, and a core that compiles would measure
the compiler. The verdict is the submission itself, so that it can be checked.

SIGUSR1 makes all of them go away at once and come back after ``--gone`` seconds. The process
replaces itself (``execve``) as a supervisor would replace one that was killed: the kernel closes
its connections, and the jobs it held are lost. Its process id stays, and its CPU clock.

No role: nobody calls it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time

import uvloop

from servers.job_queue import Job, JobQueue, add_redis, job_queue
from servers.notebook import TAKEN, WORKED, Notebook, sampling
from servers.serving import announce, positive, prepare_process, stop_signal
from servers.timetable import Timetable

_NS = 1_000_000_000


async def work(queue: JobQueue, service_s: float, timetable: Timetable, notebook: Notebook) -> None:
    """Be one worker, for ever."""
    service_ns = round(service_s * _NS)
    while True:
        job: Job = await queue.take()
        notebook.note(TAKEN, job.submission)
        if service_ns:
            await timetable.reach(time.monotonic_ns() + service_ns)
        notebook.note(WORKED, job.submission)
        await queue.hand_back(job)


async def main(arguments: argparse.Namespace) -> None:
    """Run the workers until SIGTERM.

    Raises:
        redis.exceptions.RedisError: there is no queue, or it went away.
    """
    stop = stop_signal()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, _replace_process, arguments.gone)
    await asyncio.sleep(max(0.0, (arguments.absent_until - time.monotonic_ns()) / _NS))
    notebook = Notebook("workers", arguments.trace)
    with Timetable() as timetable:
        async with job_queue(arguments.redis) as queue, asyncio.TaskGroup() as tasks:
            working = [
                tasks.create_task(work(queue, arguments.service_time, timetable, notebook))
                for _ in range(arguments.workers)
            ]
            announce()
            await stop.wait()
            for one in working:
                one.cancel()


def _replace_process(gone_s: float) -> None:
    until_ns = time.monotonic_ns() + round(gone_s * _NS)
    kept = [word for word in sys.argv[1:] if not word.startswith("--absent-until")]
    again = ("-m", "servers.judge_workers", *kept, f"--absent-until={until_ns}")
    os.execv(sys.executable, (sys.executable, *again))


def _time(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no time; give 0 or more seconds")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="servers.judge_workers",
        description="The workers of an online judge, with their queue in Redis.",
        epilog="Prints an empty line when they wait for jobs; ends on SIGTERM.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add_redis(add)
    add("--workers", type=positive, default=4, help="jobs that are worked on at a time")
    add("--service-time", type=_time, default=0.0, help="seconds that each job takes")
    add("--gone", type=_time, default=0.0, help="seconds to stay away after SIGUSR1")
    add("--trace", type=sampling, default=0, help="note one in N submissions")
    add("--absent-until", type=int, default=0, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    prepare_process()
    uvloop.run(main(_parser().parse_args()))
