"""Where a URL leads."""

import pytest

from harness.pattern import Endpoints
from harness.wire.place import Place


@pytest.mark.parametrize(
    ("url", "address", "target"),
    [
        ("http://127.0.0.1:8001/events", ("127.0.0.1", 8001), b"/events"),
        ("ws://localhost", ("localhost", 80), b"/"),
        ("wss://host/chat?room=1", ("host", 443), b"/chat?room=1"),
        ("https://[::1]:8443/?a", ("::1", 8443), b"/?a"),
    ],
)
def test_address_and_target(url: str, address: tuple[str, int], target: bytes) -> None:
    place = Place.of(url)
    assert place.address == address
    assert place.target == target


def test_a_query_goes_behind_the_one_that_is_there() -> None:
    assert Place.of("http://host/messages").asking(b"after=1") == b"/messages?after=1"
    assert Place.of("http://host/m?room=1").asking(b"after=1") == b"/m?room=1&after=1"


def test_a_role_of_the_users_goes_before_a_path_of_ours() -> None:
    ours = Endpoints(urls={"http": "http://127.0.0.1:1"})
    theirs = Endpoints(urls={"subscribe": "http://host/mine"})
    assert ours.at("subscribe", "/events") == "http://127.0.0.1:1/events"
    assert theirs.at("subscribe", "/events") == "http://host/mine"
