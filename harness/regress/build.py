"""``python -m harness.regress.build SIDE COMMIT ANSWER [LIBRARY REQUIREMENT]``: make one side.

A process of its own, so that asv's and pip's output have a log, and nothing outlives a signal.
asv does all of it: requirements pinned as ``asv.conf.json`` says, wheel, installation. The two
sides have directories whose names are equally long, since the length of paths moves memory.
Where versions of a library are compared, one version of it takes the place of the pinned one, and
nothing else does: what it requires is checked and not installed.
"""

from __future__ import annotations

import json
import re
import signal
import sys
from pathlib import Path

from asv.config import Config
from asv.console import log
from asv.environment import Environment, EnvironmentUnavailable, get_environments
from asv.plugin_manager import plugin_manager  # noqa: F401 (loads the kinds of environment)
from asv.repo import get_repo
from asv.util import ProcessError, UserError

from harness.errors import Exit

_SEPARATORS = re.compile(r"[-_.]+")


class Unmet(Exception):
    """The environment lacks something that the library requires; says what, in one line."""


def configuration(side: str, library: str = "") -> Config:
    """Read ``asv.conf.json`` of the current directory; environments have a place for each side.

    Those of a ``library`` have another one: pip changes them behind asv's back.
    """
    conf = Config.load()
    conf.env_dir = "-".join(filter(None, (conf.env_dir, "regress", library))) + f"/{side}"
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


def installed(side: str, commit: str, library: str = "", requirement: str = "") -> Environment:
    """Install ``commit``, unless that is what its environment holds already.

    Raises:
        Unmet: the pinned requirements are not those of the library's version.
    """
    conf = configuration(side, library)
    made = environment(conf)
    made.create()
    made.install_project(conf, get_repo(conf), commit)
    if library:
        # Uninstalled first: a checkout may call itself the version that is asked for next time.
        made.run(["-m", "pip", "uninstall", "--yes", library])
        # pip would upgrade its requirements on this side alone, and the verdict be about those.
        made.run(["-m", "pip", "install", "--no-deps", requirement])
        lacking = unmet(made.run(["-m", "pip", "check"], valid_return_codes=(0, 1)), library)
        if lacking:
            raise Unmet(
                f"{lacking}; the sides are to differ in {library} alone: pin in asv.conf.json "
                "what both versions take"
            )
    return made


def unmet(said: str, library: str) -> str:
    """Give the line of ``pip check`` about what ``library`` requires; empty if there is none.

    Those of other packages are of no concern: a version that the suite itself would not ask for
    can be measured all the same.
    """
    wanted = _SEPARATORS.sub("-", library.lower())
    names = (
        (_SEPARATORS.sub("-", line.partition(" ")[0].lower()), line) for line in said.split("\n")
    )
    return next((line.strip().rstrip(".") for name, line in names if name == wanted), "")


def main(side: str, commit: str, answer: str, library: str = "", requirement: str = "") -> int:
    """Build, and write where to the file ``answer``.

    Gives the exit code: 2 if the library has no such version; 3 if it does not go with what is
    pinned, and then ``answer`` holds why.
    """
    # asv ends pip when it unwinds.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    log.enable()
    try:
        made = installed(side, commit, library, requirement)
    except Unmet as error:
        log.flush()
        Path(answer).write_text(json.dumps({"problem": str(error)}), encoding="utf-8")
        return Exit.NOT_MEASURED
    except (UserError, ProcessError, EnvironmentUnavailable) as error:
        log.flush()
        sys.stderr.write(f"\n{error}\n")
        said = getattr(error, "stderr", "")
        missing = f"No matching distribution found for {requirement}" in said
        # An index that does not answer knows no version at all.
        unknown = library and missing and "(from versions: none)" not in said
        return Exit.BAD_INPUT if unknown else Exit.ANSWER_IS_NO
    directory = str(Path(made.find_executable("python")).parents[1])
    Path(answer).write_text(json.dumps({"directory": directory}), encoding="utf-8")
    return Exit.MEASURED


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
