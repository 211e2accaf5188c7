"""GIF files, block by block: walking one to its last byte, and writing one that holds pixels and frame times only (GIF89a)."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from deid.contents import Contents
from deid.types import Frames, Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.formats.header import PictureHeader
    from deid.types import Display, Stored

SIGNATURES = (b"GIF87a", b"GIF89a")
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL, _COMMENT, _PLAIN_TEXT, _APPLICATION = 0xF9, 0xFE, 0x01, 0xFF
_LOOP = b"\x0bNETSCAPE2.0"
# A frame keeps room for what is transparent and for the black of a mask.
_COLOURS = 255
_ALL_COLOURS = 2**24
_BAND_ROWS = 256
_GREYS = bytes(value for grey in range(256) for value in (grey, grey, grey))


class Block(NamedTuple):
    """One block: what it is, and its bytes."""

    kind: str
    body: bytes


def blocks(data: Contents) -> Iterator[Block]:
    """Walk the blocks up to the trailer, or up to the first byte that does not fit."""
    at = 13 + _table_bytes(data[10]) if len(data) >= 13 else len(data)
    yield Block("screen", data[:at])
    while at < len(data):
        end, kind = _block_end(data, at)
        if end > len(data) or not kind:
            return
        yield Block(kind, data[at:end])
        at = end
        if kind == "trailer":
            return


def _block_end(data: Contents, at: int) -> tuple[int, str]:
    if data[at] == _TRAILER:
        return at + 1, "trailer"
    if data[at] == _IMAGE and at + 10 < len(data):
        return _sub_blocks_end(data, at + 11 + _table_bytes(data[at + 9])), "image"
    if data[at] == _EXTENSION and at + 2 < len(data):
        names = {_GRAPHIC_CONTROL: "control", _COMMENT: "Comment", _PLAIN_TEXT: "PlainText", _APPLICATION: "Application"}
        loop = data[at + 2 : at + 14] == _LOOP
        return _sub_blocks_end(data, at + 2), "loop" if loop else names.get(data[at + 1], "UnknownExtension")
    return at, ""


def _sub_blocks_end(data: Contents, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def _table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def removed_parts(data: Contents) -> Iterator[str]:
    """Name what a source holds beside its frames."""
    seen = 0
    for block in blocks(data):
        seen += len(block.body)
        if block.kind[0].isupper():
            yield block.kind
    if seen < len(data):
        yield "TrailingBytes"


def strangers(data: Contents) -> tuple[str, ...]:
    """Name whatever a GIF file of ours would not hold; every byte is accounted for."""
    if not data.startswith(SIGNATURES[1]):
        return ("signature",)
    screen = next(blocks(data)).body
    found, last = list[str](), ""
    for block in blocks(data):
        last = block.kind
        if block.kind == "screen" and (len(block.body) != 13 or block.body[10:] != b"\x70\0\0"):
            found.append("screen")
        elif block.kind == "control" and (len(block.body) != 8 or block.body[2] != 4):
            found.append("control")
        elif block.kind == "loop" and (len(block.body) != 19 or block.body[14:16] != b"\x03\x01"):
            found.append("loop")
        elif block.kind == "image" and not _image_is_exact(block.body, screen):
            found.append("image")
    return (*removed_parts(data), *(["order"] if last != "trailer" else []), *found)


def _image_is_exact(body: bytes, screen: bytes) -> bool:
    """Tell whether a frame fills the screen, its palette is zero past the colours used, and its stream is what its pixels give."""
    columns, rows = struct.unpack("<HH", screen[6:10])
    if struct.unpack("<HHHH", body[1:9]) != (0, 0, columns, rows) or not body[9] & 0x80:
        return False
    table = 10 + _table_bytes(body[9])
    lone = SIGNATURES[1] + screen[6:10] + b"\x70\0\0" + body[:9] + b"\x87" + _GREYS + body[table:] + b";"
    try:
        indices = np.asarray(Image.open(io.BytesIO(lone), formats=("GIF",)).convert("L"))
    except (OSError, EOFError, ValueError):
        return False
    past = 10 + 3 * (int(indices.max()) + 1)
    return _stream(indices) == body[table:] and not any(body[past:table])


def encode(frames: Frames, header: PictureHeader, file: BinaryIO, masks: Sequence[Region] = ()) -> None:
    """Write frames as GIF, each whole and with its own palette.

    Raises
    ------
    ValueError
        Where a frame has more colours than a palette holds; `fitted` makes frames fit.
    """
    rows, columns = frames.shape(0)
    file.write(SIGNATURES[1] + struct.pack("<HH", columns, rows) + b"\x70\0\0")
    if frames.count > 1 and header.loop != 1:
        repeats = min(max(header.loop - 1, 0), 65535)
        file.write(b"\x21\xff" + _LOOP + b"\x03\x01" + struct.pack("<H", repeats) + b"\0")
    for index in range(frames.count):
        _put_frame(frames.stored(index), header.durations[index] if index < len(header.durations) else 0, file)
    file.write(bytes([_TRAILER]))


def _put_frame(stored: Stored, duration: int, file: BinaryIO) -> None:
    rows, columns = stored.shape[:2]
    palette, indices, transparent = _indexed(stored)
    bits = max(1, (len(palette) - 1).bit_length())
    flags = (2 << 2 | 1) if transparent else 1 << 2
    file.write(b"\x21\xf9\x04" + struct.pack("<BHBB", flags, min(round(duration / 10), 65535), 0, 0))
    file.write(b"\x2c" + struct.pack("<HHHHB", 0, 0, columns, rows, 0x80 | (bits - 1)))
    file.write(palette.astype(np.uint8).tobytes().ljust(3 << bits, b"\0"))
    file.write(_stream(indices))


def _indexed(stored: Stored) -> tuple[Stored, Stored, bool]:
    """Return the palette (colours, 3), the index of every pixel, and whether index 0 is transparent."""
    clear = stored[:, :, -1] == 0 if stored.shape[2] in (2, 4) else np.zeros((1, 1), np.bool_)
    transparent = bool(clear.any())
    colours = np.flatnonzero(_used(stored, clear))
    if len(colours) + transparent > 256:
        raise ValueError("A GIF frame holds 256 colours.")
    if transparent:
        colours = np.append(0, colours)
    palette = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    place = np.zeros(_ALL_COLOURS, np.uint8)
    place[colours[int(transparent) :]] = np.arange(int(transparent), len(colours))
    indices = np.empty(stored.shape[:2], np.uint8)
    for row in range(0, stored.shape[0], _BAND_ROWS):
        indices[row : row + _BAND_ROWS] = place[_packed(stored[row : row + _BAND_ROWS])]
    if transparent:
        indices[clear] = 0
    return palette, indices, transparent


def _used(stored: Stored, clear: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Tell for every colour there is whether a pixel has it; clear pixels, (rows, columns), have none."""
    used = np.zeros(_ALL_COLOURS, np.bool_)
    for row in range(0, stored.shape[0], _BAND_ROWS):
        packed = _packed(stored[row : row + _BAND_ROWS])
        used[packed if clear is None or not clear.any() else packed[~clear[row : row + _BAND_ROWS]]] = True
    return used


