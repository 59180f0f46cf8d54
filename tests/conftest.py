"""For all tests: Ctrl-C works, and in CI nothing is skipped for want of an installation."""

import os
import signal
from collections.abc import Callable
from typing import NoReturn

import pytest
from hypothesis import settings

# A machine that pauses for 0.2 s says nothing about the property.
settings.register_profile("untimed", deadline=None)


def pytest_configure() -> None:
    """Undo the SIG_IGN that shells give to background jobs and that every child would inherit."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.load_profile("untimed")


@pytest.fixture(scope="session")
def missing() -> Callable[[str], NoReturn]:
    """Give what ends a test that lacks something: skipped on a laptop, failed in CI."""

    def end(what: str) -> NoReturn:
        if os.environ.get("CI"):
            pytest.fail(f"{what}; where CI is set nothing may be skipped", pytrace=False)
        pytest.skip(what)

    return end
