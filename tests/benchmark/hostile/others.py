"""Entries in WebP, GIF, BMP, PNM, HEIC and AVIF."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

from tests.benchmark.hostile.containers import exif, film, gif_blocks, gif_with, profile, riff_chunk, riff_with, saved
from tests.benchmark.hostile.entries import COLUMNS, CONVERTED, LOSSY, ROWS, Entry, scene, turned, written


def entries(rng, tokens):
    """Yield the entries."""
    yield from _webps(rng, tokens)
    yield from _gifs(rng, tokens)
    yield from _bmps(rng, tokens)
    yield from _pnms(rng, tokens)
    yield from _heifs(rng, tokens)


def _webps(rng, tokens):
    kinds = {"EXIF": (b"EXIF", 8), "XMP": (b"XMP ", 4), "unknown chunk": (b"JANE", 0)}
    for kind, (type_, flags) in kinds.items():
        token, picture = tokens.new(), scene(rng)
        body = exif(token) if type_ == b"EXIF" else token.encode()
        data = riff_with(saved(picture, "WEBP", lossless=True), riff_chunk(type_, body), rows=ROWS, columns=COLUMNS, flags=flags)
        yield Entry(f"webp/{kind}.webp", data, f"WebP {kind}", token, frames=(picture,))
    token, picture = tokens.new(), scene(rng)
    data = saved(picture, "WEBP", lossless=True, icc_profile=profile(token))
    yield Entry(
        "webp/profile.webp", data, "WebP colour profile", token, frames=(_in_srgb(picture, profile(token)),), psnr=CONVERTED
    )
    token, picture = tokens.new(), scene(rng)
    yield Entry(
        "webp/trailing.webp", saved(picture, "WEBP", lossless=True) + token.encode(), "WebP trailing", token, frames=(picture,)
    )
    token = tokens.new()
    data = saved(scene(rng), "WEBP", quality=90, xmp=token.encode())
    yield Entry(
        "webp/lossy.webp",
        data,
        "WebP lossy, XMP",
        token,
        frames=(_rgb(data),),
        psnr=LOSSY,
    )
    token, picture = tokens.new(), scene(rng, 4)
    secret = np.concatenate([written(token), np.zeros((ROWS, COLUMNS, 1), np.uint8)], axis=2)
    source, look = picture.copy(), picture.copy()
    source[40:140], look[40:140] = secret[40:140], 0
    data = saved(source, "WEBP", lossless=True, exact=True)
    yield Entry("webp/hidden colour.webp", data, "WebP under alpha 0", token, frames=(look,))
    token, picture = tokens.new(), scene(rng)
    data = saved(turned(picture, 6), "WEBP", lossless=True, exif=exif(token, orientation=6))
    yield Entry("webp/orientation 6.webp", data, "WebP orientation 6", token, frames=(picture,))
    token, frames = tokens.new(), [scene(rng) for _ in range(4)]
    data = film(frames, "WEBP", lossless=True, duration=100, xmp=token.encode())
    yield Entry("webp/animated.webp", data, "WebP animated, XMP", token, frames=tuple(frames))


def _rgb(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _in_srgb(picture, wide):
    from PIL import ImageCms

    source = ImageCms.ImageCmsProfile(io.BytesIO(wide))
    return np.asarray(ImageCms.profileToProfile(Image.fromarray(picture), source, ImageCms.createProfile("sRGB")))


def _gifs(rng, tokens):
    kinds = {
        "comment": lambda text: b"\x21\xfe" + gif_blocks(text),
        "application": lambda text: b"\x21\xff\x0bPACSVIEW1.0" + gif_blocks(text),
        "xmp": lambda text: b"\x21\xff\x0bXMP DataXMP" + gif_blocks(text),
        "plain text": lambda text: b"\x21\x01\x0c" + struct.pack("<HHHHBBBB", 0, 0, 8, 8, 8, 8, 1, 0) + gif_blocks(text),
        "unknown extension": lambda text: b"\x21\xaa" + gif_blocks(text),
    }
    for kind, make in kinds.items():
        token = tokens.new()
        data, look = _gif(rng)
        yield Entry(f"gif/{kind}.gif", gif_with(data, make(token.encode())), f"GIF {kind}", token, frames=(look,))
    token = tokens.new()
    data, look = _gif(rng)
    yield Entry("gif/trailing.gif", data + token.encode(), "GIF bytes behind the trailer", token, frames=(look,))
    token = tokens.new()
    indexed = Image.fromarray(scene(rng)).quantize(64)
    look = np.asarray(indexed.convert("RGB"))
    indexed.putpalette(bytes(indexed.getpalette()[: 3 * 64]) + (token.encode() * 40)[: 3 * 128])
    yield Entry("gif/palette.gif", saved(indexed, "GIF", optimize=False), "GIF unused palette entries", token, frames=(look,))
    token = tokens.new()
    frames = [Image.fromarray(scene(rng)).quantize(100) for _ in range(5)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=120, comment=token.encode())
    yield Entry(
        "gif/animated.gif", data, "GIF animated, comment", token, frames=tuple(np.asarray(frame.convert("RGB")) for frame in frames)
    )


def _gif(rng):
    indexed = Image.fromarray(scene(rng)).quantize(128)
    return saved(indexed, "GIF"), np.asarray(indexed.convert("RGB"))


def _bmps(rng, tokens):
    token, picture = tokens.new(), scene(rng)
    yield Entry("bmp/trailing.bmp", saved(picture, "BMP") + token.encode(), "BMP trailing bytes", token, frames=(picture,))
    token, picture = tokens.new(), scene(rng)
    data = saved(picture, "BMP")
    gap = (token.encode() * 3)[:32]
    moved = data[:2] + struct.pack("<IHHI", len(data) + 32, 0, 0, 54 + 32) + data[14:54] + gap + data[54:]
    yield Entry("bmp/gap.bmp", moved, "BMP gap before the pixels", token, frames=(picture,))
    token, picture = tokens.new(), scene(rng, 3, ROWS, 239)
    data = bytearray(saved(picture, "BMP"))
    letters = (token * 40).encode()
    for row in range(ROWS):
        at = 54 + row * 720 + 717
        data[at : at + 3] = letters[3 * row : 3 * row + 3]
    yield Entry("bmp/padding.bmp", bytes(data), "BMP row padding", token, frames=(picture,))
    token = tokens.new()
    indexed = Image.fromarray(scene(rng)).quantize(200)
    yield Entry("bmp/palette.bmp", saved(indexed, "BMP"), "BMP palette", token, frames=(np.asarray(indexed.convert("RGB")),))


def _pnms(rng, tokens):
    for samples, kind in ((1, "pgm"), (3, "ppm")):
        token, picture = tokens.new(), scene(rng, samples)
        data = f"P{5 if samples == 1 else 6}\n# {token}\n{COLUMNS} {ROWS}\n255\n".encode() + picture.tobytes()
        yield Entry(f"pnm/comment.{kind}", data, f"{kind.upper()} comment", token, frames=(picture,))
    token = tokens.new()
    picture = (scene(rng, 3).astype(np.uint16) * 16) + rng.integers(0, 16, (ROWS, COLUMNS, 3)).astype(np.uint16)
    data = f"P6\n# {token}\n{COLUMNS} {ROWS}\n4095\n".encode() + picture.astype(">u2").tobytes() + token.encode()
    yield Entry("pnm/12 bit.ppm", data, "PPM 12 bit, comment, trailing", token, frames=(picture,))


def _heifs(rng, tokens):
    import pillow_heif

    token, picture = tokens.new(), scene(rng)
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(picture)).save(file, quality=95, chroma=444, exif=exif(token), xmp=token.encode())
    yield Entry("heic/exif.heic", file.getvalue(), "HEIC EXIF and XMP", token, frames=(_heic(file.getvalue()),), psnr=LOSSY)
    token, picture = tokens.new(), scene(rng)
    both = pillow_heif.from_pillow(Image.fromarray(picture))
    second = Image.fromarray(written(token))
    second.info["exif"] = exif(token)
    both.add_from_pillow(second)
    file = io.BytesIO()
    both.save(file, quality=95, chroma=444, primary_index=0)
    yield Entry(
        "heic/second picture.heic", file.getvalue(), "HEIC second picture", token, frames=(_heic(file.getvalue()),), psnr=LOSSY
    )
    token, picture = tokens.new(), scene(rng)
    data = saved(picture, "AVIF", quality=95, subsampling="4:4:4", exif=exif(token), xmp=token.encode())
    yield Entry(
        "avif/exif.avif",
        data,
        "AVIF EXIF and XMP",
        token,
        frames=(_rgb(data),),
        psnr=LOSSY,
    )


def _heic(data):
    import pillow_heif

    opened = pillow_heif.open_heif(io.BytesIO(data))
    return np.asarray(opened[opened.primary_index].to_pillow().convert("RGB"))
