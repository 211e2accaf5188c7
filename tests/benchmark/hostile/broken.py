"""Entries that are no sound pictures: each must be refused or skipped with a record, none may come out."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import numpy as np

from tests.benchmark.hostile.containers import PNG_SIGNATURE, exif, jpeg_with, png_chunk, png_of, saved, segment, tiff_of
from tests.benchmark.hostile.entries import Entry, scene


def entries(rng, tokens):
    """Yield the entries."""
    jpeg, png = saved(scene(rng), "JPEG", quality=90), saved(scene(rng), "PNG")
    named = {
        "empty.jpg": lambda text: b"",
        "text.jpg": lambda text: b"Patient: " + text + b"\n",
        "page.png": lambda text: b"<html><body>" + text + b"</body></html>",
        "random.png": lambda text: rng.integers(0, 256, 4000).astype(np.uint8).tobytes() + text,
        "cut.jpg": lambda text: jpeg_with(jpeg, segment(0xFE, text))[: len(jpeg) // 2],
        "cut.png": lambda text: png[: len(png) // 2],
        "header only.jpg": lambda text: jpeg_with(jpeg[:2], segment(0xE1, b"Exif\0\0" + exif(text.decode()))),
        "flipped.png": lambda text: png[:2000] + bytes([png[2000] ^ 0x55]) + png[2001:] + text,
        "bomb.png": lambda text: _bomb(text),
        "bomb.tif": lambda text: _tiff_bomb(text),
        "cut.tif": lambda text: tiff_of([(scene(rng), [(270, 2, text + b"\0")])])[:4000],
        "circle.tif": lambda text: b"II*\0\x08\0\0\0" + struct.pack("<H", 0) + struct.pack("<I", 8) + text,
        "video.mp4": lambda text: b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + b"\0\0\0\x30udta" + text,
        "film.jpg": lambda text: b"\0\0\0\x18ftypqt  " + bytes(12) + text,
        "slides.pptx": lambda text: _zipped("ppt/presentation.xml", text),
        "report.docx": lambda text: _zipped("word/document.xml", text),
        "archive.zip": lambda text: _zipped("photo.jpg", jpeg + text),
        "drawing.svg": lambda text: b"<svg xmlns='http://www.w3.org/2000/svg'><text>" + text + b"</text></svg>",
        "layers.psd": lambda text: b"8BPS\0\1" + bytes(20) + text,
    }
    for name, make in named.items():
        token = tokens.new()
        yield Entry(f"broken/{name}", make(token.encode()), f"broken: {name}", token, fate="fail")
    beside = {
        "notes.txt": lambda text: b"Patient: " + text,
        "IMG_1.xmp": lambda text: b"<x:xmpmeta>" + text,
        "IMG_1.AAE": lambda text: b"<?xml version='1.0'?>" + text,
        "Thumbs.db": lambda text: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + text,
        ".DS_Store": lambda text: b"\0\0\0\1Bud1" + text,
        "._IMG_1.jpg": lambda text: b"\0\5\x16\7" + text,
    }
    for name, make in beside.items():
        token = tokens.new()
        yield Entry(f"beside/{name}", make(token.encode()), f"beside: {name}", token, fate="skip")


def _bomb(text):
    """A PNG of a few kB that says 60,000 x 60,000."""
    parts = (b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 1, 0, 0, 0, 0)), (b"tEXt", b"A\0" + text)
    pixels = (b"IDAT", zlib.compress(bytes(10_000_000))), (b"IEND", b"")
    return PNG_SIGNATURE + b"".join(png_chunk(*part) for part in parts + pixels)


def _tiff_bomb(text):
    small = tiff_of([(np.zeros((4, 4, 1), np.uint8), [(270, 2, text + b"\0")])])
    return small.replace(struct.pack("<HHI", 256, 4, 1) + struct.pack("<I", 4), struct.pack("<HHII", 256, 4, 1, 60000)).replace(
        struct.pack("<HHI", 257, 4, 1) + struct.pack("<I", 4), struct.pack("<HHII", 257, 4, 1, 60000)
    )


def _zipped(name, body):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), body)
    return file.getvalue()


def misnamed(rng, tokens):
    """Yield sound pictures under wrong or telling names."""
    for name in ("photo of a screenshot.jpg", "no extension", "PICTURE.JPEG.PNG.DAT"):
        token, picture = tokens.new(), scene(rng)
        data = png_of(picture, chunks=[(b"tEXt", b"Author\0" + token.encode())])
        yield Entry(f"names/{name}", data, "PNG under another name", token, frames=(picture,))
    for place in ("{}/scan.png", "{}.png", "MRN 4711 {} 1961-03-12.png", "Prof {} & co/deep/below.png"):
        token, picture = tokens.new(), scene(rng)
        yield Entry("names/" + place.format(token), saved(picture, "PNG"), "name in the path", token, frames=(picture,))
