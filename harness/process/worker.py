"""What a fresh load process runs: pickled calls from one pipe, their outcomes into another.

``python -m harness.process.worker CALLS_FD OUTCOMES_FD`` ends when the calls end; little is
imported before the first is unpickled.
"""

from __future__ import annotations

import os
import pickle
import sys
import traceback

LENGTH_BYTES = 8
"""Before each pickled call stands its length, big-endian."""

Outcome = tuple[bool, object]
"""Whether the call returned, and its value; else the exception that it raised."""


def main() -> None:
    """Make the calls in turn, and write the pickled ``Outcome`` of each."""
    with os.fdopen(int(sys.argv[1]), "rb") as calls, os.fdopen(int(sys.argv[2]), "wb") as outcomes:
        while length := calls.read(LENGTH_BYTES):
            outcomes.write(_outcome(calls.read(int.from_bytes(length))))
            outcomes.flush()


def _outcome(call: bytes) -> bytes:
    try:
        function, args, kwargs = pickle.loads(call)
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
