"""The single Redis commands that are measured: what is sent, what answer is right, what it undoes.

A figure needs the same command on the same data again and again, so each connection has keys of
its own, which it fills beforehand and goes through in turn. What a command takes away or adds is
put back after its answer: HDEL by HSET, LPUSH by RPOP. That is not timed, but the server's CPU
time holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import cycle, repeat
from typing import Any

from harness.wire.resp import run_token
from harness.workload import RedisCommand, Workload

KEY = b"<key>"
MESSAGE = b"<message>"
VALUE = b"<value>"
"""What a key was filled with."""
DATABASE = b"<database>"
"""One digit, another each time."""

_FIELD = b"field"
_LIVES_S = 3600
"""Also how long keys stay in a Redis that is not ours, should this process be killed."""
_DATABASES = 10

Words = tuple[bytes, ...]
Right = Callable[[Any, bytes, bytes], bool]
"""Whether a reply is right, given the key and its value. redis-py makes True of some replies."""


class Holds(Enum):
    """What the keys hold: the commands that fill one."""

    NOTHING = ()
    STRINGS = ((b"SET", KEY, VALUE, b"EX", b"%d" % _LIVES_S),)
    UNTIMED = ((b"SET", KEY, VALUE),)
    HASHES = ((b"HSET", KEY, _FIELD, VALUE), (b"EXPIRE", KEY, b"%d" % _LIVES_S))
    LISTS = ((b"RPUSH", KEY, VALUE, VALUE), (b"EXPIRE", KEY, b"%d" % _LIVES_S))

    @property
    def script(self) -> str:
        """Write them as statements of Lua, which fill ``k`` with ``v``."""
        return " ".join(f"redis.call({', '.join(map(_in_lua, words))})" for words in self.value)


def _in_lua(word: bytes) -> str:
    return "k" if word is KEY else "v" if word is VALUE else f"'{word.decode()}'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One command."""

    words: Words
    right: Right
    holds: Holds = Holds.NOTHING
    put_back: Words = ()
    empties: bool = False
    """Whether it takes all keys at once: they are filled anew before the next one is sent."""


def _ok(reply: Any, _key: bytes, _value: bytes) -> bool:
    return reply in (b"OK", True)


def _pong(reply: Any, _key: bytes, _value: bytes) -> bool:
    return reply in (b"PONG", True)


def _number(expected: int) -> Right:
    return lambda reply, _key, _value: bool(reply == expected)


def _value(reply: Any, _key: bytes, value: bytes) -> bool:
    return bool(reply == value)


def _pair(reply: Any, key: bytes, value: bytes) -> bool:
    return list(reply or ()) == [key, value]


def _lives(reply: Any, _key: bytes, _value: bytes) -> bool:
    return type(reply) is int and 0 < reply <= _LIVES_S


def _flush(what: bytes, how: bytes) -> Spec:
    return Spec(words=(what, how), right=_ok, holds=Holds.UNTIMED, empties=True)


_PUSH_VALUE = (b"LPUSH", KEY, VALUE)

SPECS: Mapping[RedisCommand, Spec] = {
    RedisCommand.PING: Spec(words=(b"PING",), right=_pong),
    RedisCommand.SET: Spec(words=(b"SET", KEY, MESSAGE), right=_ok, holds=Holds.STRINGS),
    RedisCommand.GET: Spec(words=(b"GET", KEY), right=_value, holds=Holds.STRINGS),
    RedisCommand.DEL: Spec(
        words=(b"DEL", KEY),
        right=_number(1),
        holds=Holds.STRINGS,
        put_back=(b"SET", KEY, VALUE, b"EX", b"%d" % _LIVES_S),
    ),
    RedisCommand.EXPIRE: Spec(
        words=(b"EXPIRE", KEY, b"%d" % _LIVES_S), right=_number(1), holds=Holds.STRINGS
    ),
    RedisCommand.TTL: Spec(words=(b"TTL", KEY), right=_lives, holds=Holds.STRINGS),
    RedisCommand.HSET: Spec(
        words=(b"HSET", KEY, _FIELD, MESSAGE), right=_number(0), holds=Holds.HASHES
    ),
    RedisCommand.HGET: Spec(words=(b"HGET", KEY, _FIELD), right=_value, holds=Holds.HASHES),
    RedisCommand.HDEL: Spec(
        words=(b"HDEL", KEY, _FIELD),
        right=_number(1),
        holds=Holds.HASHES,
        put_back=(b"HSET", KEY, _FIELD, VALUE),
    ),
    RedisCommand.LPUSH: Spec(
        words=(b"LPUSH", KEY, MESSAGE),
        right=_number(3),
        holds=Holds.LISTS,
        put_back=(b"LPOP", KEY),
    ),
    RedisCommand.RPOP: Spec(
        words=(b"RPOP", KEY), right=_value, holds=Holds.LISTS, put_back=_PUSH_VALUE
    ),
    RedisCommand.BRPOP: Spec(
        words=(b"BRPOP", KEY, b"0"), right=_pair, holds=Holds.LISTS, put_back=_PUSH_VALUE
    ),
    RedisCommand.SELECT: Spec(words=(b"SELECT", DATABASE), right=_ok),
    RedisCommand.FLUSHDB: _flush(b"FLUSHDB", b"SYNC"),
    RedisCommand.FLUSHDB_ASYNC: _flush(b"FLUSHDB", b"ASYNC"),
    RedisCommand.FLUSHALL: _flush(b"FLUSHALL", b"SYNC"),
    RedisCommand.FLUSHALL_ASYNC: _flush(b"FLUSHALL", b"ASYNC"),
}


