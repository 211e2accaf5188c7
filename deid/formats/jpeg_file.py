"""JPEG files, segment by segment: walking one to its last byte, and writing one with the source's own tables (T.81)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from PIL import Image

from deid.contents import Contents, made_of
from deid.formats.quality import WANTED_PSNR, as_picture, psnr
from deid.types import Frames, Region

if TYPE_CHECKING:
    from deid.formats.header import JpegRecipe, PictureHeader

SOI, EOI, SOS, DQT, DHT, DRI, COM, TEM = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0xFE, 0x01
FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_RESTARTS = range(0xD0, 0xD8)
# Not a marker code: bytes that belong to no segment.
JUNK = -1
# Application segments that say how the pixels are meant.
_NEEDED = (b"JFIF\0", b"Exif\0", b"ICC_PROFILE\0", b"Adobe")
# JFIF 1.01, no thumbnail; the density is the encoder's constant.
_JFIF = b"JFIF\0\x01\x01"
# Quality of a first JPEG: visually lossless, colour at full resolution.
_FRESH_QUALITY = 95


class Segment(NamedTuple):
    """One segment: marker code, payload without its length, and where it ends; scans carry their compressed data."""

    marker: int
    body: bytes
    start: int
    end: int


def segments(data: Contents) -> Iterator[Segment]:
    """Walk the segments up to the first EOI, or up to the first that does not fit; bytes between segments are `JUNK`."""
    at = 2
    while at + 2 <= len(data):
        start = at
        if data[at] != 0xFF:
            at = data.find(b"\xff", at)
            if at < 0:
                return
            yield Segment(JUNK, b"", start, at)
            continue
        while at < len(data) and data[at] == 0xFF:
            at += 1
        if at >= len(data):
            return
        marker = data[at]
        at += 1
        if marker in (EOI, TEM) or marker in _RESTARTS:
            yield Segment(marker, b"", start, at)
            if marker == EOI:
                return
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2 or at + length > len(data):
            return
        body, at = data[at + 2 : at + length], at + length
        if marker == SOS:
            at = _scan_end(data, at)
        yield Segment(marker, body, start, at)


def _scan_end(data: Contents, at: int) -> int:
    """Find the first marker after compressed data that is neither a stuffed byte nor a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data)
        if data[at + 1] != 0 and data[at + 1] not in _RESTARTS:
            return at
        at += 2


def removed_parts(data: Contents) -> Iterator[str]:
    """Name what a source holds beside its picture."""
    end = 2
    for segment in segments(data):
        end = segment.end
        if segment.marker in (COM, JUNK):
            yield "COM" if segment.marker == COM else "StrayBytes"
        elif 0xE0 <= segment.marker <= 0xEF and not segment.body.startswith(_JFIF[:5]):
            yield _application(segment)
    if end < len(data):
        yield "MotionVideo" if data[end : end + 4096].find(b"ftyp") >= 0 else "TrailingBytes"


def bare(data: Contents) -> Contents:
    """Return the file with only what its pixels need: picture segments, EXIF and colour profile; nothing else meets a decoder."""
    parts, end = [(0, 2)], 2
    for segment in segments(data):
        end = segment.end
        if segment.marker not in (COM, JUNK) and (not 0xE0 <= segment.marker <= 0xEF or segment.body.startswith(_NEEDED)):
            parts.append((segment.start, end))
    if data[max(0, parts[-1][1] - 2) : parts[-1][1]] != b"\xff\xd9":
        parts.append((end, len(data)))
    return made_of(data, parts)


def _application(segment: Segment) -> str:
    known = {
        b"Exif\0": "EXIF",
        b"http://ns.adobe.com/": "XMP",
        b"ICC_PROFILE\0": "ICCProfile",
        b"Photoshop ": "IPTC",
        b"MPF\0": "MPF",
        b"JFXX\0": "JFXXThumbnail",
    }
    return next((name for start, name in known.items() if segment.body.startswith(start)), f"APP{segment.marker - 0xE0}")


def strangers(data: Contents) -> tuple[str, ...]:
    """Name whatever a JPEG file of ours would not hold; every byte is accounted for."""
    walked = list(segments(data))
    if data[:2] != b"\xff\xd8" or not walked or walked[-1].marker != EOI:
        return ("order",)
    found = list(removed_parts(data))
    allowed = {0xE0, DQT, 0xC0, 0xC1, 0xC2, DHT, DRI, SOS, EOI}
    named = allowed | {COM, JUNK, *range(0xE1, 0xF0)}
    found += [f"marker-{segment.marker:02X}" for segment in walked if segment.marker not in named]
    found += ["fill" for segment in walked if data[segment.start + 1] == 0xFF]
    for segment in walked:
        if segment.marker == 0xE0 and (segment.body[:7] != _JFIF or len(segment.body) != 14 or segment.body[12:] != b"\0\0"):
            found.append("APP0")
    return tuple(found + _table_strangers(walked))


def _table_strangers(walked: list[Segment]) -> list[str]:
    """Check that every quantisation table is one that a component uses, and that frame and tables have their exact length."""
    frames = [segment.body for segment in walked if segment.marker in FRAME_MARKERS]
    if len(frames) != 1 or len(frames[0]) < 6 or len(frames[0]) != 6 + 3 * frames[0][5]:
        return ["SOF"]
    used = set(frames[0][8::3])
    defined = []
    for segment in walked:
        if segment.marker == DQT:
            body = segment.body
            while body:
                defined.append(body[0] & 15)
                body = body[1 + 64 * (1 + (body[0] >> 4)) :]
    return [] if sorted(defined) == sorted(used) else ["DQT"]


def encode(frames: Frames, header: PictureHeader, file: BinaryIO, masks: Sequence[Region] = ()) -> None:
    """Write one frame, grey or RGB, as JPEG: with the source's tables, finer ones where these would cost more than 45 dB."""
    picture = as_picture(frames.stored(0))
    written = b""
    for options in _attempts(header.recipe):
        written = _compressed(picture, options)
        if psnr(picture, written, masks) >= WANTED_PSNR:
            break
    file.write(written)


def _compressed(image: Image.Image, options: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    try:
        image.save(file, "JPEG", optimize=True, **options)
    except OSError:  # noise that does not fit into the buffer that the encoder needs for its second pass
        file = io.BytesIO()
        image.save(file, "JPEG", **options)
    return file.getvalue()


def _attempts(recipe: JpegRecipe | None) -> Iterator[dict[str, Any]]:
    """Encoder options, from the smallest file to the truest."""
    if recipe is not None:
        for divisor, subsampling in ((1, recipe.subsampling), (1, 0), (2, 0), (4, 0)):
            tables = [[max(1, round(value / divisor)) for value in table] for table in recipe.tables]
            yield {"qtables": tables, "subsampling": subsampling}
    for quality in (_FRESH_QUALITY, 98, 100):
        yield {"quality": quality, "subsampling": 0}
