"""``python -m harness.regress.build SIDE COMMIT ANSWER``: install a commit in an environment.

A process of its own, so that asv's and pip's output have a log, and nothing outlives a signal.
asv does all of it: requirements pinned as ``asv.conf.json`` says, wheel, installation. The two
sides have directories whose names are equally long, since the length of paths moves memory.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

from asv.config import Config
from asv.console import log
from asv.environment import Environment, EnvironmentUnavailable, get_environments
from asv.plugin_manager import plugin_manager  # noqa: F401 (loads the kinds of environment)
from asv.repo import get_repo
from asv.util import ProcessError, UserError


def configuration(side: str) -> Config:
    """Read ``asv.conf.json`` of the current directory; environments have a place for each side."""
    conf = Config.load()
    conf.env_dir = f"{conf.env_dir}-regress/{side}"
    return conf


def environment(conf: Config) -> Environment:
    """Give the one environment that the configuration describes.

    Raises:
        UserError: it describes none, or several.
    """
    found = list(get_environments(conf, None))
    if len(found) != 1:
        raise UserError(
            f"asv.conf.json describes {len(found)} environments; a gate compares commits in one: "
            "give one version of Python and of each requirement"
        )
    return found[0]


def installed(side: str, commit: str) -> Environment:
    """Install ``commit``, unless that is what its environment holds already."""
    conf = configuration(side)
    made = environment(conf)
    made.create()
    made.install_project(conf, get_repo(conf), commit)
    return made


def main(side: str, commit: str, answer: str) -> int:
    """Build, and write where to the file ``answer``; give the exit code."""
    # asv ends pip when it unwinds.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    log.enable()
    try:
        made: Any = installed(side, commit)
    except (UserError, ProcessError, EnvironmentUnavailable) as error:
        log.flush()
        sys.stderr.write(f"\n{error}\n")
        return 1
    directory = str(Path(made.find_executable("python")).parents[1])
    Path(answer).write_text(json.dumps({"directory": directory}), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
