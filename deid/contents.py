"""The bytes of a file: in memory where it is an ordinary one, on the disk where a worker could not hold it beside its pixels."""

from __future__ import annotations

import copy
import io
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import IO, BinaryIO, Final, TypeAlias, overload

from deid.errors import FileRefused

Stretch: TypeAlias = "bytes | tuple[int, int]"
"""Bytes as they are, or the half-open range where they lie in a file."""

# Files from so many bytes stay on the disk; smaller ones are faster in memory, and a few copies of them do not matter.
LARGE: Final = 64_000_000
# What is read ahead, and what is handed out at a time.
_WINDOW: Final = 2**20


class OpenFile(io.FileIO):
    """A file that is closed when nothing reads it any longer: its pixels are asked for long after it was opened."""

    def __del__(self) -> None:
        self.close()


class OnDisk:
    """What lies in an open file, read where it is asked for; it behaves as `bytes` do.

    Parameters
    ----------
    file
        The open file; it stays open as long as this is used.

    Raises
    ------
    FileRefused
        ``vanished``, from anything that reads, where the file changed since it was opened.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._state = _state(file)
        self._consist_of([(0, self._state[0])])

    def _consist_of(self, stretches: Sequence[Stretch]) -> None:
        self._stretches = _joined(stretches)
        self._ends = list(accumulate(map(_length, self._stretches)))
        self._window = (0, b"")

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> bytes: ...
    def __getitem__(self, place: int | slice) -> int | bytes:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if step != 1:
                raise ValueError("Bytes of a file come one after the other.")
            return self._read(start, max(0, stop - start))
        at = range(len(self))[place]
        first, held = self._window
        if not first <= at < first + len(held):
            first, held = self._window = (at, self._read(at, _WINDOW))
        return held[at - first]

    def __contains__(self, sought: bytes) -> bool:
        return self.find(sought) >= 0

    def startswith(self, prefix: bytes | tuple[bytes, ...]) -> bool:
        """As of `bytes`."""
        longest = max(map(len, prefix)) if isinstance(prefix, tuple) else len(prefix)
        return self[:longest].startswith(prefix)

    def find(self, sought: bytes, start: int = 0) -> int:
        """As of `bytes`, forwards."""
        while start < len(self):
            first, held = self._window
            if not first <= start < first + max(0, len(held) - len(sought) + 1):
                first, held = self._window = (start, self._read(start, _WINDOW + len(sought)))
            at = held.find(sought, start - first)
            if at >= 0:
                return first + at
            start = max(start + 1, first + len(held) - len(sought) + 1)
        return -1

    def made_of(self, stretches: Sequence[Stretch]) -> OnDisk:
        """Return other contents, made of ranges of these."""
        return self._other([part for stretch in stretches for part in self._within(stretch)])

    def followed(self, parts: Sequence[Contents]) -> OnDisk:
        """Return parts of the same file, and bytes between them, one behind the other."""
        return self._other([s for part in parts for s in ([part] if isinstance(part, bytes) else part._stretches)])

    def read_into(self, buffer: memoryview, start: int) -> None:
        """Fill a buffer with what lies from a byte on."""
        for at in range(0, len(buffer), _WINDOW):
            part = self._read(start + at, min(_WINDOW, len(buffer) - at))
            buffer[at : at + len(part)] = part

    def _other(self, stretches: Sequence[Stretch]) -> OnDisk:
        other = copy.copy(self)
        other._consist_of(stretches)
        return other

    def _within(self, stretch: Stretch) -> Iterator[Stretch]:
        if isinstance(stretch, bytes):
            yield stretch
            return
        start, end = stretch
        for own, past in zip(self._stretches, self._ends, strict=True):
            first = past - _length(own)
            low, high = max(start, first) - first, min(end, past) - first
            if low < high:
                yield own[low:high] if isinstance(own, bytes) else (own[0] + low, own[0] + high)

    def _read(self, start: int, count: int) -> bytes:
        end = min(start + count, len(self))
        parts, index = [], bisect_right(self._ends, start)
        while start < end:
            stretch, past = self._stretches[index], self._ends[index]
            offset, wanted = start - (past - _length(stretch)), min(end, past) - start
            if isinstance(stretch, bytes):
                parts.append(stretch[offset : offset + wanted])
            else:
                parts.append(_pread(self._file, stretch[0] + offset, wanted))
            start, index = start + wanted, index + 1
        # What is read twice must be the same twice: masks are for the pixels that were looked at.
        if _state(self._file) != self._state:
            raise FileRefused("vanished")
        return parts[0] if len(parts) == 1 else b"".join(parts)


Contents: TypeAlias = "bytes | OnDisk"
"""The bytes of a file, wherever they are."""


def contents_of(path: Path) -> Contents:
    """Open a file of our own; a large one stays on the disk."""
    if path.stat().st_size < LARGE:
        return path.read_bytes()
    return OnDisk(OpenFile(path))


def parts_of(contents: Contents, size: int = _WINDOW) -> Iterator[bytes]:
    """Yield contents piece by piece."""
    for start in range(0, len(contents), size):
        yield contents[start : start + size]


def as_file(contents: Contents) -> BinaryIO:
    """Open contents for reading, as a file of their own."""
    return io.BytesIO(contents) if isinstance(contents, bytes) else io.BufferedReader(_Reader(contents), _WINDOW)


def made_of(contents: Contents, stretches: Sequence[Stretch]) -> Contents:
    """Join ranges of contents, and bytes between them, to other contents."""
    if isinstance(contents, OnDisk):
        return contents.made_of(stretches)
    return b"".join(part if isinstance(part, bytes) else contents[slice(*part)] for part in stretches)


def joined(parts: Sequence[Contents]) -> Contents:
    """Join contents that lie in one file, or in memory."""
    files = [part for part in parts if isinstance(part, OnDisk)]
    if not files:
        return b"".join(part for part in parts if isinstance(part, bytes))
    return files[0].followed(parts)


class _Reader(io.RawIOBase):
    """A place to read on in contents that lie on the disk."""

    def __init__(self, contents: OnDisk) -> None:
        self._contents = contents
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._contents)}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        found = self._contents[self._at : self._at + len(buffer)]
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)


def _joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Take ranges that follow each other together, and leave out empty ones."""
    joined: list[Stretch] = []
    for stretch in stretches:
        last = joined[-1] if joined else b""
        if isinstance(stretch, tuple) and isinstance(last, tuple) and last[1] == stretch[0]:
            joined[-1] = (last[0], stretch[1])
        elif _length(stretch):
            joined.append(stretch)
    return joined


def _length(stretch: Stretch) -> int:
    return len(stretch) if isinstance(stretch, bytes) else stretch[1] - stretch[0]


def _state(file: IO[bytes]) -> tuple[int, int]:
    """Size and time of the last change."""
    told = os.fstat(file.fileno())
    return told.st_size, told.st_mtime_ns


def _pread(file: IO[bytes], start: int, count: int) -> bytes:
    parts = []
    while count:
        part = os.pread(file.fileno(), count, start)
        if not part:
            raise FileRefused("vanished")
        parts.append(part)
        start, count = start + len(part), count - len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