def _packed(stored: Stored) -> Stored:
    """Pack the colour of each pixel, (rows, columns, samples) uint8, into one number."""
    wide = stored.astype(np.int32)
    if stored.shape[2] < 3:
        return wide[:, :, 0] * 0x010101
    packed: Stored = wide[:, :, 0] << 16 | wide[:, :, 1] << 8 | wide[:, :, 2]
    return packed


def _stream(indices: Stored) -> bytes:
    """Compress palette indices, (rows, columns) uint8: LZW as an ordinary encoder makes it, taken out of the file that it makes."""
    file = io.BytesIO()
    Image.fromarray(indices).save(file, "GIF", optimize=False, interlace=0)
    image = next(block.body for block in blocks(file.getvalue()) if block.kind == "image")
    return image[10 + _table_bytes(image[9]) :]


def holds(stored: Stored) -> bool:
    """Tell whether a GIF frame can hold these pixels and a black mask, with nothing lost."""
    if stored.dtype != np.uint8:
        return False
    if stored.shape[2] in (2, 4) and not np.isin(stored[:, :, -1], (0, 255)).all():
        return False
    return int(np.count_nonzero(_used(stored))) <= _COLOURS - 1


def fitted(display: Display) -> Stored:
    """Reduce a frame, (rows, columns, 3) uint8 RGB, to colours that a GIF frame can hold beside the black of a mask."""
    if holds(display):
        return display
    few = Image.fromarray(display).quantize(_COLOURS - 1, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return np.asarray(few.convert("RGB"))
