"""A Redis that the harness did not start: asked beforehand, left afterwards as it was."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from redis.exceptions import RedisError, ResponseError

from harness.errors import BadInput, NotMeasured
from harness.library.redis import in_its_words
from harness.process.redis import client
from harness.wire.redis_place import without_login
from harness.wire.resp import run_token

_PATIENCE_S = 3.0
REMEDIES = {
    "NOPERM": "give an account that may do this",
    "OOM": "raise its maxmemory, or lower --rate, --payload or --work",
    "MISCONF": "its disk is full or failing; free some, or set TMPDIR to another disk",
    "READONLY": "give the address of the primary",
}
"""By the first word of the error with which Redis refuses a command."""


def rehearse(url: str, commands: Sequence[tuple[str, ...]]) -> None:
    """Ask the Redis at ``url`` whether it would take ``commands``, without carrying them out.

    Within ``MULTI`` a command is only queued, and yet refused at once where the account may not
    give it, memory is used up or the disk is full; ``DISCARD`` drops them all.

    Raises:
        BadInput: it refuses one.
    """
    if not commands:
        return
    run = run_token(url)
    shown = without_login(url)
    try:
        with client(url, _PATIENCE_S) as guest:
            connection = guest.connection_pool.get_connection()
            try:
                for words in (("MULTI",), *(_named(words, run) for words in commands)):
                    connection.send_command(*words)
                    try:
                        connection.read_response()
                    except ResponseError as error:
                        raise BadInput(
                            "--redis", shown, refusal(in_its_words(error), words[0])
                        ) from error
                connection.send_command("DISCARD")
                connection.read_response()
            finally:
                connection.disconnect()
    except RedisError as error:
        raise BadInput("--redis", shown, f"does not answer: {error}; try again") from error


def refusal(error: str, command: str = "") -> str:
    """Say in one line that Redis refuses, in its words, and what would help."""
    first = error.partition(" ")[0]
    remedy = REMEDIES.get(first, "use a server and an account that allow this")
    what = f"refuses {command}: " if command else ""
    return f"{what}{error.rstrip('.')}; {remedy}"


def remove(url: str, keys: Sequence[str]) -> None:
    """Delete this run's keys, one by one, and nothing else: the server belongs to somebody.

    Raises:
        NotMeasured: it answers, and does not allow that.
    """
    run = run_token(url)
    # One that is gone keeps its files; the keys that hold messages expire by themselves,
    # within two hours.
    with suppress(RedisError), client(url, _PATIENCE_S) as guest:
        for key in keys:
            try:
                guest.delete(key.format(run=run))
            except ResponseError as error:
                shown = without_login(url)
                raise NotMeasured(
                    f"--redis {shown}: keys abec:*:{run} are left behind: {error}"
                ) from error


def _named(words: tuple[str, ...], run: str) -> tuple[str, ...]:
    return tuple(word.format(run=run) for word in words)
