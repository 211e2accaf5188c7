"""PNM files (PGM and PPM): a header of four numbers, samples, and not a byte more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from deid.contents import Contents
from deid.types import Frames, Region

if TYPE_CHECKING:
    from deid.formats.header import PictureHeader

_BLANK = rb"(?:\s+|#[^\n]*\n)+"
_HEAD = re.compile(rb"P([56])" + _BLANK + rb"(\d{1,9})" + _BLANK + rb"(\d{1,9})" + _BLANK + rb"(\d{1,5})\s")
_OWN_HEAD = re.compile(rb"P[56]\n[1-9]\d* [1-9]\d*\n[1-9]\d*\n")
_BANDS_ROWS = 256


class Head(NamedTuple):
    """What the header of a binary PNM says, and where the samples begin."""

    samples: int
    columns: int
    rows: int
    maximum: int
    offset: int

    @property
    def size(self) -> int:
        """Bytes of the samples: two each above 255."""
        return self.rows * self.columns * self.samples * (2 if self.maximum > 255 else 1)


def head_of(data: Contents) -> Head | None:
    """Read the header of a binary PGM or PPM; None where it is none."""
    match = _HEAD.match(data[:65536])
    if match is None:
        return None
    samples = 1 if match[1] == b"5" else 3
    return Head(samples, int(match[2]), int(match[3]), int(match[4]), match.end())


def strangers(data: Contents) -> tuple[str, ...]:
    """Name whatever a PNM file of ours would not hold: comments and bytes behind the samples."""
    head = head_of(data)
    if head is None:
        return ("signature",)
    if not _OWN_HEAD.fullmatch(data[: head.offset]):
        return ("header",)
    return () if len(data) == head.offset + head.size else ("TrailingBytes",)


def encode(frames: Frames, header: PictureHeader, file: BinaryIO, masks: Sequence[Region] = ()) -> None:
    """Write one frame, grey as PGM, RGB as PPM; samples above 255 take two bytes."""
    stored = frames.stored(0)
    rows, columns, samples = stored.shape
    maximum = header.maximum if stored.dtype == np.uint16 else 255
    file.write(f"P{5 if samples == 1 else 6}\n{columns} {rows}\n{maximum}\n".encode())
    for row in range(0, rows, _BANDS_ROWS):
        file.write(stored[row : row + _BANDS_ROWS].astype(f">u{2 if maximum > 255 else 1}").tobytes())
