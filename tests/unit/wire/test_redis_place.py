"""Where the URL of a Redis leads, and what of it others are told."""

import pytest
from redis.connection import parse_url

from harness.wire.redis_place import RedisPlace, for_redis_py, redis_cli, with_query, without_query
from servers import redis_place as of_servers


@pytest.mark.parametrize(
    ("url", "address", "login", "database", "authority"),
    [
        ("redis://host", ("host", 6379), ("", ""), "", ""),
        ("redis://:p%2Fw@host:7/3?run=1&db=5", ("host", 7), ("", "p/w"), "3", ""),
        (
            "rediss://ann:pw@[::1]/?ssl_ca_certs=%2Fa.pem",
            ("::1", 6379),
            ("ann", "pw"),
            "",
            "/a.pem",
        ),
        ("redis://host?ssl_ca_certs=%2Fa.pem", ("host", 6379), ("", ""), "", ""),
        ("unix:///run/redis.sock", "/run/redis.sock", ("", ""), "", ""),
        ("unix://ann:pw@/run/a%20b.sock?db=2&run=1", "/run/a b.sock", ("ann", "pw"), "2", ""),
    ],
)
def test_what_a_url_says(
    url: str,
    address: tuple[str, int] | str,
    login: tuple[str, str],
    database: str,
    authority: str,
) -> None:
    place = RedisPlace.of(url)
    assert place.address == address
    assert (place.username, place.password) == login
    assert (place.database, place.authority) == (database, authority)
    # The servers, which import nothing of the harness, and redis-py read the same.
    for read in (for_redis_py(url), of_servers.for_redis_py(url)):
        named = parse_url(read)
        assert named.get("path", (named.get("host"), named.get("port", 6379))) == address
        assert (named.get("username", ""), named.get("password", "")) == login
        assert named.get("db", 0) == int(database or 0)
        assert named.get("ssl_ca_certs", "") == authority


@pytest.mark.parametrize(
    ("url", "account", "database", "run"),
    [
        ("redis://host/3?run=7f3a", (), "3", "7f3a"),
        ("redis://:pw@host", ("pw",), "", "0"),
        ("unix://ann:p%40w@/run/redis.sock?db=2&run=1", ("ann", "p@w"), "2", "1"),
    ],
)
def test_servers_read_the_same(url: str, account: tuple[str, ...], database: str, run: str) -> None:
    place = of_servers.redis_place(url)
    assert (place.account, place.database, place.run) == (account, database, run)
    assert place.address == RedisPlace.of(url).address
    assert place.tls is None


def test_only_rediss_is_by_tls() -> None:
    assert RedisPlace.of("redis://host").tls is None
    assert RedisPlace.of("unix:///run/redis.sock").tls is None
    context = RedisPlace.of("rediss://host").tls
    assert context is not None
    assert context.check_hostname


def test_words_go_behind_those_that_are_there() -> None:
    assert with_query("unix:///a.sock", run="1") == "unix:///a.sock?run=1"
    assert with_query("redis://h?a=b#c", run="1", x="/y") == "redis://h?a=b&run=1&x=%2Fy"


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("redis://:pw@host/3", "rediss://:PASSWORD@host:6379"),
        ("rediss://[::1]:7", "rediss://:PASSWORD@[::1]:7"),
    ],
)
def test_a_place_is_named_without_its_password(url: str, named: str) -> None:
    assert RedisPlace.of(url).named(scheme="rediss", login=":PASSWORD@") == named
    assert RedisPlace.of("unix://:pw@/a.sock?db=1").named() == "unix:///a.sock"


def test_other_programs_get_what_they_understand() -> None:
    assert without_query("REDIS://h/1?run=1#x") == "redis://h/1"
    assert redis_cli("redis://:pw@h/1?run=1") == "redis-cli -u redis://:pw@h/1"
    by_tls = redis_cli("rediss://h/1?run=1&ssl_ca_certs=%2Fa.pem")
    assert by_tls == "redis-cli -u rediss://h/1 --cacert /a.pem"
    by_file = redis_cli("unix://ann:pw@/a.sock?db=2")
    assert by_file == "redis-cli -s /a.sock --user ann -a pw -n 2"
