"""PNG files, chunk by chunk: walking one to its last byte, and writing one that holds pixels and frame times only (PNG 3rd ed.)."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

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
_NAMED_CHUNKS = frozenset(_COLOUR_CHUNKS | _TEXT_CHUNKS)
_SAMPLES = {0: 1, 2: 3, 4: 2, 6: 4}
_COLOUR_TYPES = {samples: colour for colour, samples in _SAMPLES.items()}


class Chunk(NamedTuple):
    """One chunk: its type, its body, whether its checksum holds, and where it lies."""

    type: bytes
    body: bytes
    sound: bool
    span: tuple[int, int]


def chunks(data: bytes) -> Iterator[Chunk]:
    """Walk the chunks up to IEND, or up to the first that does not fit; the last one yielded tells."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if at + 12 + length > len(data):
            return
        type_, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        checksum = int.from_bytes(data[at + 8 + length : at + 12 + length], "big")
        end = at + 12 + length
        yield Chunk(type_, body, zlib.crc32(body, zlib.crc32(type_)) == checksum, (at, end))
        at = end
        if type_ == b"IEND":
            return


def bare(data: bytes) -> bytes:
    """Return the file with only what its pixels need: picture chunks, colour and EXIF; nothing else meets a decoder."""
    return SIGNATURE + b"".join(data[slice(*chunk.span)] for chunk in chunks(data) if chunk.type in _NEEDED)


def removed_parts(data: bytes) -> Iterator[str]:
    """Name what a source holds beside its pixels; names of unknown chunks are not repeated, they may say anything."""
    seen = len(SIGNATURE)
    for chunk in chunks(data):
        seen += 12 + len(chunk.body)
        if chunk.type not in PIXEL_CHUNKS:
            name = chunk.type.decode("latin-1")
            yield name if name in _NAMED_CHUNKS else "PrivateChunk"
    if seen < len(data):
        yield "TrailingBytes"


def strangers(data: bytes) -> tuple[str, ...]:
    """Name whatever a PNG file of ours would not hold; every byte is accounted for."""
    if not data.startswith(SIGNATURE):
        return ("signature",)
    found = list(removed_parts(data))
    walked = list(chunks(data))
    if [chunk.type for chunk in walked[:1]] != [b"IHDR"] or walked[-1].type != b"IEND" or walked[-1].body:
        return (*found, "order")
    found += ["checksum" for chunk in walked if not chunk.sound]
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


def inflates_to(stream: Sequence[bytes], promised: int) -> bool:
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


def _streams(walked: list[Chunk]) -> Iterator[list[bytes]]:
    """Gather the compressed stream of each frame: IDAT of the first, fdAT without their sequence numbers of the others."""
    stream: list[bytes] = []
    for chunk in walked:
        if chunk.type in (b"fcTL", b"IEND") and stream:
            yield stream
            stream = []
        elif chunk.type == b"IDAT":
            stream.append(chunk.body)
        elif chunk.type == b"fdAT":
            stream.append(chunk.body[4:])


def encode(frames: Frames, header: PictureHeader, file: BinaryIO, masks: Sequence[Region] = ()) -> None:
    """Write frames as PNG, or as animated PNG where there are several; 8 or 16 bit, grey or RGB, with or without alpha."""
    first = frames.stored(0)
    rows, columns, samples = first.shape
    file.write(SIGNATURE)
    _put(file, b"IHDR", struct.pack(">IIBB3x", columns, rows, first.dtype.itemsize * 8, _COLOUR_TYPES[samples]))
    if frames.count == 1:
        for body in compressed(first):
            _put(file, b"IDAT", body)
    else:
        _put(file, b"acTL", struct.pack(">II", frames.count, header.loop))
        _put_frames(frames, header, file)
    _put(file, b"IEND", b"")


def _put_frames(frames: Frames, header: PictureHeader, file: BinaryIO) -> None:
    number = 0
    for index in range(frames.count):
        stored = frames.stored(index)
        delay = min(header.durations[index] if index < len(header.durations) else 0, 65535)
        control = struct.pack(">IIIIIHHBB", number, stored.shape[1], stored.shape[0], 0, 0, delay, 1000, 0, 0)
        _put(file, b"fcTL", control)
        number += 1
        for body in compressed(stored):
            if index == 0:
                _put(file, b"IDAT", body)
            else:
                _put(file, b"fdAT", struct.pack(">I", number) + body)
                number += 1


def _put(file: BinaryIO, type_: bytes, body: bytes) -> None:
    file.write(struct.pack(">I", len(body)) + type_ + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(type_))))


def compressed(stored: Stored) -> Iterator[bytes]:
    """Compress a frame to the bodies of its IDAT chunks."""
    if stored.dtype == np.uint16:
        return _compressed_deep(stored)
    return (chunk.body for chunk in chunks(_plain_file(stored)) if chunk.type == b"IDAT")


def _plain_file(stored: Stored) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(stored[:, :, 0] if stored.shape[2] == 1 else stored).save(file, "PNG")
    return file.getvalue()


def _compressed_deep(stored: Stored) -> Iterator[bytes]:
    """Compress 16-bit samples, which Pillow would cut to 8, every row as differences to the pixel before (filter type 1)."""
    deflater = zlib.compressobj(6)
    step = 2 * stored.shape[2]
    for row in range(0, stored.shape[0], 256):
        raw = stored[row : row + 256].astype(">u2").view(np.uint8).reshape(-1, stored.shape[1] * step)
        rows = np.empty((raw.shape[0], 1 + raw.shape[1]), np.uint8)
        rows[:, 0] = 1
        rows[:, 1 : 1 + step] = raw[:, :step]
        rows[:, 1 + step :] = raw[:, step:] - raw[:, :-step]
        part = deflater.compress(rows.tobytes())
        if part:
            yield part
    yield deflater.flush()
