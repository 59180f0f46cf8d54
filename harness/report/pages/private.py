"""What must not be published: paths of a machine, addresses of servers, names of hosts and users.

Results keep what was typed and what failed, word for word; both may hold such names.
"""

from __future__ import annotations

import getpass
import re
import socket

HIDDEN = "…"
"""Stands where something was left out."""
_URL = re.compile(r"\b(?P<scheme>[a-z][a-z0-9+.-]*)://[^\s'\"),;]+")
_OWNER = re.compile(r"(?<![\w./])/(?:home|Users)/[^\s'\",;:()/]+")
_HOME = re.compile(r"(?<![\w./])~[\w.-]*/(?:[^\s'\",;:()]*/)?")
_QUOTED = re.compile(r"(?P<quote>['\"])/(?:[^'\"/]+/)+")
_PATH = re.compile(rf"(?<![\w./:~]){HIDDEN}?/(?:[^\s'\",;:()/]+/)+")
_TELL_NOTHING = frozenset({"", "root", "user", "localhost", "server", "redis"})
"""Names that anybody's machine may have, and words of our own sentences."""


def own_names() -> frozenset[str]:
    """Give the names of this host and of who runs this, as far as they tell anything."""
    host = socket.gethostname()
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        user = ""
    return frozenset({host, host.partition(".")[0], user}) - _TELL_NOTHING


def published(text: str, names: frozenset[str]) -> str:
    """Give ``text`` with only the last part of each path, no address, and none of ``names``."""
    text = _URL.sub(lambda found: f"{found['scheme']}://{HIDDEN}", text)
    text = _QUOTED.sub(rf"\g<quote>{HIDDEN}/", text)
    text = _HOME.sub(f"{HIDDEN}/", _OWNER.sub(HIDDEN, text))
    text = _PATH.sub(f"{HIDDEN}/", text)
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", HIDDEN, text)
    return text
