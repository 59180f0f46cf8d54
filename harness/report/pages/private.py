"""What must not be published: paths of a machine, addresses of servers, names of hosts and users.

Results keep what was typed and what failed, word for word; both may hold such names.
"""

from __future__ import annotations

import getpass
import os
import re
import socket

HIDDEN = "…"
"""Stands where something was left out."""
_URL = re.compile(r"\b(?P<scheme>[a-z][a-z0-9+.-]*)://[^\s'\"),;]+")
_OWNER = re.compile(r"(?<![\w./])/(?:home|Users)/[^\s'\",;:()/]+")
_HOME = re.compile(r"(?<![\w./])~[\w.-]*/(?:[^\s'\",;:()]*/)?")
_FILE = r"\.[A-Za-z]\w*"
"""Ends the name of a file: ``acme/own.toml`` is a path, ``p50/p99`` and ``HTTP/1.1`` are not."""
_QUOTED = re.compile(
    rf"(?P<quote>['\"])(?:(?:\.{{1,2}}/|/(?=[^'\"/]+/))(?:[^'\"/]+/)*"
    rf"|(?:[^'\"/]+/)+(?=[^'\"/]*{_FILE}(?P=quote)))"
)
_PATH = re.compile(rf"(?<![\w./:~]){HIDDEN}?/(?:[^\s'\",;:()/]+/)+")
_RELATIVE = re.compile(
    r"(?<![\w./:~-])(?:\.{1,2}/(?:[^\s'\",;:()=/]+/)*"
    rf"|(?:[^\s'\",;:()=/]+/)+(?=[^\s'\",;:()=/]*{_FILE}(?![\w/])))"
)
_SOCKET = re.compile(
    r"(?<![\w./-])(?!127\.)(?:\d{1,3}(?:\.\d{1,3}){3}"
    r"|(?!\S*\.(?:html|jsonl?|log|py|toml):)(?:[\w-]+\.)+[A-Za-z][\w-]*):\d+\b"
)
"""``10.0.0.7:6379``, ``cache.example.org:6379``; neither ``127.0.0.1:80`` nor ``site.py:3``."""
_SOCKET_PAIR = re.compile(
    r"\((?P<quote>['\"])(?!127\.|::1['\"])(?=[^'\"]*[.:])[\w.:%-]+(?P=quote)(?P<rest>(?:, ?\d+)+\))"
)
"""As Python prints a socket's address: ``('10.0.0.7', 6379)``."""
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


def chosen_machine() -> str:
    """Give the name by which this machine is to be published; empty if none was chosen."""
    return os.environ.get("ABEC_MACHINE", "")


def published(text: str, names: frozenset[str]) -> str:
    """Give ``text`` with only the last part of each path, no address, and none of ``names``.

    Addresses of the loopback stay, unless they are in a URL: every machine has the same.
    """
    text = _URL.sub(lambda found: f"{found['scheme']}://{HIDDEN}", text)
    text = _SOCKET_PAIR.sub(rf"(\g<quote>{HIDDEN}\g<quote>\g<rest>", text)
    text = _SOCKET.sub(HIDDEN, text)
    text = _QUOTED.sub(rf"\g<quote>{HIDDEN}/", text)
    text = _HOME.sub(f"{HIDDEN}/", _OWNER.sub(HIDDEN, text))
    text = _PATH.sub(f"{HIDDEN}/", text)
    text = _RELATIVE.sub(f"{HIDDEN}/", text)
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", HIDDEN, text)
    return text
