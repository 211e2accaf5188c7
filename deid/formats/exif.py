"""What a photo's metadata is read for: which way is up, whether a camera took it, who is named in it. None of it is written."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import ExifTags, Image

from deid.types import KnownValue, PhiText

if TYPE_CHECKING:
    from deid.types import Stored

_ORIENTATION, _MAKE, _MODEL, _ARTIST = 0x0112, 0x010F, 0x0110, 0x013B
_EXIF_IFD, _EXPOSURE, _APERTURE, _OWNER, _THUMBNAIL = 0x8769, 0x829A, 0x829D, 0xA430, 0x0201
# Longer than any name; such a value is a text, not a person.
_MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What the metadata of a photo told: orientation (1-8), a camera, a thumbnail, names of people."""

    orientation: int = 1
    camera: bool = False
    thumbnail: bool = False
    known: tuple[KnownValue, ...] = ()


def photo_facts(image: Image.Image) -> PhotoFacts:
    """Read the few facts that matter from a picture's EXIF; damaged metadata counts as none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exif = image.getexif()
            details = exif.get_ifd(_EXIF_IFD)
            orientation = exif.get(_ORIENTATION, 1)
            camera = any(exif.get(tag) for tag in (_MAKE, _MODEL)) or any(tag in details for tag in (_EXPOSURE, _APERTURE))
            thumbnail = _THUMBNAIL in exif.get_ifd(ExifTags.IFD.IFD1)
            names = [exif.get(_ARTIST), details.get(_OWNER)]
    except Exception:  # parsers of damaged EXIF raise almost anything; the picture itself may be sound
        return PhotoFacts()
    known = tuple(KnownValue("CaseText", PhiText(name.strip())) for name in names if isinstance(name, str) and _like_name(name))
    return PhotoFacts(orientation if orientation in range(1, 9) else 1, camera, thumbnail, known)


def upright(stored: Stored, orientation: int) -> Stored:
    """Turn a frame, (rows, columns, samples), as EXIF orientation 1-8 says (Exif 2.32, 4.6.4 A)."""
    if orientation in (5, 6, 7, 8):
        stored = stored.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        stored = stored[::-1]
    if orientation in (2, 3, 6, 7):
        stored = stored[:, ::-1]
    return np.ascontiguousarray(stored)


def lying(stored: Stored, orientation: int) -> Stored:
    """Return a view of an upright frame that lies as the file of an orientation has it: what `upright` turns into the frame."""
    if orientation in (2, 3, 6, 7):
        stored = stored[:, ::-1]
    if orientation in (3, 4, 7, 8):
        stored = stored[::-1]
    return stored.swapaxes(0, 1) if orientation in (5, 6, 7, 8) else stored


def _like_name(text: str) -> bool:
    words = text.split()
    return 2 <= len(words) <= 5 and len(text) <= _MAX_NAME and not any(character.isdigit() for character in text)
