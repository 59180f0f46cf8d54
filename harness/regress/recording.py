"""``python -m harness.regress.recording COMMIT=SERIES …``: give saved series to asv.

A process of its own, as ``build`` is. The benchmarks of ``benchmarks/gate.py`` run under asv's
own runner, in head's environment for both commits: they read files and measure nothing, so all
that matters is that the environment's name is the one that `asv run` would have used.
"""

from __future__ import annotations

import os
import signal
import sys

from asv.benchmarks import Benchmarks
from asv.console import log
from asv.environment import EnvironmentUnavailable
from asv.machine import Machine
from asv.plugin_manager import plugin_manager
from asv.repo import get_repo
from asv.results import Results
from asv.runner import run_benchmarks
from asv.util import ProcessError, UserError

from harness.regress.build import configuration, environment
from harness.regress.sides import Side

_BENCHMARKS = r"^gate\."


def record(series: dict[str, str]) -> None:
    """Store the series of each commit, the last one being head, beside what asv has of it."""
    conf = configuration(Side.HEAD)
    for plugin in conf.plugins:
        plugin_manager.import_plugin(plugin)  # as asv's own commands do
    made = environment(conf)
    repo = get_repo(conf)
    machine = Machine.load(interactive=True, use_defaults=True)
    machine.save(conf.results_dir)
    *_, head = series
    # Without it the question would not be there to be found.
    os.environ["ABEC_SERIES"] = series[head]
    benchmarks = Benchmarks.discover(conf, repo, [made], [head], regex=_BENCHMARKS)
    benchmarks.save()
    params = {**vars(machine), "python": made.python, **made.requirements}
    for commit, path in series.items():
        os.environ["ABEC_SERIES"] = path
        results = Results(
            params,
            made.requirements,
            commit,
            repo.get_date(commit),
            made.python,
            made.name,
            made.env_vars,
        )
        results.load_data(conf.results_dir)
        run_benchmarks(
            benchmarks,
            made,
            results=results,
            show_stderr=True,
            record_samples=True,
            launch_method="forkserver",
        )
        results.save(conf.results_dir)


def main(*pairs: str) -> int:
    """Record; give the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    log.enable()
    try:
        record(dict(pair.split("=", 1) for pair in pairs))
    except (UserError, ProcessError, EnvironmentUnavailable) as error:
        log.flush()
        sys.stderr.write(f"\n{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
