"""PNG entries: chunks, bytes behind the end, colour under transparency, unused palette, depths, animations."""

from __future__ import annotations

import zlib

import numpy as np
from PIL import Image

from tests.benchmark.hostile.containers import exif, film, png_chunk, png_of, png_with, profile, saved
from tests.benchmark.hostile.entries import CONVERTED, Entry, deep, scene, turned, written


def entries(rng, tokens):
    """Yield the entries."""
    yield from _chunks(rng, tokens)
    yield from _behind(rng, tokens)
    yield from _transparency(rng, tokens)
    yield from _palettes(rng, tokens)
    yield from _depths(rng, tokens)
    yield from _orientations(rng, tokens)
    yield from _films(rng, tokens)


def _chunks(rng, tokens):
    packed = zlib.compress
    kinds = {
        "tEXt": (b"tEXt", lambda text: b"Author\0" + text),
        "zTXt": (b"zTXt", lambda text: b"Comment\0\0" + packed(text)),
        "iTXt": (b"iTXt", lambda text: b"Title\0\1\0en\0\0" + packed(text)),
        "iTXt xmp": (b"iTXt", lambda text: b"XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta>" + text + b"</x:xmpmeta>"),
        "raw profile": (b"zTXt", lambda text: b"Raw profile type exif\0\0" + packed(b"\nexif\n      30\n" + text.hex().encode())),
        "eXIf": (b"eXIf", lambda text: exif(text.decode())),
        "tIME": (b"tEXt", lambda text: b"Creation Time\0" + text),
        "caBX": (b"caBX", lambda text: b"\0\0\0\x40jumb" + text),
        "private": (b"prVt", lambda text: text),
        "sPLT": (b"sPLT", lambda text: text + b"\0\x08" + bytes(6)),
    }
    for kind, (type_, body) in kinds.items():
        token, picture = tokens.new(), scene(rng)
        data = png_with(saved(picture, "PNG"), type_, body(token.encode()))
        yield Entry(f"png/{kind}.png", data, f"PNG {kind}", token, frames=(picture,))
    token, picture = tokens.new(), scene(rng)
    data = png_with(saved(picture, "PNG"), b"zTXt", b"Comment\0\0" + packed(bytes(40_000_000) + token.encode()))
    yield Entry("png/text bomb.png", data, "PNG zTXt of 40 MB", token, frames=(picture,))


def _behind(rng, tokens):
    token, picture = tokens.new(), scene(rng)
    data = saved(picture, "PNG")
    late = data[:-12] + png_chunk(b"tEXt", b"Author\0" + token.encode()) + data[-12:]
    yield Entry("png/late text.png", late, "PNG text behind the pixels", token, frames=(picture,))
    token, picture = tokens.new(), scene(rng)
    yield Entry("png/trailing.png", saved(picture, "PNG") + token.encode(), "PNG bytes behind IEND", token, frames=(picture,))
    token, picture = tokens.new(), scene(rng)
    rest = saved(written("ZELENKOVA JANA"), "PNG")[200:]
    yield Entry(
        "png/acropalypse.png", saved(picture, "PNG") + rest + token.encode(), "PNG uncropped rest", token, frames=(picture,)
    )
    token, picture = tokens.new(), scene(rng)
    yield Entry(
        "png/idat tail.png", png_of(picture, tail=token.encode()), "PNG bytes behind the pixel stream", token, frames=(picture,)
    )


def _transparency(rng, tokens):
    for samples, kind in ((4, "RGBA"), (2, "LA")):
        token, picture = tokens.new(), scene(rng, samples)
        secret = written(token)[:, :, : samples - 1]
        hidden = np.zeros(picture.shape[:2], bool)
        hidden[40:140] = True
        source = picture.copy()
        source[hidden] = np.concatenate([secret, np.zeros_like(secret[:, :, :1])], axis=2)[hidden]
        look = picture.copy()
        look[hidden] = 0
        yield Entry(f"png/hidden colour {kind}.png", saved(source, "PNG"), f"PNG {kind} under alpha 0", token, frames=(look,))
    token, picture = tokens.new(), scene(rng, 4)
    picture[:, :, 3] = np.linspace(1, 255, picture.shape[1]).astype(np.uint8)
    data = png_with(saved(picture, "PNG"), b"tEXt", b"Author\0" + token.encode())
    yield Entry("png/half transparent.png", data, "PNG half transparent, text", token, frames=(picture,))


