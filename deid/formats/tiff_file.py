"""TIFF files, directory by directory: walking one to its last byte, and writing one that holds pixels only (TIFF 6.0)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np
from PIL import TiffTags

from deid.contents import Contents
from deid.types import Frames, Region

if TYPE_CHECKING:
    from deid.formats.header import PictureHeader
    from deid.types import Stored

BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
SUBFILE, COLUMNS, ROWS, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
STRIPS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, PLANES, PREDICTOR = 273, 277, 278, 279, 284, 317
SUB_DIRECTORIES, EXTRA_SAMPLES, SAMPLE_FORMAT, DNG_VERSION = 330, 338, 339, 50706
_DEFLATE, _OLD_DEFLATE = 8, 32946
_DIFFERENCES = 2
_FILL_ORDER, _ORIENTATION, _TILE_PLACES = 266, 274, 324
_OWN = frozenset({COLUMNS, ROWS, BITS, COMPRESSION, PHOTOMETRIC, STRIPS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, PLANES, PREDICTOR})
_OWN |= {EXTRA_SAMPLES, SAMPLE_FORMAT}
# What other programs need for their pixels: tiles, palettes, resolution, the parts of JPEG compression.
_STRUCTURAL = _OWN | {SUBFILE, 255, 263, 266, 274, 282, 283, 292, 293, 296, 301, 318, 319, 320, 322, 323, 324, 325, 347}
_STRUCTURAL |= {512, 513, 514, 515, 519, 520, 521, 529, 530, 531, 532}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I"}
# A page has a few dozen tags; far more is an attack or garbage.
_MAX_TAGS = 1024
# One strip a row of the tallest picture there is.
_MAX_VALUES = 2**20
# Small enough to be read piece by piece, large enough to compress well.
_STRIP_TARGET = 2**18
_SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}


class Entry(NamedTuple):
    """One tag of a directory: its number, its values where they are integers, and where its bytes lie if outside."""

    tag: int
    values: tuple[int, ...]
    span: tuple[int, int] | None


class Page(NamedTuple):
    """One directory: where it lies, its tags, where the next begins."""

    span: tuple[int, int]
    entries: tuple[Entry, ...]
    following: int

    def get(self, tag: int, otherwise: int) -> int:
        """The first value of a tag."""
        values = self.all(tag)
        return values[0] if values else otherwise

    def all(self, tag: int) -> tuple[int, ...]:
        """All values of a tag."""
        return next((entry.values for entry in self.entries if entry.tag == tag), ())


def pages(data: Contents, limit: int = 2**31) -> Iterator[Page]:
    """Walk the chain of directories; it ends at the first that does not fit, and never goes round in a circle."""
    order = BYTE_ORDERS.get(data[:4])
    if order is None or len(data) < 8:
        return
    seen: set[int] = set()
    at = struct.unpack(order + "I", data[4:8])[0]
    while at and at not in seen and len(seen) <= limit:
        seen.add(at)
        page = _page(data, at, order)
        if page is None:
            return
        yield page
        at = page.following


def _page(data: Contents, at: int, order: str) -> Page | None:
    if at + 2 > len(data):
        return None
    count = struct.unpack(order + "H", data[at : at + 2])[0]
    end = at + 2 + 12 * count + 4
    if count > _MAX_TAGS or end > len(data):
        return None
    entries = tuple(_entry(data, at + 2 + 12 * number, order) for number in range(count))
    return Page((at, end), entries, struct.unpack(order + "I", data[end - 4 : end])[0])


def _entry(data: Contents, at: int, order: str) -> Entry:
    tag, kind, count = struct.unpack(order + "HHI", data[at : at + 8])
    size = _SIZES.get(kind, 1) * count
    place = at + 8 if size <= 4 else struct.unpack(order + "I", data[at + 8 : at + 12])[0]
    fits = place + size <= len(data)
    readable = kind in _CODES and fits and count <= _MAX_VALUES
    values = struct.unpack(f"{order}{count}{_CODES[kind]}", data[place : place + size]) if readable else ()
    return Entry(tag, values, (place, place + size) if size > 4 else None)


def removed_parts(data: Contents) -> Iterator[str]:
    """Name what a source holds beside its pixels: standard names, else hex tags."""
    for page in pages(data):
        for entry in page.entries:
            if entry.tag not in _STRUCTURAL:
                name = TiffTags.lookup(entry.tag).name
                yield name if name != "unknown" else f"0x{entry.tag:04X}"


def strangers(data: Contents) -> tuple[str, ...]:
    """Name whatever a TIFF file of ours would not hold; every byte is accounted for."""
    if not data.startswith(b"II*\0"):
        return ("signature",)
    walked = list(pages(data))
    if not walked or walked[-1].following:
        return ("order",)
    found = [f"0x{entry.tag:04X}" for page in walked for entry in page.entries if entry.tag not in _OWN]
    spans = [(0, 8)]
    for page in walked:
        strips = list(zip(page.all(STRIPS), page.all(STRIP_BYTES), strict=False))
        spans += [page.span, *(entry.span for entry in page.entries if entry.span)]
        spans += [(place, place + length) for place, length in strips]
        found += _strip_strangers(data, page, strips)
    return tuple(found) or _gaps(data, sorted(spans))


def _gaps(data: Contents, spans: list[tuple[int, int]]) -> tuple[str, ...]:
    """Find bytes that belong to nothing; one zero before a directory is alignment."""
    at = 0
    for start, end in [*spans, (len(data), len(data))]:
        if start < at or start > at + 1 or any(data[at:start]):
            return ("slack",)
        at = end
    return () if at == len(data) else ("slack",)


def _strip_strangers(data: Contents, page: Page, strips: list[tuple[int, int]]) -> list[str]:
    """Inflate every strip: exactly the rows that the directory promises, and nothing behind the end of the stream."""
    rows, per_strip = page.get(ROWS, 0), page.get(ROWS_PER_STRIP, 1)
    row_bytes = page.get(COLUMNS, 0) * page.get(SAMPLES, 1) * page.get(BITS, 8) // 8
    if page.get(COMPRESSION, 0) != _DEFLATE or len(strips) != -(-rows // max(1, per_strip)):
        return ["strips"]
    for number, (place, length) in enumerate(strips):
        inflater = zlib.decompressobj()
        promised = min(per_strip, rows - number * per_strip) * row_bytes
        try:
            found = len(inflater.decompress(data[place : place + length], promised + 1))
        except zlib.error:
            return ["strips"]
        if found != promised or not inflater.eof or inflater.unused_data:
            return ["strips"]
    return []


def plain_samples(data: Contents, page: Page) -> Stored | None:
    """Decode a page of 16-bit RGB whose strips follow each other, deflated or as they are; None where it is laid out otherwise.

    Strip by strip: other decoders want the whole file beside the whole picture.
    """
    rows, columns, per_strip = page.get(ROWS, 0), page.get(COLUMNS, 0), page.get(ROWS_PER_STRIP, 2**32 - 1)
    strips = list(zip(page.all(STRIPS), page.all(STRIP_BYTES), strict=False))
    per_strip = min(per_strip, rows)
    kept = page.all(BITS) == (16,) * 3 and page.get(SAMPLES, 1) == 3 and page.get(SAMPLE_FORMAT, 1) == 1
    as_lies = page.get(_ORIENTATION, 1) == 1 and page.get(_FILL_ORDER, 1) == 1 and not page.all(_TILE_PLACES)
    if not (kept and as_lies and per_strip and len(strips) == -(-rows // per_strip)):
        return None
    unpacked = _UNPACKED.get(page.get(COMPRESSION, 1))
    stored = np.empty((rows, columns, 3), np.uint16)
    for number, (place, length) in enumerate(strips):
        band = stored[number * per_strip : (number + 1) * per_strip]
        flat = unpacked(data[place : place + length], band.nbytes) if unpacked is not None else None
        if flat is None or len(flat) != band.nbytes:
            return None
        band[:] = np.frombuffer(flat, BYTE_ORDERS[data[:4]] + "u2").reshape(band.shape)
        if page.get(PREDICTOR, 1) == _DIFFERENCES:
            np.cumsum(band, axis=1, dtype=np.uint16, out=band)
        elif page.get(PREDICTOR, 1) != 1:
            return None
    return stored


def _inflated(strip: bytes, length: int) -> bytes | None:
    inflater = zlib.decompressobj()
    try:
        flat = inflater.decompress(strip, length)
    except zlib.error:
        return None
    return flat


_UNPACKED: dict[int, Callable[[bytes, int], bytes | None]] = {
    1: lambda strip, length: strip[:length],
    _DEFLATE: _inflated,
    _OLD_DEFLATE: _inflated,
}


def encode(frames: Frames, header: PictureHeader, file: BinaryIO, masks: Sequence[Region] = ()) -> None:
    """Write frames as TIFF pages, deflated; 8 to 32 bit, integer or float, grey or RGB, with or without alpha."""
    file.write(b"II*\0" + struct.pack("<I", 8))
    at = 8
    for index in range(frames.count):
        at = _put_page(frames.stored(index), at, index == frames.count - 1, file)


def _put_page(stored: Stored, at: int, last: bool, file: BinaryIO) -> int:
    """Write a page, directory first, and return where the next one begins."""
    rows, columns, samples = stored.shape
    per_strip = max(1, min(rows, _STRIP_TARGET // max(1, stored[0].nbytes)))
    whole_numbers = stored.dtype.kind != "f"
    count = -(-rows // per_strip)
    tags: dict[int, tuple[str, Sequence[int]]] = {
        COLUMNS: ("I", [columns]),
        ROWS: ("I", [rows]),
        BITS: ("H", [stored.dtype.itemsize * 8] * samples),
        COMPRESSION: ("H", [_DEFLATE]),
        PHOTOMETRIC: ("H", [2 if samples >= 3 else 1]),
        SAMPLES: ("H", [samples]),
        ROWS_PER_STRIP: ("I", [per_strip]),
        STRIPS: ("I", [0] * count),
        STRIP_BYTES: ("I", [0] * count),
        PLANES: ("H", [1]),
        PREDICTOR: ("H", [_DIFFERENCES if whole_numbers else 1]),
        SAMPLE_FORMAT: ("H", [_SAMPLE_FORMATS[stored.dtype.kind]] * samples),
    }
    if samples in (2, 4):
        tags[EXTRA_SAMPLES] = ("H", [2])
    # How long the strips are is known once they are written: the directory's room is left free until then.
    first = at + len(_directory(tags, at, 0))
    file.seek(first)
    lengths = [file.write(_deflated(stored[row : row + per_strip], whole_numbers)) for row in range(0, rows, per_strip)]
    ends = list(accumulate(lengths, initial=first))
    tags[STRIPS], tags[STRIP_BYTES], end = ("I", ends[:-1]), ("I", lengths), ends[-1]
    aligned: int = end if last else end + end % 2
    file.write(b"\0" * (aligned - end))
    file.seek(at)
    file.write(_directory(tags, at, 0 if last else aligned))
    file.seek(aligned)
    return aligned


def _directory(tags: dict[int, tuple[str, Sequence[int]]], at: int, following: int) -> bytes:
    """Pack a directory at an offset, with the values that do not fit into its entries behind it."""
    entries, values_outside = b"", b""
    past = at + 2 + 12 * len(tags) + 4
    for tag, (code, values) in sorted(tags.items()):
        body = struct.pack(f"<{len(values)}{code}", *values)
        kind = 3 if code == "H" else 4
        if len(body) <= 4:
            entries += struct.pack("<HHI", tag, kind, len(values)) + body.ljust(4, b"\0")
        else:
            entries += struct.pack("<HHII", tag, kind, len(values), past + len(values_outside))
            values_outside += body
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", following) + values_outside


def _deflated(strip: Stored, predicted: bool) -> bytes:
    """Compress a strip; whole numbers as differences to the pixel before (predictor 2)."""
    samples = strip.astype(strip.dtype.newbyteorder("<"))
    if predicted:
        unsigned = samples.view(f"<u{strip.dtype.itemsize}")
        samples = unsigned.copy()
        samples[:, 1:] -= unsigned[:, :-1]
    return zlib.compress(samples.tobytes(), 6)
