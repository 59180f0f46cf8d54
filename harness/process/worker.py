"""What a fresh load process runs: one pickled call from stdin, its outcome into a pipe.

``python -m harness.process.worker FD``; little is imported before the call is unpickled.
"""

from __future__ import annotations

import os
import pickle
import sys
import traceback

Outcome = tuple[bool, object]
"""Whether the call returned, and its value; else the exception that it raised."""


def main() -> None:
    """Make the call, and write its pickled ``Outcome`` to the file descriptor in argv."""
    with os.fdopen(int(sys.argv[1]), "wb") as result:
        result.write(_outcome(sys.stdin.buffer.read()))


def _outcome(pickled: bytes) -> bytes:
    try:
        function, args, kwargs = pickle.loads(pickled)
        return pickle.dumps((True, function(*args, **kwargs)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller's future raises it
        error.add_note(f"In the load process:\n{traceback.format_exc()}")
        return _portable(error)


def _portable(error: Exception) -> bytes:
    """Pickle ``error``; if it does not survive that, an exception that says the same."""
    try:
        pickled = pickle.dumps((False, error))
        pickle.loads(pickled)
    except Exception:  # noqa: BLE001 - pickling runs the exception's own code
        said = "".join(traceback.format_exception_only(error)).strip()
        return pickle.dumps((False, RuntimeError(said)))
    return pickled


if __name__ == "__main__":
    main()
