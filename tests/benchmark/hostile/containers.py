"""Picture files taken apart and put together by hand, so that anything can be hidden anywhere in them."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def saved(pixels, kind, **options):
    """Pixels, (rows, columns[, samples]) uint8, or an image, as a file of one of Pillow's formats."""
    file = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.squeeze(pixels))
    image.save(file, kind, **options)
    return file.getvalue()


def film(frames, kind, **options):
    """Frames as an animated file."""
    first, *others = [Image.fromarray(np.squeeze(frame)) for frame in frames]
    return saved(first, kind, save_all=True, append_images=others, **options)


# -- PNG


def png_chunk(type_, body):
    return struct.pack(">I", len(body)) + type_ + body + struct.pack(">I", zlib.crc32(type_ + body))


def png_with(data, type_, body, before=b"IDAT"):
    """Insert a chunk before the first of another type."""
    at = data.index(before) - 4
    return data[:at] + png_chunk(type_, body) + data[at:]


def png_of(pixels, *, depth=8, colour=None, chunks=(), tail=b"", packed=None):
    """Write a PNG by hand: 8 or 16 bit samples, extra chunks before IDAT, bytes after the compressed stream."""
    rows, columns, samples = pixels.shape
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[samples] if colour is None else colour
    lines = packed if packed is not None else [line.astype(f">u{depth // 8}").tobytes() for line in pixels]
    stream = zlib.compress(b"".join(b"\0" + line for line in lines)) + tail
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, depth, colour, 0, 0, 0))
    extra = b"".join(png_chunk(*chunk) for chunk in chunks)
    return PNG_SIGNATURE + head + extra + png_chunk(b"IDAT", stream) + png_chunk(b"IEND", b"")


# -- JPEG