def _palettes(rng, tokens):
    token = tokens.new()
    indexed = Image.fromarray(scene(rng)).quantize(64)
    look = np.asarray(indexed.convert("RGB"))
    unused = (token.encode() * 40)[: 3 * 128]
    indexed.putpalette(bytes(indexed.getpalette()[: 3 * 64]) + unused)
    yield Entry("png/palette.png", saved(indexed, "PNG", optimize=False), "PNG unused palette entries", token, frames=(look,))
    token = tokens.new()
    indexed = Image.fromarray(scene(rng)).quantize(32)
    look = np.array(indexed.convert("RGBA"))
    clear = np.asarray(indexed) == 3
    look[clear] = 0
    data = png_with(saved(indexed, "PNG", transparency=3), b"tEXt", b"Author\0" + token.encode())
    yield Entry("png/palette transparent.png", data, "PNG transparent palette, text", token, frames=(look,))
    for bits in (1, 2, 4):
        token = tokens.new()
        levels = (scene(rng, 1).astype(int) * (1 << bits) // 256).astype(np.uint8)
        look = (levels * (255 // ((1 << bits) - 1))).astype(np.uint8)
        lines = [_packed(line[:, 0], bits) for line in levels]
        data = png_of(levels, depth=bits, chunks=[(b"tEXt", b"Author\0" + token.encode())], packed=lines)
        yield Entry(f"png/grey {bits} bit.png", data, f"PNG {bits} bit, text", token, frames=(look,))


def _packed(line, bits):
    wide = np.unpackbits(line[:, np.newaxis], axis=1)[:, 8 - bits :]
    return np.packbits(wide.ravel()).tobytes()


def _depths(rng, tokens):
    for samples, kind in ((1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")):
        token, picture = tokens.new(), deep(rng, samples)
        data = png_of(picture, depth=16, chunks=[(b"tEXt", b"Author\0" + token.encode())])
        yield Entry(f"png/16 bit {kind}.png", data, f"PNG 16 bit {kind}, text", token, frames=(picture,))
    token, picture = tokens.new(), deep(rng, 1, 4095)
    data = png_of(picture, depth=16, chunks=[(b"tEXt", b"Author\0" + token.encode())])
    yield Entry("png/12 in 16 bit.png", data, "PNG 12 bit in 16, text", token, frames=(picture,))
    token, picture = tokens.new(), scene(rng)
    data = saved(picture, "PNG", icc_profile=profile(token))
    yield Entry("png/profile.png", data, "PNG colour profile", token, frames=(_in_srgb(picture, profile(token)),), psnr=CONVERTED)


def _in_srgb(picture, wide):
    import io

    from PIL import ImageCms

    source = ImageCms.ImageCmsProfile(io.BytesIO(wide))
    return np.asarray(ImageCms.profileToProfile(Image.fromarray(picture), source, ImageCms.createProfile("sRGB")))


def _orientations(rng, tokens):
    for orientation in (3, 6):
        token, picture = tokens.new(), scene(rng)
        data = png_with(saved(turned(picture, orientation), "PNG"), b"eXIf", exif(token, orientation=orientation))
        yield Entry(f"png/orientation {orientation}.png", data, f"PNG orientation {orientation}", token, frames=(picture,))


def _films(rng, tokens):
    token, frames = tokens.new(), [scene(rng) for _ in range(5)]
    data = png_with(film(frames, "PNG", duration=[100, 200, 100, 300, 100]), b"tEXt", b"Author\0" + token.encode())
    yield Entry("png/animated.png", data, "APNG, text", token, frames=tuple(frames))
    token, frames = tokens.new(), [scene(rng) for _ in range(3)]
    first = written(token)
    data = film([first, *frames], "PNG", duration=100, default_image=True)
    hidden = png_with(data, b"tEXt", b"Author\0" + token.encode())
    yield Entry("png/default image.png", hidden, "APNG with a hidden first picture", token, frames=tuple(frames))
