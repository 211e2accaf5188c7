"""JPEG entries: every segment that can carry a name, second pictures, orientations, colour spaces."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

from tests.benchmark.hostile.containers import exif, jpeg_with, profile, saved, segment
from tests.benchmark.hostile.entries import CONVERTED, LOSSY, Entry, scene, turned, written

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"


def entries(rng, tokens):
    """Yield the entries."""
    yield from _metadata(rng, tokens)
    yield from _second_pictures(rng, tokens)
    yield from _beside_segments(rng, tokens)
    yield from _orientations(rng, tokens)
    yield from _colours(rng, tokens)


def _plain(rng, quality=92, subsampling=2, samples=3, **options):
    picture = scene(rng, samples)
    return saved(picture, "JPEG", quality=quality, **({} if samples == 1 else {"subsampling": subsampling}), **options)


def _looks(data):
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    return (pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis],)


def _hidden(name, place, token, base, data):
    return Entry(name, data, place, token, frames=_looks(base), psnr=LOSSY)


def _metadata(rng, tokens):
    def app(number, body):
        return lambda text: segment(0xE0 + number, body(text))

    thumbnail = saved(written("ZELENKOVA JANA", 90, 120), "JPEG")
    kinds = {
        "exif": app(1, lambda text: b"Exif\0\0" + exif(text.decode())),
        "exif thumbnail": app(1, lambda text: b"Exif\0\0" + exif(text.decode(), thumbnail=_named(thumbnail, text))),
        "xmp": app(1, lambda text: _XMP + b"<x:xmpmeta><dc:creator>" + text + b"</dc:creator></x:xmpmeta>"),
        "extended xmp": app(1, lambda text: _MORE_XMP + bytes(32) + struct.pack(">II", len(text), 0) + text),
        "iptc": app(13, lambda text: _resource(0x0404, b"\x1c\x02\x50\0" + bytes([len(text)]) + text)),
        "photoshop thumbnail": app(13, lambda text: _resource(0x040C, bytes(28) + text)),
        "comment": lambda text: segment(0xFE, text),
        "jfxx thumbnail": app(0, lambda text: b"JFXX\0\x13" + bytes([8, 2]) + (text * 4)[:48]),
        "app4": app(4, lambda text: b"SCALADO\0" + text),
        "app7": app(7, lambda text: b"Qualcomm " + text),
        "app9": app(9, lambda text: b"Media Jukebox\0" + text),
        "app11 c2pa": app(11, lambda text: b"JP\0\1\0\0\0\1\0\0\0\x40jumb" + text),
        "app12 ducky": app(12, lambda text: b"Ducky\0\2" + struct.pack(">H", len(text)) + text),
        "app15": app(15, lambda text: b"Text\0" + text),
    }
    for kind, make in kinds.items():
        token, base = tokens.new(), _plain(rng)
        yield _hidden(f"jpeg/{kind}.jpg", f"JPEG {kind}", token, base, jpeg_with(base, make(token.encode())))
    token, base = tokens.new(), _plain(rng)
    two = segment(0xE1, b"Exif\0\0" + exif("none")) + segment(0xE1, b"Exif\0\0" + exif(token))
    yield _hidden("jpeg/two exif.jpg", "JPEG second EXIF segment", token, base, jpeg_with(base, two))
    token, base = tokens.new(), _plain(rng, progressive=True)
    yield _hidden("jpeg/progressive.jpg", "JPEG progressive, comment", token, base, jpeg_with(base, segment(0xFE, token.encode())))


def _named(data, text):
    return jpeg_with(data, segment(0xFE, text))


def _resource(number, body):
    """A Photoshop image resource."""
    return b"Photoshop 3.0\x008BIM" + struct.pack(">HHI", number, 0, len(body)) + body


def _second_pictures(rng, tokens):
    token, base = tokens.new(), _plain(rng)
    second = jpeg_with(saved(written("ZELENKOVA JANA"), "JPEG"), segment(0xFE, token.encode()))
    entry = struct.pack(">IIIHH", 0x030000, len(base) + 90, 0, 0, 0) + struct.pack(">IIIHH", 0, len(second), len(base) + 90, 0, 0)
    index = b"MPF\0MM\0*\0\0\0\x08\0\x03" + struct.pack(">HHI4s", 0xB000, 7, 4, b"0100") + struct.pack(">HHII", 0xB001, 4, 1, 2)
    index += struct.pack(">HHII", 0xB002, 7, len(entry), 50) + bytes(4) + entry
    yield _hidden("jpeg/mpf.jpg", "JPEG second picture (MPF)", token, base, jpeg_with(base, segment(0xE2, index)) + second)
    behind = {
        "motion": ("motion photo", lambda text: b"\0\0\0\x18ftypmp42" + bytes(12) + b"\0\0\0\x40udta" + text),
        "trailer": ("Samsung trailer", lambda text: b"\0\0\1\x0aImage_UTC_Data" + text + b"SEFT"),
        "zip behind": ("with a ZIP behind it", lambda text: b"PK\3\4" + bytes(26) + text),
        "cropped": ("rest of the uncropped picture", lambda text: _rest() + text + b"\xff\xd9"),
    }
    for name, (place, make) in behind.items():
        token, base = tokens.new(), _plain(rng)
        yield _hidden(f"jpeg/{name}.jpg", f"JPEG {place}", token, base, base + make(token.encode()))


def _rest():
    return saved(written("ZELENKOVA JANA"), "JPEG")[400:-2]


def _beside_segments(rng, tokens):
    token, base = tokens.new(), _plain(rng)
    late = base[:-2] + segment(0xFE, token.encode()) + base[-2:]
    yield _hidden("jpeg/late comment.jpg", "JPEG comment behind the scan", token, base, late)
    token, base = tokens.new(), _plain(rng)
    stray = base[:2] + segment(0xFE, b"x") + token.encode() + base[2:]
    yield _hidden("jpeg/stray.jpg", "JPEG bytes between segments", token, base, stray)
    token, base = tokens.new(), _plain(rng)
    table = bytes([3]) + (token.encode() * 8)[:64]
    yield _hidden("jpeg/unused table.jpg", "JPEG unused quantisation table", token, base, jpeg_with(base, segment(0xDB, table)))


def _orientations(rng, tokens):
    for orientation in range(1, 9):
        token, upright = tokens.new(), scene(rng)
        base = saved(turned(upright, orientation), "JPEG", quality=92, subsampling=(0, 1, 2)[orientation % 3])
        look = turned(_looks(base)[0], {6: 8, 8: 6}.get(orientation, orientation))
        data = jpeg_with(base, segment(0xE1, b"Exif\0\0" + exif(token, orientation=orientation)))
        yield Entry(
            f"jpeg/orientation {orientation}.jpg", data, f"JPEG orientation {orientation}", token, frames=(look,), psnr=LOSSY
        )


def _colours(rng, tokens):
    from PIL import ImageCms

    token, base = tokens.new(), _plain(rng, samples=1)
    yield _hidden("jpeg/grey.jpg", "JPEG grey, comment", token, base, jpeg_with(base, segment(0xFE, token.encode())))
    token = tokens.new()
    wide = profile(token)
    data = saved(scene(rng), "JPEG", quality=95, subsampling=0, icc_profile=wide)
    source = ImageCms.ImageCmsProfile(io.BytesIO(wide))
    look = ImageCms.profileToProfile(Image.open(io.BytesIO(data)), source, ImageCms.createProfile("sRGB"))
    yield Entry("jpeg/wide gamut.jpg", data, "JPEG colour profile", token, frames=(np.asarray(look),), psnr=CONVERTED)
    token = tokens.new()
    inks = Image.fromarray(scene(rng)).convert("CMYK")
    data = saved(inks, "JPEG", quality=95)
    look = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    yield Entry(
        "jpeg/cmyk.jpg", jpeg_with(data, segment(0xFE, token.encode())), "JPEG CMYK, comment", token, frames=(look,), psnr=CONVERTED
    )
    for quality in (50, 75, 100):
        token, base = tokens.new(), _plain(rng, quality=quality)
        data = jpeg_with(base, segment(0xFE, token.encode()))
        yield _hidden(f"jpeg/quality {quality}.jpg", f"JPEG quality {quality}, comment", token, base, data)
