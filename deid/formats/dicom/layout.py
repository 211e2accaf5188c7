"""How the pixels of an instance lie in its file; checked against the bytes before anything is decoded."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import generate_fragmented_frames, generate_frames
from pydicom.uid import UID, ExplicitVRBigEndian, UID_dictionary

from deid.contents import Contents, OnDisk, joined, made_of
from deid.errors import FileRefused
from deid.formats.dicom.parse import PIXEL_KEYWORDS
from deid.formats.dicom.walk import text_of, value_of
from deid.policy import Policy

PHOTOMETRIC: Final = frozenset(
    ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
)
# A run of a cine is long, not wide: all frames together may hold this many frames of the largest size.
_FRAMES_OF_LIMIT = 100
# Tags and lengths of items are this long at most.
_HEADER = 8
# Two bytes of an RLE segment stand for 128 at most.
_RLE_RATIO = 64


@dataclass(frozen=True, slots=True)
class Layout:
    """The Image Pixel attributes (PS3.3 C.7.6.3), as numbers."""

    keyword: str
    syntax: UID
    count: int
    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    photometric: str
    planar: int

    @property
    def native(self) -> bool:
        """True where frames lie one after the other, uncompressed."""
        return not self.syntax.is_encapsulated

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of one sample in the file, with its byte order."""
        if self.bits_allocated == 1:
            return np.dtype("u1")
        kind = "f" if self.keyword != "PixelData" else "i" if self.signed else "u"
        order = ">" if self.syntax == ExplicitVRBigEndian else "<"
        return np.dtype(f"{order}{kind}{self.bits_allocated // 8}")

    @property
    def subsampled(self) -> bool:
        """True where two pixels share their colour in native data."""
        return self.native and self.photometric == "YBR_FULL_422"

    @property
    def frame_bits(self) -> int:
        """Number of bits of a native frame."""
        samples = 2 if self.subsampled else self.samples
        return self.rows * self.columns * samples * self.bits_allocated


def layout_of(dataset: Dataset, pixels: Contents | None, policy: Policy) -> Layout:
    """Read the layout of an instance and check it against the limits and the bytes there are.

    Raises
    ------
    FileRefused
        ``too-large``, ``pixels-missing``, ``truncated`` or ``broken``.
    """
    syntax = UID(text_of(dataset.file_meta, "TransferSyntaxUID"))
    if syntax not in UID_dictionary or not syntax.is_transfer_syntax:
        raise FileRefused("codec-missing", "unknown transfer syntax")
    keyword = next((word for word in PIXEL_KEYWORDS if word in dataset), "")
    try:
        layout = _layout(dataset, keyword)
    except (TypeError, ValueError, AttributeError, IndexError):
        raise FileRefused("broken", "image pixel attributes") from None
    _check(layout)
    size = layout.rows * layout.columns
    limit = policy.max_megapixels * 1e6
    if size > limit or size * layout.count > limit * _FRAMES_OF_LIMIT:
        raise FileRefused("too-large")
    if layout.native and pixels is None:
        raise FileRefused("broken", keyword)
    if layout.native and pixels is not None and len(pixels) * 8 < layout.frame_bits * layout.count:
        raise FileRefused("truncated")
    return layout


def _layout(dataset: Dataset, keyword: str) -> Layout:
    def number(name: str, default: int = 0) -> int:
        value = value_of(dataset, name)
        return default if value in (None, "") else int(value)

    allocated = {"PixelData": number("BitsAllocated"), "FloatPixelData": 32, "DoubleFloatPixelData": 64}[keyword]
    stored = number("BitsStored", allocated) if keyword == "PixelData" else allocated
    return Layout(
        keyword=keyword,
        syntax=UID(dataset.file_meta.TransferSyntaxUID),
        count=max(1, number("NumberOfFrames", 1)),
        rows=number("Rows"),
        columns=number("Columns"),
        samples=number("SamplesPerPixel", 1),
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=number("HighBit", stored - 1),
        signed=number("PixelRepresentation") == 1,
        photometric=text_of(dataset, "PhotometricInterpretation") or "MONOCHROME2",
        planar=number("PlanarConfiguration"),
    )


def _check(layout: Layout) -> None:
    if layout.rows < 1 or layout.columns < 1 or layout.samples not in (1, 3):
        raise FileRefused("broken", "image pixel attributes")
    if layout.bits_allocated not in (1, 8, 16, 32, 64) or not 0 < layout.bits_stored <= layout.bits_allocated:
        raise FileRefused("object-refused", "BitsAllocated")
    if not layout.bits_stored - 1 <= layout.high_bit < layout.bits_allocated:
        raise FileRefused("broken", "HighBit")
    if layout.subsampled and layout.columns % 2:
        raise FileRefused("broken", "image pixel attributes")
    if layout.photometric not in PHOTOMETRIC or (layout.samples == 3) == layout.photometric.startswith(("MONO", "PALETTE")):
        raise FileRefused("object-refused", "PhotometricInterpretation")


def encoded_frames(dataset: Dataset, pixels: Contents | None, layout: Layout) -> list[Contents]:
    """Split encapsulated pixels into frames, without decoding them."""
    offsets = value_of(dataset, "ExtendedOffsetTable"), value_of(dataset, "ExtendedOffsetTableLengths")
    try:
        assert pixels is not None
        frames = _split(pixels, layout.count, offsets if all(offsets) else None)
    except Exception:
        raise FileRefused("broken", "encapsulated frames") from None
    if len(frames) < layout.count or not all(frames[: layout.count]):
        raise FileRefused("truncated")
    expected = layout.rows * layout.columns * layout.samples * layout.bits_allocated // 8
    if layout.syntax.endswith(".1.2.5") and any(len(frame) * _RLE_RATIO < expected for frame in frames):
        raise FileRefused("broken", "frame length")
    return frames[: layout.count]


def _split(pixels: Contents, count: int, extended: tuple[Any, Any] | None) -> list[Contents]:
    with contextlib.suppress(Exception):
        frames = _frames(pixels, count, extended)
        if len(frames) >= count and all(frames):
            return frames
    # Offsets that lead nowhere: the fragments tell the frames where each has one, or all are of one.
    past = 8 + int.from_bytes(pixels[4:8], "little")
    return _frames(made_of(pixels, [(0, 4), b"\0\0\0\0", (past, len(pixels))]), count, None)


def _frames(pixels: Contents, count: int, extended: tuple[Any, Any] | None) -> list[Contents]:
    if isinstance(pixels, bytes):
        return list(generate_frames(pixels, number_of_frames=count, extended_offsets=extended))
    places: Any = _Places(pixels)
    fragmented = generate_fragmented_frames(places, number_of_frames=count, extended_offsets=extended)
    return [joined(fragments) for fragments in fragmented]


class _Places:
    """Encapsulated pixels on the disk, as a file from which the fragments are not read but told where they lie."""

    def __init__(self, pixels: OnDisk) -> None:
        self._pixels = pixels
        self._at = 0
        # The first item is the table of offsets, not a fragment.
        self._past_table = 8 + int.from_bytes(pixels[4:8], "little")

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (self._at if whence else 0)
        return self._at

    def read(self, count: int) -> Contents:
        first, self._at = self._at, min(len(self._pixels), self._at + count)
        header = count <= _HEADER or first < self._past_table
        return self._pixels[first : self._at] if header else self._pixels.made_of([(first, self._at)])
