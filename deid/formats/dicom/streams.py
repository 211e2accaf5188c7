"""Encoded frames as bytes: only what a decoder needs. Comments, application data and bytes after the end go; pixels do not change.

Frames that hold nothing else come back as they are, bit by bit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from deid.errors import FileRefused

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_STANDALONE: Final = frozenset({0x01, _SOI, *range(0xD0, 0xD8)})
# Frame headers of every JPEG process and of JPEG-LS (0xF7); 0xC4, 0xC8 and 0xCC are tables.
_FRAME_HEADERS: Final = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
# Segments that a decoder needs: tables, headers, restart interval, line count, JPEG-LS parameters.
_NEEDED: Final = _FRAME_HEADERS | {0xC4, 0xCC, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, 0xF8, _SOS}
# What codecs write about themselves; a comment of any other kind goes.
_CODEC_COMMENT: Final = re.compile(
    rb"(Created by |Creator: )?(GDCM/)?(Kakadu|OpenJPEG|OpenJPH|CharLS|JasPer|Lavc|FFmpeg|Aware|LEAD|PICTools|libjpeg-turbo)"
    rb"( J2K| JPEG ?2000)?( [Vv]er(sion)?)?[ -]?v?[0-9.]{0,12}\0?"
)
_J2K_SIZ, _J2K_SOT, _J2K_SOD, _J2K_COM = 0xFF51, 0xFF90, 0xFF93, 0xFF64
# Marker segments of JPEG 2000 that decoders need or use: sizes, coding, quantisation, regions, packets, capabilities
# (T.800 A.1, T.814). Registration, comments and what nobody knows go.
_J2K_NEEDED: Final = frozenset(
    {0xFF50, 0xFF51, 0xFF52, 0xFF53, 0xFF55, 0xFF56, 0xFF57, 0xFF58, 0xFF59, 0xFF5C, 0xFF5D, 0xFF5E, 0xFF5F, 0xFF60, 0xFF61}
)
# What a control byte of RLE stands for, in samples, and how many bytes it takes with what follows it (PS3.5 G.3.1).
_RLE_SAMPLES: Final = (*range(1, 129), 0, *range(128, 1, -1))
_RLE_BYTES: Final = (*range(2, 130), 1, *[2] * 127)


@dataclass(frozen=True, slots=True)
class StreamShape:
    """What an encoded frame says about itself."""

    rows: int
    columns: int
    samples: int
    precision: int


def clean_stream(frame: bytes, syntax: str, pixels: int) -> tuple[bytes, StreamShape | None]:
    """Return a frame without anything that is not picture, and its shape where the stream tells one (RLE does not).

    Parameters
    ----------
    frame
        The encoded frame.
    syntax
        UID of its transfer syntax.
    pixels
        Rows times columns, as the header says.

    Raises
    ------
    FileRefused
        Where the stream cannot be followed to its end.
    """
    try:
        if frame[:2] == b"\xff\xd8":
            return _jpeg(frame)
        if frame[:2] == b"\xff\x4f":
            return _j2k(frame)
        if frame[4:8] == b"jP  ":
            return _j2k(_codestream(frame))
        if syntax.endswith(".1.2.5"):
            return _rle(frame, pixels), None
    except (IndexError, ValueError):
        pass
    raise FileRefused("broken", "frame")


def segments(frame: bytes) -> list[tuple[int, int, int]]:
    """Split a JPEG or JPEG-LS stream into (marker, start, end); entropy-coded data belongs to the scan before it."""
    found, place = [(_SOI, 0, 2)], 2
    while True:
        if frame[place] != 0xFF:
            raise ValueError
        while frame[place + 1] == 0xFF:
            place += 1
        marker = frame[place + 1]
        if marker == _EOI:
            found.append((marker, place, place + 2))
            return found
        if marker in _STANDALONE:
            found.append((marker, place, place + 2))
            place += 2
            continue
        end = place + 2 + int.from_bytes(frame[place + 2 : place + 4], "big")
        if marker == _SOS:
            end = _scan_end(frame, end)
        if not place + 4 <= end <= len(frame):
            raise ValueError
        found.append((marker, place, end))
        place = end


def _scan_end(frame: bytes, place: int) -> int:
    """Where entropy-coded data ends: at a marker that is neither stuffing nor restart. Some writers forget the last one."""
    while True:
        place = frame.find(b"\xff", place)
        if place < 0 or place + 1 >= len(frame):
            raise ValueError
        after = frame[place + 1]
        # JPEG-LS stuffs a bit, not a byte: any byte below 0x80 after 0xFF is data.
        if after < 0x80 or 0xD0 <= after <= 0xD7:
            place += 2
        elif after == 0xFF:
            place += 1
        else:
            return place


def _jpeg(frame: bytes) -> tuple[bytes, StreamShape | None]:
    shape, kept = None, []
    for marker, start, end in segments(frame):
        if marker in _FRAME_HEADERS:
            precision, rows, columns, samples = _frame_header(frame, start)
            shape = StreamShape(rows, columns, samples, precision)
        if marker in _NEEDED or marker in _STANDALONE or marker == _EOI or _plain(marker, frame[start + 4 : end]):
            kept.append(frame[start:end])
    if shape is None:
        raise ValueError
    return _even(b"".join(kept), frame), shape


def _plain(marker: int, body: bytes) -> bool:
    """Tell whether an application segment or comment is one of the few that decoders use, or names a codec only."""
    if marker == 0xE0:
        # No thumbnail: both of its sizes are zero.
        return len(body) == 14 and body.startswith(b"JFIF\0") and body.endswith(b"\0\0")
    if marker == 0xEE:
        return len(body) <= 12 and body.startswith(b"Adobe")
    if marker == 0xE8:
        spiff = body.startswith(b"SPIFF\0") and len(body) == 30
        return spiff or body == b"\0\0\0\1\xff\xd8" or (len(body) == 5 and body.startswith(b"mrfx"))
    return marker == _COM and _CODEC_COMMENT.fullmatch(body) is not None


def _frame_header(frame: bytes, start: int) -> tuple[int, int, int, int]:
    rows, columns = int.from_bytes(frame[start + 5 : start + 7], "big"), int.from_bytes(frame[start + 7 : start + 9], "big")
    return frame[start + 4], rows, columns, frame[start + 9]


def _codestream(frame: bytes) -> bytes:
    """Return the codestream of a JP2 file that stands where a codestream belongs."""
    place = 0
    while True:
        length, kind = int.from_bytes(frame[place : place + 4], "big"), frame[place + 4 : place + 8]
        if len(kind) < 4 or length in range(1, 8):
            raise ValueError
        if kind == b"jp2c":
            first = place + (16 if length == 1 else 8)
            return frame[first : place + length if length else len(frame)]
        if length == 0:
            raise ValueError
        place += length


def _j2k(frame: bytes) -> tuple[bytes, StreamShape | None]:
    main, place, shape = _j2k_header(frame, 2, _J2K_SOT)
    kept = [b"\xff\x4f", main]
    while frame[place : place + 2] == b"\xff\x90":
        length = int.from_bytes(frame[place + 6 : place + 10], "big")
        end = place + length if length else _last_eoc(frame)
        header, data, _ = _j2k_header(frame, place + 12, _J2K_SOD)
        if not data <= end <= len(frame):
            raise ValueError
        part = header + frame[data:end]
        counted = (12 + len(part)).to_bytes(4, "big") if length else b"\0\0\0\0"
        kept.append(frame[place : place + 6] + counted + frame[place + 10 : place + 12] + part)
        place = end
    if shape is None or place == 2:
        raise ValueError
    # A stream that was cut at a whole tile-part decodes; its end is put right.
    kept.append(b"\xff\xd9")
    return _even(b"".join(kept), frame), shape


def _j2k_header(frame: bytes, place: int, stop: int) -> tuple[bytes, int, StreamShape | None]:
    """Return the marker segments up to `stop` without comments, where `stop` is, and the shape if it was told."""
    kept: list[bytes] = []
    shape = None
    while True:
        marker = int.from_bytes(frame[place : place + 2], "big")
        if marker == stop:
            return b"".join(kept), place, shape
        end = place + 2 + int.from_bytes(frame[place + 2 : place + 4], "big")
        if marker < 0xFF00 or end <= place + 2 or end > len(frame):
            raise ValueError
        if marker == _J2K_SIZ:
            sizes = [int.from_bytes(frame[place + at : place + at + 4], "big") for at in (6, 10, 14, 18)]
            samples = int.from_bytes(frame[place + 38 : place + 40], "big")
            shape = StreamShape(sizes[1] - sizes[3], sizes[0] - sizes[2], samples, (frame[place + 40] & 0x7F) + 1)
        if marker in _J2K_NEEDED or (marker == _J2K_COM and _CODEC_COMMENT.fullmatch(frame[place + 6 : end])):
            kept.append(frame[place:end])
        place = end


def _last_eoc(frame: bytes) -> int:
    place = frame.rfind(b"\xff\xd9")
    return place if place >= 0 else len(frame)


def _rle(frame: bytes, pixels: int) -> bytes:
    """Follow each RLE segment until it has filled its plane (PS3.5 G); what lies between and after is no picture: zeros.

    A last run that goes on after its plane is full is shortened to what the plane takes.
    """
    count = int.from_bytes(frame[:4], "little")
    if not 1 <= count <= 15:
        raise ValueError
    offsets = [int.from_bytes(frame[4 + 4 * at : 8 + 4 * at], "little") for at in range(count)]
    clean = bytearray(len(frame))
    clean[: 4 + 4 * count] = frame[: 4 + 4 * count]
    end = 64
    for start in offsets:
        if start < end:
            raise ValueError
        last, end, taken = _segment_end(frame, start, pixels)
        clean[start:end] = frame[start:end]
        clean[last] = taken - 1 if frame[last] < 128 or taken == 1 else 257 - taken
    return bytes(clean[: end + end % 2])


def _segment_end(frame: bytes, place: int, pixels: int) -> tuple[int, int, int]:
    """Return where the last run of a segment begins, where it ends, and how many samples the plane takes of it."""
    last, left, control = place, pixels, 128
    while left > 0:
        last, control = place, frame[place]
        left -= _RLE_SAMPLES[control]
        place += _RLE_BYTES[control]
    taken = _RLE_SAMPLES[control] + left
    if control < 128:
        place = last + 1 + taken
    if place > len(frame):
        raise ValueError
    return last, place, taken


def _even(clean: bytes, frame: bytes) -> bytes:
    """Pad to an even length; a frame that was clean but for one byte of padding comes back as it was."""
    if frame[: len(clean)] == clean and len(frame) - len(clean) <= len(clean) % 2:
        return frame
    return clean + b"\0" * (len(clean) % 2)
