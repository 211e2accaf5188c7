"""HEIC and AVIF: the picture itself is decoded, written as JPEG or PNG; the second pictures in the file are dropped and counted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from PIL import Image

from deid.contents import Contents, as_file
from deid.errors import FileRefused
from deid.formats.arrays import PixelFrames
from deid.formats.exif import PhotoFacts, photo_facts
from deid.formats.film import film_of
from deid.formats.header import PictureHeader
from deid.formats.pillow import check_count, check_size, decoding, open_picture, samples
from deid.formats.raster import RasterFormat, counted, instance_of
from deid.policy import Policy
from deid.types import HeaderChange, Instance

_AVIF_BRANDS = (b"avif", b"avis")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


class Heif(RasterFormat):
    """HEIF containers: HEIC (with the extra that decodes it) and AVIF."""

    kind = "heif"

    def accepts(self, data: Contents) -> bool:
        """Tell by the brands of the file type box."""
        return data[4:8] == b"ftyp" and data[8:12] in _AVIF_BRANDS + _HEIC_BRANDS

    def read(self, data: Contents, policy: Policy) -> Instance:
        """Decode the primary picture."""
        if any(brand in data[8:64] for brand in _AVIF_BRANDS):
            return _read_avif(data, policy)
        return _read_heic(data, policy)

    def strangers(self, data: Contents) -> tuple[str, ...]:
        """Say that no clean file is of this kind."""
        return ("heif",)


def _read_avif(data: Contents, policy: Policy) -> Instance:
    with decoding():
        image = open_picture(data, "AVIF", policy)
        count = getattr(image, "n_frames", 1)
        check_count(count, policy)
        facts = photo_facts(image)
        if count > 1:
            film, durations = film_of(image, lambda: open_picture(data, "AVIF", policy), orientation=facts.orientation)
            return instance_of("avif", film, policy, PictureHeader("png", durations), camera=facts.camera, known=facts.known)
        return _still("avif", image, lambda: open_picture(data, "AVIF", policy), facts, policy, ())


def _read_heic(data: Contents, policy: Policy) -> Instance:
    """Decode through libheif, which turns the picture upright by itself; its EXIF orientation says the same again."""
    try:
        import pillow_heif
    except ImportError:
        raise FileRefused("format-refused", "HEIC; install deid-toolkit[heic]") from None
    with decoding():
        check_size(*_declared_size(data), policy)
        opened = pillow_heif.open_heif(as_file(data), convert_hdr_to_8bit=True)
        primary = opened[opened.primary_index]
        check_size(primary.size[1], primary.size[0], policy)
        image = primary.to_pillow()
        facts = photo_facts(image)
        hidden = {
            "SecondImage": len(opened) - 1,
            "Thumbnail": len(primary.info.get("thumbnails", ())),
            "DepthImage": len(primary.info.get("depth_images", ())),
            "AuxiliaryImage": sum(len(ids) for ids in primary.info.get("aux", {}).values()),
        }
        dropped = tuple(HeaderChange(name, "X", count) for name, count in hidden.items() if count)

        def again() -> Image.Image:
            reopened = pillow_heif.open_heif(as_file(data), convert_hdr_to_8bit=True)
            picture: Image.Image = reopened[reopened.primary_index].to_pillow()
            return picture

        return _still("heic", image, again, replace(facts, orientation=1), policy, dropped)


def _still(
    kind: str,
    image: Image.Image,
    again: Callable[[], Image.Image],
    facts: PhotoFacts,
    policy: Policy,
    dropped: tuple[HeaderChange, ...],
) -> Instance:
    """Make an instance that is written as JPEG, or as PNG where it has transparency; `again` opens its picture anew."""
    names = [name for key, name in (("exif", "EXIF"), ("xmp", "XMP"), ("icc_profile", "ICCProfile")) if image.info.get(key)]
    first = samples(image, orientation=facts.orientation)
    writes = "jpeg" if first.shape[2] in (1, 3) else "png"
    lossy = writes == "jpeg" and policy.write_as in ("source", "jpeg")
    frames = PixelFrames.still(lambda: samples(again(), orientation=facts.orientation), first=first, lossy=lossy)
    header = PictureHeader(writes, removed=counted(iter(names)))
    return instance_of(kind, frames, policy, header, camera=facts.camera, known=facts.known, dropped=dropped)


def _declared_size(data: Contents) -> tuple[int, int]:
    """Read the largest spatial extent that the file declares (ISO/IEC 23008-12, 6.5.3), before any decoder sees it."""
    described = _meta_box(data)
    sizes, at = [(1, 1)], described.find(b"ispe")
    while at >= 0:
        columns, rows = (int.from_bytes(described[place : place + 4], "big") for place in (at + 8, at + 12))
        sizes.append((rows, columns))
        at = described.find(b"ispe", at + 4)
    return max(sizes, key=math.prod)


def _meta_box(data: Contents) -> bytes:
    """Return the box that describes the pictures; compressed data may hold any letters by chance."""
    at = 0
    while at + 16 <= len(data):
        length, start = int.from_bytes(data[at : at + 4], "big"), at + 8
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        if data[at + 4 : at + 8] == b"meta":
            return data[start : at + length]
        if length < 8:
            return b""
        at += length
    return b""
