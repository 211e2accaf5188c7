"""The walkers know every byte of a written file: whatever is added, moved or changed has a name."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deid.errors import FileRefused
from deid.formats import recognise
from deid.formats.arrays import PixelFrames
from deid.formats.header import PictureHeader
from deid.formats.raster import encode
from deid.policy import Policy
from tests.benchmark.hostile.containers import exif, gif_blocks, gif_with, jpeg_with, png_with, riff_chunk, segment, tiff_of
from tests.benchmark.hostile.entries import scene

SECRET = "DOE^JANE"


def written(kind, count=1, samples=3):
    rng = np.random.default_rng(11)
    few = [(scene(rng, samples, 40, 60) // 64 * 64).astype(np.uint8) for _ in range(count)]
    file = io.BytesIO()
    encode(kind, PixelFrames.of(few), PictureHeader(kind, (100,) * count if count > 1 else ()), file)
    return file.getvalue()


CLEAN = {kind: written(kind) for kind in ("png", "jpeg", "gif", "tiff", "webp", "bmp", "pnm")}
CLEAN |= {f"{kind} film": written(kind, 3) for kind in ("png", "gif", "tiff", "webp")}
CLEAN |= {f"{kind} grey": written(kind, 1, 1) for kind in ("png", "jpeg", "gif", "tiff", "webp", "bmp", "pnm")}


def strangers(data):
    return recognise(data, "draft").strangers(data)


@pytest.mark.parametrize("name", CLEAN)
def test_what_we_write_holds_no_stranger(name):
    assert strangers(CLEAN[name]) == ()


@pytest.mark.parametrize("name", CLEAN)
def test_bytes_behind_the_end_are_named_and_not_quoted(name):
    found = strangers(CLEAN[name] + SECRET.encode())
    assert found and SECRET not in repr(found)


INJECTED = {
    "png text": (lambda: png_with(CLEAN["png"], b"tEXt", b"Author\0DOE"), "tEXt"),
    "png private": (lambda: png_with(CLEAN["png"], b"jaNE", b"x"), "PrivateChunk"),
    "png time": (lambda: png_with(CLEAN["png"], b"tIME", b"\x07\xe8\3\x0c\1\1\1"), "tIME"),
    "png palette": (lambda: png_with(CLEAN["png"], b"PLTE", b"DOEJAN"), "PLTE"),
    "png checksum": (lambda: CLEAN["png"][:-1] + b"\0", "checksum"),
    "png tail": (lambda: _with_stream_tail(CLEAN["png"]), "IDAT"),
    "png odd header": (lambda: _png_header(CLEAN["png"]), "IHDR"),
    "jpeg exif": (lambda: jpeg_with(CLEAN["jpeg"], segment(0xE1, b"Exif\0\0" + exif(SECRET))), "EXIF"),
    "jpeg comment": (lambda: jpeg_with(CLEAN["jpeg"], segment(0xFE, b"DOE")), "COM"),
    "jpeg late comment": (lambda: CLEAN["jpeg"][:-2] + segment(0xFE, b"DOE") + CLEAN["jpeg"][-2:], "COM"),
    "jpeg stray": (lambda: CLEAN["jpeg"][:20] + b"DOE" + CLEAN["jpeg"][20:], "StrayBytes"),
    "jpeg jfif thumbnail": (lambda: CLEAN["jpeg"].replace(_JFIF, _JFIF[:-2] + b"\1\1"), "APP0"),
    "jpeg unused table": (lambda: jpeg_with(CLEAN["jpeg"], segment(0xDB, b"\3" + b"J" * 64)), "DQT"),
    "jpeg adobe": (lambda: jpeg_with(CLEAN["jpeg"], segment(0xEE, b"Adobe" + bytes(7))), "APP14"),
    "jpeg fill": (lambda: CLEAN["jpeg"][:-2] + b"\xff" + CLEAN["jpeg"][-2:], "fill"),
    "gif comment": (lambda: gif_with(CLEAN["gif"], b"\x21\xfe" + gif_blocks(b"DOE")), "Comment"),
    "gif application": (lambda: gif_with(CLEAN["gif"], b"\x21\xff\x0bPACSVIEW1.0" + gif_blocks(b"DOE")), "Application"),
    "gif palette": (lambda: _gif_palette(CLEAN["gif"]), "image"),
    "tiff other writer": (lambda: tiff_of([(scene(np.random.default_rng(1)), [(270, 2, b"DOE\0")])]), "0x010E"),
    "webp exif": (lambda: _riff(CLEAN["webp"], riff_chunk(b"EXIF", b"DOE")), "order"),
    "webp unknown in film": (lambda: _riff(CLEAN["webp film"], riff_chunk(b"JANE", b"DOE")), "order"),
    "bmp header": (lambda: CLEAN["bmp"][:6] + b"DOE!" + CLEAN["bmp"][10:], "header"),
    "pnm comment": (lambda: CLEAN["pnm"].replace(b"P6\n", b"P6\n# DOE\n", 1), "header"),
}  # fmt: skip
_JFIF = CLEAN["jpeg"][6:20]


def _with_stream_tail(data):
    at = data.index(b"IDAT") - 4
    length = int.from_bytes(data[at : at + 4], "big")
    body = data[at + 8 : at + 8 + length] + b"DOE"
    return png_with(data[:at] + data[at + 12 + length :], b"IDAT", body, before=b"IEND")


def _png_header(data):
    return png_with(data[:8] + data[33:], b"IHDR", data[16:28] + b"\1", before=b"IDAT")


def _gif_palette(data):
    at = data.index(b"\x2c", 13) + 10
    size = 3 << ((data[at - 1] & 7) + 1)
    return data[: at + size - 3] + b"DOE" + data[at + size :]


def _riff(data, chunk):
    return b"RIFF" + struct.pack("<I", len(data) - 8 + len(chunk)) + data[8:] + chunk


@pytest.mark.parametrize("name", INJECTED)
def test_a_stranger_is_named(name):
    make, stranger = INJECTED[name]
    found = strangers(make())
    assert stranger in found and "DOE" not in repr(found) and "jaNE" not in repr(found)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([name for name in CLEAN if "jpeg" not in name]), st.data())
def test_no_inserted_byte_goes_unnoticed(name, data):
    clean = CLEAN[name]
    at = data.draw(st.integers(0, len(clean)))
    more = data.draw(st.binary(min_size=1, max_size=12))
    changed = clean[:at] + more + clean[at:]
    try:
        found = strangers(changed)
        if not found:
            recognise(changed, "draft").read(changed, Policy())
    except FileRefused:
        return
    assert found


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(CLEAN)), st.data())
def test_damage_is_a_refusal_never_a_crash(name, data):
    clean = bytearray(CLEAN[name])
    for _ in range(data.draw(st.integers(1, 4))):
        clean[data.draw(st.integers(0, len(clean) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(clean[: data.draw(st.integers(1, len(clean)))])
    try:
        form = recognise(cut, "a.png")
        form.strangers(cut)
        instance = form.read(cut, Policy())
        for index in range(instance.frames.count):
            instance.frames.stored(index)
    except FileRefused:
        pass
