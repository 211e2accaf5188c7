"""TIFF entries: tags, directories and gaps that carry a name; depths, pages, orientations."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from tests.benchmark.hostile.containers import directory, profile, saved, tiff_of
from tests.benchmark.hostile.entries import CONVERTED, Entry, deep, scene, turned, written


def entries(rng, tokens):
    """Yield the entries."""
    yield from _tags(rng, tokens)
    yield from _hidden_pictures(rng, tokens)
    yield from _depths(rng, tokens)
    yield from _kinds(rng, tokens)


def _tags(rng, tokens):
    kinds = {
        "description": (270, 2), "artist": (315, 2), "copyright": (33432, 2), "document": (269, 2), "page name": (285, 2),
        "host computer": (316, 2), "software": (305, 2), "xmp": (700, 1), "iptc": (33723, 7), "photoshop": (34377, 7),
        "geo": (34737, 2), "private": (50999, 2), "image id": (32781, 2), "imagej": (50839, 1),
    }  # fmt: skip
    for kind, (tag, type_) in kinds.items():
        token, picture = tokens.new(), scene(rng)
        data = tiff_of([(picture, [(tag, type_, token.encode() + b"\0")])])
        yield Entry(f"tiff/{kind}.tif", data, f"TIFF {kind}", token, frames=(picture,))
    token, picture = tokens.new(), scene(rng)
    yield Entry("tiff/gap.tif", tiff_of([(picture, [])], gap=token.encode() * 2), "TIFF bytes in a gap", token, frames=(picture,))
    token, picture = tokens.new(), scene(rng)
    yield Entry(
        "tiff/trailing.tif", tiff_of([(picture, [])]) + token.encode(), "TIFF bytes behind the end", token, frames=(picture,)
    )
    token, picture = tokens.new(), scene(rng)
    at = len(tiff_of([(picture, [(0x8769, 4, [0])])]))
    data = tiff_of([(picture, [(0x8769, 4, [at])])]) + directory([(0x9286, 7, token.encode())], at)
    yield Entry("tiff/exif.tif", data, "TIFF EXIF directory", token, frames=(picture,))


def _hidden_pictures(rng, tokens):
    token, picture = tokens.new(), scene(rng)
    secret = _spelled(token)
    data = tiff_of([(picture, []), (secret, [(254, 4, [1])])])
    yield Entry("tiff/thumbnail page.tif", data, "TIFF thumbnail page", token, frames=(picture,))
    token, picture = tokens.new(), scene(rng)
    at = len(tiff_of([(picture, [(330, 4, [0])])]))
    sub = tiff_of([(_spelled(token), [])])
    data = tiff_of([(picture, [(330, 4, [at + 8])])]) + sub
    yield Entry("tiff/sub directory.tif", data, "TIFF SubIFD", token, frames=(picture,))
    token, pages = tokens.new(), [scene(rng), scene(rng, 1), scene(rng, 3, 100, 130)]
    data = tiff_of([(page, [(285, 2, token.encode() + b"\0")]) for page in pages])
    yield Entry("tiff/pages.tif", data, "TIFF pages, page names", token, frames=tuple(pages))


def _spelled(token):
    """A small grey picture whose raw bytes spell the token."""
    row = np.frombuffer((token.encode() * 4)[:60], np.uint8)
    return np.repeat(row[np.newaxis, :, np.newaxis], 40, axis=0)


def _depths(rng, tokens):
    for samples, kind in ((1, "grey"), (3, "RGB"), (4, "RGBA")):
        for order, ends in (("<", "little"), (">", "big")):
            token, picture = tokens.new(), deep(rng, samples)
            data = tiff_of([(picture, [(270, 2, token.encode() + b"\0")])], order=order)
            yield Entry(f"tiff/16 bit {kind} {ends}.tif", data, f"TIFF 16 bit {kind}, {ends} endian", token, frames=(picture,))
    token, picture = tokens.new(), deep(rng, 1)
    data = tiff_of([(65535 - picture, [(262, 3, [0]), (270, 2, token.encode() + b"\0")])])
    yield Entry("tiff/16 bit white is zero.tif", data, "TIFF 16 bit, white is zero", token, frames=(picture,))
    token, picture = tokens.new(), (deep(rng, 1) / 65535 * 1400 - 1000).astype(np.float32)
    yield Entry("tiff/float.tif", tiff_of([(picture, [(270, 2, token.encode() + b"\0")])]), "TIFF float", token, frames=(picture,))
    token, pages = tokens.new(), [deep(rng, 1), deep(rng, 1)]
    data = tiff_of([(page, [(270, 2, token.encode() + b"\0")]) for page in pages])
    yield Entry("tiff/16 bit pages.tif", data, "TIFF 16 bit pages", token, frames=tuple(pages))
    token, picture = tokens.new(), deep(rng, 3)
    data = tiff_of([(picture, [(34675, 7, profile(token))])])
    look = _in_srgb((picture // 257).astype(np.uint8), profile(token)).astype(np.uint16) * 257
    yield Entry("tiff/16 bit profile.tif", data, "TIFF 16 bit colour profile", token, frames=(look,), psnr=CONVERTED)


def _in_srgb(picture, wide):
    from PIL import ImageCms

    source = ImageCms.ImageCmsProfile(io.BytesIO(wide))
    return np.asarray(ImageCms.profileToProfile(Image.fromarray(picture), source, ImageCms.createProfile("sRGB")))


def _kinds(rng, tokens):
    for compression in ("tiff_lzw", "tiff_deflate", "packbits", "jpeg"):
        token = tokens.new()
        data = saved(scene(rng), "TIFF", compression=compression, description=token)
        look = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        yield Entry(f"tiff/{compression}.tif", data, f"TIFF {compression}, description", token, frames=(look,))
    token = tokens.new()
    page = Image.fromarray(scene(rng, 1)[:, :, 0]).convert("1")
    data = saved(page, "TIFF", compression="group4", description=token)
    look = np.asarray(page.convert("L"))[:, :, np.newaxis]
    yield Entry("tiff/fax.tif", data, "TIFF fax page, description", token, frames=(look,))
    for orientation in (3, 6, 7):
        token, picture = tokens.new(), scene(rng)
        data = tiff_of([(turned(picture, orientation), [(274, 3, [orientation]), (270, 2, token.encode() + b"\0")])])
        yield Entry(f"tiff/orientation {orientation}.tif", data, f"TIFF orientation {orientation}", token, frames=(picture,))
    token, picture = tokens.new(), scene(rng, 4)
    secret = np.concatenate([written(token), np.zeros((*picture.shape[:2], 1), np.uint8)], axis=2)
    source, look = picture.copy(), picture.copy()
    source[40:140], look[40:140] = secret[40:140], 0
    yield Entry("tiff/hidden colour.tif", tiff_of([(source, [])]), "TIFF RGBA under alpha 0", token, frames=(look,))
