"""WebP files, chunk by chunk: walking one to its last byte, and writing one that holds pixels and frame times only."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from PIL import Image

from deid.formats.quality import WANTED_PSNR, as_picture, psnr
from deid.types import Frames, Region

if TYPE_CHECKING:
    from deid.formats.header import PictureHeader

_PIXEL_CHUNKS = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF")
_NAMED_CHUNKS = {b"EXIF": "EXIF", b"XMP ": "XMP", b"ICCP": "ICCProfile"}
_ANIMATION, _ALPHA = 0x02, 0x10
_FRAME_HEAD = 16
# Compression effort: 0 fast to 6 small; the file is a few percent larger than at 6 and made in a tenth of the time.
_EFFORT = 2


# As lossy pictures are tried, from small to true; lossless is what is left.
_QUALITIES = (90, 95, 100)


class Chunk(NamedTuple):
    """One RIFF chunk: its type and its body."""

    type: bytes
    body: bytes


def chunks(data: bytes) -> Iterator[Chunk]:
    """Walk RIFF chunks up to the first that does not fit."""
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + length > len(data):
            return
        yield Chunk(data[at : at + 4], data[at + 8 : at + 8 + length])
        at += 8 + length + length % 2


def removed_parts(data: bytes) -> Iterator[str]:
    """Name what a source holds beside its pixels; names of unknown chunks are not repeated, they may say anything."""
    end = 8 + int.from_bytes(data[4:8], "little")
    for chunk in chunks(data[12:end]):
        if chunk.type not in _PIXEL_CHUNKS:
            yield _NAMED_CHUNKS.get(chunk.type, "PrivateChunk")
    if end + end % 2 < len(data):
        yield "TrailingBytes"


def strangers(data: bytes) -> tuple[str, ...]:
    """Name whatever a WebP file of ours would not hold; every byte is accounted for."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or int.from_bytes(data[4:8], "little") != len(data) - 8:
        return ("signature",)
    walked = list(chunks(data[12:]))
    if b"".join(_chunk(chunk.type, chunk.body) for chunk in walked) != data[12:]:
        return ("slack",)
    types = [chunk.type for chunk in walked]
    if types in ([b"VP8L"], [b"VP8 "]):
        return ()
    if types[:2] != [b"VP8X", b"ANIM"] or set(types[2:]) != {b"ANMF"}:
        return ("order",)
    if walked[0].body[0] & ~(_ANIMATION | _ALPHA) or any(walked[0].body[1:4]) or len(walked[0].body) != 10:
        return ("VP8X",)
    if len(walked[1].body) != 6 or any(walked[1].body[:4]):
        return ("ANIM",)
    return tuple("ANMF" for chunk in walked[2:] if not _frame_is_plain(chunk.body))


def _frame_is_plain(body: bytes) -> bool:
    inner = list(chunks(body[_FRAME_HEAD:]))
    whole = len(inner) == 1 and inner[0].type == b"VP8L" and body[_FRAME_HEAD:] == _chunk(*inner[0])
    return whole and not any(body[:6])


def encode(frames: Frames, header: PictureHeader, file: BinaryIO, masks: Sequence[Region] = ()) -> None:
    """Write frames as WebP, each whole: lossless, or one picture from a lossy source as true as is asked for."""
    body = _animation(frames, header) if frames.count > 1 else _still(as_picture(frames.stored(0)), frames.lossy, masks)
    file.write(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body)


def _still(picture: Image.Image, lossy: bool, masks: Sequence[Region]) -> bytes:
    for quality in _QUALITIES if lossy and picture.mode == "RGB" else ():
        draft = io.BytesIO()
        picture.save(draft, "WEBP", quality=quality)
        if psnr(picture, draft.getvalue(), masks) >= WANTED_PSNR:
            return draft.getvalue()[12:]
    return _chunk(b"VP8L", _lossless(picture))


def _animation(frames: Frames, header: PictureHeader) -> bytes:
    rows, columns = frames.shape(0)
    parts, alpha = [], False
    for index in range(frames.count):
        stored = frames.stored(index)
        alpha = alpha or stored.shape[2] in (2, 4)
        duration = header.durations[index] if index < len(header.durations) else 0
        # Flag 2: the frame replaces what was there instead of being blended with it.
        head = bytes(6) + _three(columns - 1) + _three(rows - 1) + _three(min(duration, 0xFFFFFF)) + b"\x02"
        parts.append(_chunk(b"ANMF", head + _chunk(b"VP8L", _lossless(as_picture(stored)))))
    flags = _ANIMATION | (_ALPHA if alpha else 0)
    screen = bytes([flags, 0, 0, 0]) + _three(columns - 1) + _three(rows - 1)
    loop = bytes(4) + struct.pack("<H", min(header.loop, 65535))
    return _chunk(b"VP8X", screen) + _chunk(b"ANIM", loop) + b"".join(parts)


def _chunk(type_: bytes, body: bytes) -> bytes:
    return type_ + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _lossless(picture: Image.Image) -> bytes:
    """Compress a frame: the VP8L stream as an ordinary encoder makes it, taken out of the file that it makes."""
    draft = io.BytesIO()
    image = picture.convert("RGBA" if picture.mode in ("LA", "RGBA") else "RGB")
    image.save(draft, "WEBP", lossless=True, exact=True, method=_EFFORT)
    return next(chunk.body for chunk in chunks(draft.getvalue()[12:]) if chunk.type == b"VP8L")