def segment(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg_with(data, *segments):
    """Insert whole segments behind the start of image."""
    return data[:2] + b"".join(segments) + data[2:]


# -- TIFF and EXIF


def directory(tags, at, *, order="<", following=0):
    """Pack a TIFF directory for an offset: (tag, type, values or bytes) each, values that do not fit behind it."""
    codes = {1: "B", 3: "H", 4: "I", 5: "II", 9: "i", 12: "d"}
    entries, outside = b"", b""
    past = at + 6 + 12 * len(tags)
    for tag, kind, values in sorted(tags, key=lambda entry: entry[0]):
        body = (
            values if isinstance(values, bytes) else struct.pack(order + codes[kind] * (len(values) // len(codes[kind])), *values)
        )
        count = len(values) if isinstance(values, bytes) else len(values) // len(codes[kind])
        if len(body) > 4:
            outside += b"\0" * (len(outside) % 2)
            place = struct.pack(order + "I", past + len(outside))
            outside += body
        else:
            place = body.ljust(4, b"\0")
        entries += struct.pack(order + "HHI", tag, kind, count) + place
    return struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "I", following) + outside


def exif(token, *, orientation=None, thumbnail=None):
    """An EXIF block (without the JPEG prefix) that names the token in every text, in GPS, maker note and thumbnail."""
    text = token.encode() + b"\0"
    shown = [(271, 2, b"Apple\0"), (272, 2, b"iPhone 15 Pro\0"), (270, 2, text), (315, 2, text), (306, 2, b"2024:03:12 08:15:00\0")]
    shown += [(0x9C9D, 1, token.encode("utf-16-le") + b"\0\0"), (700, 1, b"<x:xmpmeta>" + text + b"</x:xmpmeta>")]
    if orientation:
        shown.append((274, 3, [orientation]))
    details = [
        (0x927C, 7, b"MAKER" + text),
        (0x9286, 7, b"ASCII\0\0\0" + text),
        (0xA431, 2, text),
        (0xA430, 2, text),
        (0xA435, 2, text),
    ]
    place = [(1, 2, b"N\0"), (2, 5, [52, 1, 31, 1, 12, 1]), (3, 2, b"E\0"), (4, 5, [13, 1, 24, 1, 36, 1]), (29, 2, b"2024:03:12\0")]
    size = 8 + len(directory([*shown, (0x8769, 4, [0]), (0x8825, 4, [0])], 8))
    details_at = size
    place_at = details_at + len(directory(details, details_at))
    next_at = place_at + len(directory(place, place_at))
    first = directory([*shown, (0x8769, 4, [details_at]), (0x8825, 4, [place_at])], 8, following=next_at if thumbnail else 0)
    block = b"II*\0" + struct.pack("<I", 8) + first + directory(details, details_at) + directory(place, place_at)
    if thumbnail:
        small_at = next_at + len(directory([(259, 3, [6]), (513, 4, [0]), (514, 4, [0])], next_at))
        block += directory([(259, 3, [6]), (513, 4, [small_at]), (514, 4, [len(thumbnail)])], next_at) + thumbnail
    return block


def tiff_of(pages, *, order="<", gap=b""):
    """Write a TIFF by hand: (pixels, extra tags) a page, uncompressed; pixels (rows, columns, samples)."""
    data = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(gap)) + gap
    for number, (pixels, extra) in enumerate(pages):
        rows, columns, samples = pixels.shape
        kind = {"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]
        depth = pixels.dtype.itemsize * 8
        tags = {256: (4, [columns]), 257: (4, [rows]), 258: (3, [depth] * samples), 259: (3, [1])}
        tags |= {262: (3, [2 if samples > 2 else 1]), 273: (4, [0]), 277: (3, [samples]), 278: (4, [rows])}
        tags |= {279: (4, [pixels.nbytes]), 284: (3, [1]), 339: (3, [kind] * samples)}
        if samples in (2, 4):
            tags[338] = (3, [2])
        tags |= {tag: (type_, values) for tag, type_, values in extra}
        rows_of = [(tag, *value) for tag, value in tags.items()]
        at = len(data)
        place = at + len(directory(rows_of, at, order=order))
        end = place + pixels.nbytes + pixels.nbytes % 2
        rows_of = [(tag, *((4, [place]) if tag == 273 else value)) for tag, value in tags.items()]
        body = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
        following = end if number < len(pages) - 1 else 0
        data += directory(rows_of, at, order=order, following=following) + body + b"\0" * (pixels.nbytes % 2)
    return data


# -- RIFF and GIF


def riff_chunk(type_, body):
    return type_ + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def riff_with(data, *chunks, rows, columns, flags=0):
    """Rebuild a still WebP as an extended one with more chunks."""
    screen = bytes([flags, 0, 0, 0]) + (columns - 1).to_bytes(3, "little") + (rows - 1).to_bytes(3, "little")
    inner = data[12:] if data[12:16] == b"VP8X" else riff_chunk(b"VP8X", screen) + data[12:]
    body = b"WEBP" + inner + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def gif_blocks(body):
    """Cut bytes into a GIF's sub-blocks."""
    return b"".join(bytes([len(body[at : at + 255])]) + body[at : at + 255] for at in range(0, len(body), 255)) + b"\0"


def gif_with(data, block):
    """Insert a block before the first frame."""
    table = 3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0
    return data[: 13 + table] + block + data[13 + table :]


# -- colour profiles


def profile(
    token, columns=((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)), gamma=2.19921875
):
    """A matrix profile (by default as wide as Adobe RGB) that names the token in its description and copyright."""

    def fixed(*numbers):
        return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)

    white = fixed(0.9642, 1.0, 0.8249)
    tags = {name: b"XYZ \0\0\0\0" + fixed(*column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
    tags |= {name: b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(gamma * 256), 0) for name in (b"rTRC", b"gTRC", b"bTRC")}
    text = token.encode() + b"\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    tags |= {b"wtpt": b"XYZ \0\0\0\0" + white, b"cprt": b"text\0\0\0\0" + text, b"desc": described}
    table, body, at = b"", b"", 132 + 12 * len(tags)
    for name, value in tags.items():
        table += struct.pack(">4sII", name, at + len(body), len(value))
        body += value + b"\0" * (-len(value) % 4)
    head = bytearray(128)
    head[8:12], head[12:16], head[16:20], head[20:24], head[36:40], head[68:80] = (
        b"\x02\x40\0\0",
        b"mntr",
        b"RGB ",
        b"XYZ ",
        b"acsp",
        white,
    )
    whole = bytes(head) + struct.pack(">I", len(tags)) + table + body
    return struct.pack(">I", len(whole)) + whole[4:]