def rehearsal(command: RedisCommand) -> tuple[tuple[str, ...], ...]:
    """Give all that a measurement of ``command`` asks of Redis, with words in their places.

    What a script calls is among it: the server looks at that only as the script runs.
    """
    spec = SPECS[command]
    asked: list[Words] = [spec.words, *([spec.put_back] if spec.put_back else [])]
    if spec.holds is not Holds.NOTHING:
        asked += [*spec.holds.value, (b"UNLINK", KEY), (b"EVAL", b"return 0", b"0")]
    places = {KEY: "abec:key:{run}:0", MESSAGE: "message", VALUE: "value", DATABASE: "0"}
    return tuple(tuple(places.get(word) or word.decode() for word in words) for words in asked)


_EACH_KEY = """
for i = tonumber(ARGV[2]), tonumber(ARGV[3]) - 1, tonumber(ARGV[4]) do
  local k = ARGV[1] .. string.format('%08d', i)
  {}
end
return 'DONE'
"""
_MADE = "local v = string.rep(k, math.floor({size} / #k) + 1):sub(1, {size}) "
DONE = b"DONE"


class Keys:
    """The keys of one connection, what they hold, and the commands that fill and delete them."""

    def __init__(self, url: str, workload: Workload, index: int) -> None:
        self.spec = SPECS[workload.command]
        self._prefix = b"abec:key:%b:" % run_token(url).encode()
        self._size = workload.payload
        self._range = range(index, workload.keys, workload.publishers)
        self._databases = cycle(b"%d" % number for number in range(_DATABASES))

    def __iter__(self) -> Iterator[bytes]:
        """Give the keys in turn, for ever; nothing again and again where none are needed."""
        if self.spec.holds is Holds.NOTHING:
            yield from repeat(b"")
        while True:
            for number in self._range:
                yield b"%b%08d" % (self._prefix, number)

    def value(self, key: bytes) -> bytes:
        """Give what ``key`` was filled with: its own name, repeated; nothing for no key."""
        size = self._size
        return (key * (size // len(key) + 1))[:size] if key else b""

    def filled(self, words: Words, key: bytes, message: bytes) -> Words:
        """Put key, message, value and database into the places of ``words``."""
        return tuple(
            key
            if word is KEY
            else message
            if word is MESSAGE
            else self.value(key)
            if word is VALUE
            else next(self._databases)
            if word is DATABASE
            else word
            for word in words
        )

    def fill(self) -> Words:
        """Give the command that makes all keys; nothing where none are needed."""
        if self.spec.holds is Holds.NOTHING:
            return ()
        return self._for_each(_MADE.format(size=self._size) + self.spec.holds.script)

    def delete(self) -> Words:
        """Give the command that takes all keys away, whatever became of them."""
        if self.spec.holds is Holds.NOTHING:
            return ()
        return self._for_each("redis.call('UNLINK', k)")

    def _for_each(self, statement: str) -> Words:
        keys = self._range
        places = (b"%d" % number for number in (keys.start, keys.stop, keys.step))
        return (b"EVAL", _EACH_KEY.format(statement).encode(), b"0", self._prefix, *places)
