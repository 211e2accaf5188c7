"""PNG files, chunk by chunk: walking one to its last byte, and writing one that holds pixels and frame times only (PNG 3rd ed.)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from deid.contents import Contents, made_of
from deid.types import Frames, Region

if TYPE_CHECKING:
    from deid.formats.header import PictureHeader
    from deid.types import Stored

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"fdAT", b"IEND")
_NEEDED = (*PIXEL_CHUNKS, b"iCCP", b"sRGB", b"gAMA", b"eXIf")
_OWN_CHUNKS = (b"IHDR", b"IDAT", b"acTL", b"fcTL", b"fdAT", b"IEND")
_COLOUR_CHUNKS = {"bKGD", "cHRM", "cICP", "cLLI", "gAMA", "hIST", "iCCP", "mDCV", "sBIT", "sPLT", "sRGB"}
_TEXT_CHUNKS = {"caBX", "dSIG", "eXIf", "iTXt", "iDOT", "oFFs", "pCAL", "pHYs", "sCAL", "sTER", "tEXt", "tIME", "zTXt"}
# A chunk may hold a whole picture.
_READ_AT_ONCE = 2**20
_NAMED_CHUNKS = frozenset(_COLOUR_CHUNKS | _TEXT_CHUNKS)
_SAMPLES = {0: 1, 2: 3, 4: 2, 6: 4}
_COLOUR_TYPES = {samples: colour for colour, samples in _SAMPLES.items()}


class Chunk(NamedTuple):
    """One chunk: its type, and where its body lies in the file."""

    type: bytes
    place: tuple[int, int]
    data: Contents

    @property
    def body(self) -> bytes:
        """The body."""
        return self.data[slice(*self.place)]

    @property
    def span(self) -> tuple[int, int]:
        """Where the whole chunk lies, with length, type and checksum."""
        return self.place[0] - 8, self.place[1] + 4

    @property
    def is_sound(self) -> bool:
        """True where its checksum holds."""
        start, end = self.place
        found = zlib.crc32(self.type)
        for at in range(start, end, _READ_AT_ONCE):
            found = zlib.crc32(self.data[at : min(at + _READ_AT_ONCE, end)], found)
        return found == int.from_bytes(self.data[end : end + 4], "big")

    def parts(self, skipped: int = 0) -> Iterator[bytes]:
        """Yield the body from a byte on, piece by piece: one chunk may hold a whole picture."""
        start, end = self.place
        for at in range(start + skipped, end, _READ_AT_ONCE):
            yield self.data[at : min(at + _READ_AT_ONCE, end)]


def chunks(data: Contents) -> Iterator[Chunk]:
    """Walk the chunks up to IEND, or up to the first that does not fit; the last one yielded tells."""
    at, end = len(SIGNATURE), len(data)
    while at + 12 <= end:
        head = data[at : at + 8]
        length, type_ = int.from_bytes(head[:4], "big"), head[4:]
        if at + 12 + length > end:
            return
        yield Chunk(type_, (at + 8, at + 8 + length), data)
        at += 12 + length
        if type_ == b"IEND":
            return


def bare(data: Contents) -> Contents:
    """Return the file with only what its pixels need: picture chunks, colour and EXIF; nothing else meets a decoder."""
    return made_of(data, [SIGNATURE, *(chunk.span for chunk in chunks(data) if chunk.type in _NEEDED)])


def has_exif(data: Contents) -> bool:
    """Tell whether a file has EXIF, before or behind its pixels."""
    return any(chunk.type == b"eXIf" for chunk in chunks(data))


def removed_parts(data: Contents) -> Iterator[str]:
    """Name what a source holds beside its pixels; names of unknown chunks are not repeated, they may say anything."""
    seen = len(SIGNATURE)
    for chunk in chunks(data):
        seen = chunk.span[1]
        if chunk.type not in PIXEL_CHUNKS:
            name = chunk.type.decode("latin-1")
            yield name if name in _NAMED_CHUNKS else "PrivateChunk"
    if seen < len(data):
        yield "TrailingBytes"


def strangers(data: Contents) -> tuple[str, ...]:
    """Name whatever a PNG file of ours would not hold; every byte is accounted for."""
    if not data.startswith(SIGNATURE):
        return ("signature",)
    found = list(removed_parts(data))
    walked = list(chunks(data))
    if [chunk.type for chunk in walked[:1]] != [b"IHDR"] or walked[-1].type != b"IEND" or walked[-1].body:
        return (*found, "order")
    found += ["checksum" for chunk in walked if not chunk.is_sound]
    found += [chunk.type.decode() for chunk in walked if chunk.type in PIXEL_CHUNKS and chunk.type not in _OWN_CHUNKS]
    found += _header_strangers(walked)
    return tuple(found) or _stream_strangers(walked)


def _header_strangers(walked: list[Chunk]) -> list[str]:
    head = walked[0].body
    if len(head) != 13 or head[8] not in (8, 16) or head[9] not in _SAMPLES or head[10:] != b"\0\0\0":
        return ["IHDR"]
    animated = [chunk for chunk in walked if chunk.type in (b"acTL", b"fcTL")]
    lengths = {b"acTL": 8, b"fcTL": 26}
    return [chunk.type.decode() for chunk in animated if len(chunk.body) != lengths[chunk.type]]


def _stream_strangers(walked: list[Chunk]) -> tuple[str, ...]:
    """Inflate every frame: exactly the rows that the header promises, and nothing behind the end of the stream."""
    columns, rows, depth, colour = struct.unpack(">IIBB", walked[0].body[:10])
    promised = rows * (1 + columns * _SAMPLES[colour] * depth // 8)
    return () if all(inflates_to(stream, promised) for stream in _streams(walked)) else ("IDAT",)


def inflates_to(stream: Iterable[bytes], promised: int) -> bool:
    """Tell whether a compressed stream, in parts, holds exactly as many bytes as promised, and nothing behind its end."""
    inflater = zlib.decompressobj()
    length = 0
    try:
        for part in stream:
            while part:
                length += len(inflater.decompress(part, 2**20))
                part = inflater.unconsumed_tail
                if length > promised:
                    return False
    except zlib.error:
        return False
    return length == promised and inflater.eof and not inflater.unused_data


def _streams(walked: list[Chunk]) -> Iterator[Iterator[bytes]]:
    """Gather the compressed stream of each frame: IDAT of the first, fdAT without their sequence numbers of the others."""
    stream: list[Iterator[bytes]] = []
    for chunk in walked:
        if chunk.type in (b"fcTL", b"IEND") and stream:
            yield chain.from_iterable(stream)
            stream = []
        elif chunk.type in (b"IDAT", b"fdAT"):
            stream.append(chunk.parts(4 if chunk.type == b"fdAT" else 0))


def encode(frames: Frames, header: PictureHeader, file: BinaryIO, masks: Sequence[Region] = ()) -> None:
    """Write frames as PNG, or as animated PNG where there are several; 8 or 16 bit, grey or RGB, with or without alpha."""
    first = Pixels(frames.stored(0))
    file.write(SIGNATURE)
    _put(file, b"IHDR", struct.pack(">IIBB3x", *first.size, first.bits, _COLOUR_TYPES[first.samples]))
    if frames.count == 1:
        first.compress(lambda body: _put(file, b"IDAT", body))
    else:
        _put(file, b"acTL", struct.pack(">II", frames.count, header.loop))
        _put_frames(frames, header, file)
    _put(file, b"IEND", b"")


def _put_frames(frames: Frames, header: PictureHeader, file: BinaryIO) -> None:
    number = 0

    def put_later(body: bytes) -> None:
        nonlocal number
        _put(file, b"fdAT", struct.pack(">I", number) + body)
        number += 1

    for index in range(frames.count):
        pixels = Pixels(frames.stored(index))
        delay = min(header.durations[index] if index < len(header.durations) else 0, 65535)
        _put(file, b"fcTL", struct.pack(">IIIIIHHBB", number, *pixels.size, 0, 0, delay, 1000, 0, 0))
        number += 1
        pixels.compress(put_later if index else lambda body: _put(file, b"IDAT", body))


def _put(file: BinaryIO, type_: bytes, body: bytes) -> None:
    file.write(struct.pack(">I", len(body)) + type_ + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(type_))))


class Pixels:
    """A frame, (rows, columns, samples), as it will be compressed; the array that it is made of may go."""

    def __init__(self, stored: Stored) -> None:
        from deid.formats.quality import as_picture

        rows, columns, self.samples = stored.shape
        self.size = (columns, rows)
        self.bits = stored.dtype.itemsize * 8
        # Pillow would cut 16 bits to 8.
        self._held = stored if self.bits > 8 else as_picture(stored)

    def compress(self, put: Callable[[bytes], None]) -> None:
        """Hand the body of each IDAT chunk over."""
        if isinstance(self._held, np.ndarray):
            for body in _compressed_deep(self._held):
                put(body)
        else:
            self._held.save(_Bodies(put), "PNG")  # type: ignore[arg-type]


class _Bodies:
    """A file for an encoder to write a PNG into; hands the bodies of its IDAT chunks over and keeps nothing."""

    def __init__(self, put: Callable[[bytes], None]) -> None:
        self._put = put
        self._held = b""
        self._ahead = len(SIGNATURE)

    def write(self, data: bytes) -> int:
        self._held += data
        if self._ahead and len(self._held) >= self._ahead:
            self._held, self._ahead = self._held[self._ahead :], 0
        while len(self._held) >= 12 + (length := int.from_bytes(self._held[:4], "big")):
            if self._held[4:8] == b"IDAT":
                self._put(self._held[8 : 8 + length])
            self._held = self._held[12 + length :]
        return len(data)


def _compressed_deep(stored: Stored) -> Iterator[bytes]:
    """Compress 16-bit samples, which Pillow would cut to 8, every row as differences to the pixel before (filter type 1)."""
    deflater = zlib.compressobj(6)
    step = 2 * stored.shape[2]
    for row in range(0, stored.shape[0], 256):
        raw = stored[row : row + 256].astype(">u2").view(np.uint8).reshape(-1, stored.shape[1] * step)
        rows = np.empty((raw.shape[0], 1 + raw.shape[1]), np.uint8)
        rows[:, 0] = 1
        rows[:, 1 : 1 + step] = raw[:, :step]
        np.subtract(raw[:, step:], raw[:, :-step], out=rows[:, 1 + step :])
        part = deflater.compress(rows.data)
        if part:
            yield part
    yield deflater.flush()
