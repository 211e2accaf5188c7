"""A value that is made part by part while it is written: all of it would not fit into a worker's memory."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate


class Parts(io.RawIOBase):
    """A file of parts of known lengths, each made when it is read; the last one read is kept.

    Parameters
    ----------
    lengths
        Bytes of each part.
    make
        Makes a part, by its number from 0.
    """

    def __init__(self, lengths: Sequence[int], make: Callable[[int], bytes | memoryview]) -> None:
        self._ends = list(accumulate(lengths))
        self._make = make
        self._at = 0
        self._held: tuple[int, bytes | memoryview] = (-1, b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._ends[-1]}[whence]
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer from the part at hand."""
        number = bisect_right(self._ends, self._at)
        if number == len(self._ends):
            self._held = (-1, b"")
            return 0
        if self._held[0] != number:
            self._held = (-1, b"")  # the one before goes first
            self._held = (number, self._make(number))
        left = self._ends[number] - self._at
        count = min(left, len(buffer))
        start = len(self._held[1]) - left
        buffer[:count] = memoryview(self._held[1])[start : start + count]
        self._at += count
        return count
