"""How many subscribers one gateway has and what it handed to them, for whoever started it.

``ABEC_NOTES`` names a directory; ``PLACE.tally`` in it is two numbers of 8 bytes, the first
counts least. They are in the kernel with each change, so that a gateway that is killed loses none.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from struct import Struct

from servers.notebook import DIRECTORY

_NUMBERS = Struct("<QQ")


class Tally:
    """The numbers of one gateway; without a directory it keeps them to itself."""

    def __init__(self, place: int) -> None:
        """Begin at 0.

        Raises:
            OSError: the directory cannot be written to.
        """
        self._subscribers = 0
        self._deliveries = 0
        self._shared: mmap.mmap | None = None
        directory = os.environ.get(DIRECTORY)
        if directory is not None:
            with (Path(directory) / f"{place}.tally").open("w+b") as file:
                file.truncate(_NUMBERS.size)
                self._shared = mmap.mmap(file.fileno(), _NUMBERS.size)

    def subscribers(self, more: int) -> None:
        """Count that many subscribers more, or fewer."""
        self._subscribers += more
        self._share()

    def message(self) -> None:
        """Count one message, which all subscribers get."""
        self._deliveries += self._subscribers
        self._share()

    def _share(self) -> None:
        if self._shared is not None:
            _NUMBERS.pack_into(self._shared, 0, self._subscribers, self._deliveries)
