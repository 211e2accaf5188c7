"""PDF files of our own: pages that are one picture each and nothing else (ISO 32000-1); walked by making them again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from deid.contents import Contents
from deid.formats import png_file
from deid.types import Frames, Region

if TYPE_CHECKING:
    from deid.formats.header import PictureHeader

_HEAD = b"%PDF-1.6\n"
_SPACES = {1: b"/DeviceGray", 3: b"/DeviceRGB"}
_PICTURE_BEGINS, _LONGEST_HEAD = b"/UserUnit ", 1000
_PICTURE = re.compile(
    rb"/UserUnit ([\d.]{1,12}) .{1,400}?/Width (\d{1,9}) /Height (\d{1,9}) "
    rb".{1,200}?/Colors ([13]) .{1,200}?/Length (\d{1,12}) >>\nstream\n",
    re.DOTALL,
)


class Sheet(NamedTuple):
    """One page: points a pixel, its picture's rows, columns and samples, and the picture's deflated rows."""

    unit: float
    rows: int
    columns: int
    samples: int
    stream: bytes


def encode(frames: Frames, header: PictureHeader, file: BinaryIO, masks: Sequence[Region] = ()) -> None:
    """Write frames, 8 bit grey or RGB, as the pages of a PDF; pages without a size have 72 pixels an inch.

    A page is as many units wide as its picture has pixels, so that no viewer has to blend them; the unit gives the true size.
    """
    at, starts = len(_HEAD), []
    file.write(_HEAD)
    for parts in _objects((_sheet(frames, header, index) for index in range(frames.count)), frames.count):
        starts.append(at)
        at += sum(map(file.write, parts))
    file.write(_ending(starts, at))


def _sheet(frames: Frames, header: PictureHeader, index: int) -> Sheet:
    pixels = png_file.Pixels(frames.stored(index))
    columns, rows = pixels.size
    unit = header.points[index][0] / columns if index < len(header.points) else 1.0
    bodies: list[bytes] = []
    pixels.compress(bodies.append)
    return Sheet(unit, rows, columns, pixels.samples, b"".join(bodies))


def _objects(sheets: Iterator[Sheet], count: int) -> Iterator[tuple[bytes, ...]]:
    """Make the numbered objects of a file, each in parts: catalogue, page tree, then page, drawing order and picture of a sheet."""
    pages = b" ".join(b"%d 0 R" % (3 + 3 * index) for index in range(count))
    yield (b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n",)
    yield (b"2 0 obj\n<< /Type /Pages /Kids [%b] /Count %d >>\nendobj\n" % (pages, count),)
    for index, sheet in enumerate(sheets):
        first = 3 + 3 * index
        page = (
            b"%d 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /UserUnit %.6f "
            b"/Resources << /XObject << /P %d 0 R >> >> /Contents %d 0 R >>\nendobj\n"
        ) % (first, sheet.columns, sheet.rows, sheet.unit, first + 2, first + 1)
        drawing = b"%d 0 0 %d 0 0 cm /P Do" % (sheet.columns, sheet.rows)
        picture = (
            b"%d 0 obj\n<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace %b /BitsPerComponent 8 "
            b"/Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors %d /BitsPerComponent 8 /Columns %d >> "
            b"/Length %d >>\nstream\n"
        ) % (first + 2, sheet.columns, sheet.rows, _SPACES[sheet.samples], sheet.samples, sheet.columns, len(sheet.stream))
        yield (page,)
        yield (b"%d 0 obj\n<< /Length %d >>\nstream\n%b\nendstream\nendobj\n" % (first + 1, len(drawing), drawing),)
        yield picture, sheet.stream, b"\nendstream\nendobj\n"


def _ending(starts: list[int], at: int) -> bytes:
    lines = b"".join(b"%010d 00000 n \n" % start for start in starts)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(starts) + 1, at)
    return b"xref\n0 %d\n0000000000 65535 f \n%b%b" % (len(starts) + 1, lines, trailer)


def strangers(data: Contents) -> tuple[str, ...]:
    """Name whatever a PDF of ours would not hold: made again from its pictures, a file must be the same to the last byte."""
    count = sum(1 for _ in _sheets(data))
    if not count:
        return ("pages",)
    exact: list[bool] = []

    def checked() -> Iterator[Sheet]:
        for sheet in _sheets(data):
            exact.append(png_file.inflates_to([sheet.stream], sheet.rows * (1 + sheet.columns * sheet.samples)))
            yield sheet

    at, starts = len(_HEAD), []
    if data[:at] != _HEAD:
        return ("objects",)
    for parts in _objects(checked(), count):
        starts.append(at)
        for part in parts:
            if data[at : at + len(part)] != part:
                return ("objects",)
            at += len(part)
    if data[at:] != _ending(starts, at):
        return ("objects",)
    return () if all(exact) else ("stream",)


def _sheets(data: Contents) -> Iterator[Sheet]:
    at = 0
    while (at := data.find(_PICTURE_BEGINS, at)) >= 0:
        match = _PICTURE.match(data[at : at + _LONGEST_HEAD])
        if match is None:
            at += 1
            continue
        unit, columns, rows, samples, length = match.groups()
        first, at = at + match.end(), at + match.end() + int(length)
        yield Sheet(float(unit), int(rows), int(columns), int(samples), data[first:at])
