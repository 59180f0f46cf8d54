"""For all tests: Ctrl-C works, and in CI nothing is skipped for want of an installation."""

import os
import signal
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from hypothesis import settings

# A machine that pauses for 0.2 s says nothing about the property.
settings.register_profile("untimed", deadline=None)


def pytest_configure() -> None:
    """Undo the SIG_IGN that shells give to background jobs and that every child would inherit."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.load_profile("untimed")


_LONG = (
    *("tests/versions/test_real.py", "tests/workflows/test_steps.py"),
    *("tests/regress/test_sides.py", "tests/truth/test_audit.py", "tests/asv"),
)
"""Files of few tests that take half a minute: begun with last, one would hold up the end."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say what one process runs where several do, and begin with what takes longest.

    The tests of a file share servers. Those that read what asv recorded share that, which takes
    20 s to make, across files.
    """
    for item in items:
        shares_records = "fed" in getattr(item, "fixturenames", ())
        group = "fed" if shares_records else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Refuse a pytest-xdist that does not keep groups together: each process would make it all."""
    by_group = node.config.getoption("dist") == "loadgroup"
    if by_group and not all("@" in name for name in ids):
        raise pytest.UsageError("pytest-xdist ignores groups: it does not fit this pytest")


@pytest.fixture(scope="session")
def missing() -> Callable[[str], NoReturn]:
    """Give what ends a test that lacks something: skipped on a laptop, failed in CI."""

    def end(what: str) -> NoReturn:
        if os.environ.get("CI"):
            pytest.fail(f"{what}; where CI is set nothing may be skipped", pytrace=False)
        pytest.skip(what)

    return end
