"""For all tests: Ctrl-C works, also where the test run itself was started in the background."""

import signal


def pytest_configure() -> None:
    """Undo the SIG_IGN that shells give to background jobs and that every child would inherit."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
