"""Colours brought to sRGB, so that no profile has to be written: profiles name cameras, owners and dates."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms

if TYPE_CHECKING:
    from deid.types import Stored

# A larger profile is not a display or camera profile; it is not worth the parser's time.
_MAX_PROFILE_BYTES = 8 * 2**20
# sRGB profiles differ from each other by rounding only; a conversion would then change pixels for nothing.
_SAME_COLOUR = 3
_SRGB_GAMMA = 1 / 2.2
# Files round their gamma; a percent cannot be seen.
_NEARLY = 0.01
_BAND_ROWS = 128


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return a grey or colour picture (modes L, LA, RGB, RGBA) in sRGB; alpha stays as it is.

    A profile that is damaged or meant for another colour space is ignored, as viewers do.
    """
    image = _plain_mode(image, profile)
    if not profile or len(profile) > _MAX_PROFILE_BYTES or image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK", "LAB"):
        return _without_print_colours(image)
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    colours = image.convert(image.mode[:-1]) if alpha is not None else image
    converted = _converted(colours, profile)
    if converted is None:
        return _without_print_colours(image)
    if alpha is not None:
        converted.putalpha(alpha)
    return converted


def with_gamma(stored: Stored, gamma: float | None) -> Stored:
    """Bring samples of a PNG whose gAMA chunk (PNG 3rd ed., 11.3.2.2) is not sRGB's to sRGB, in place; alpha stays."""
    if not gamma or abs(gamma / _SRGB_GAMMA - 1) < _NEARLY:
        return stored
    most = int(np.iinfo(stored.dtype).max)
    curve = np.rint(most * np.linspace(0, 1, most + 1) ** (_SRGB_GAMMA / gamma)).astype(stored.dtype)
    colours = stored.shape[2] - (stored.shape[2] in (2, 4))
    for row in range(0, stored.shape[0], _BAND_ROWS):
        band = stored[row : row + _BAND_ROWS, :, :colours]
        band[:] = curve[band]
    return stored


def _plain_mode(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Expand palettes, 1-bit and unusual modes; what carries transparency keeps it as alpha."""
    transparent = "transparency" in image.info or image.mode in ("PA", "La", "RGBa")
    if image.mode in ("1", "L", "P", "PA", "La", "RGB", "RGBa", "RGBX", "YCbCr", "HSV"):
        if transparent:
            return image.convert("LA" if image.mode in ("1", "L", "La") else "RGBA")
        return image if image.mode in ("L", "RGB") else image.convert("L" if image.mode == "1" else "RGB")
    return image


def _without_print_colours(image: Image.Image) -> Image.Image:
    return image.convert("RGB") if image.mode in ("CMYK", "LAB") else image


def _converted(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Convert through LittleCMS; None where the profile does not fit the picture."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), image.mode, "RGB")
        if image.mode in ("L", "RGB") and _changes_nothing(transform, image.mode):
            return image
        converted = ImageCms.applyTransform(image, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    if converted is None:
        return None
    return converted.getchannel("G") if image.mode == "L" else converted


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    probe = Image.new("RGB", (36, 6))
    probe.putdata([(51 * r, 51 * g, 51 * b) for g in range(6) for r in range(6) for b in range(6)])
    probe = probe.convert(mode)
    after = ImageCms.applyTransform(probe, transform)
    if after is None:
        return False
    before = probe.convert("RGB").tobytes()
    return all(abs(x - y) <= _SAME_COLOUR for x, y in zip(before, after.tobytes(), strict=True))
