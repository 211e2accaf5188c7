"""Every picture comes out in sRGB: eight bits through LittleCMS, sixteen by our own arithmetic, which must agree with it."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from deid.formats import recognise
from deid.formats.colour import to_srgb, with_gamma
from deid.formats.deep_colour import deep_to_srgb
from deid.policy import Policy
from tests.benchmark.hostile.containers import png_of, profile, saved
from tests.benchmark.hostile.entries import scene

WIDE = profile("x")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _with_curves(wide, curve):
    """Put another tone curve into a profile."""
    at = wide.index(b"curv")
    start = wide.index(b"TRC") - 1
    data = bytearray(wide + curve + b"\0" * (-len(curve) % 4))
    for number in range(3):
        entry = start + 12 * number
        data[entry + 4 : entry + 12] = struct.pack(">II", len(wide), len(curve))
    assert wide[at : at + 4] == b"curv"
    return struct.pack(">I", len(data)) + bytes(data[4:])


def _para(kind, *numbers):
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


# All of them begin at black: LittleCMS moves the black of others.
CURVES = {
    "gamma": struct.pack(">4sIIHH", b"curv", 0, 1, 461, 0),
    "linear": struct.pack(">4sII", b"curv", 0, 0),
    "table": b"curv\0\0\0\0" + struct.pack(">I5H", 5, 0, 5000, 16000, 36000, 65535),
    "para 0": _para(0, 2.2),
    "para 1": _para(1, 2.4, 1.05, -0.05),
    "para 2": _para(2, 2.0, 1.08, -0.08, 0.0),
    "para 3": _para(3, 2.4, 0.9479, 0.0521, 0.0774, 0.0405),
    "para 4": _para(4, 2.2, 0.95, 0.05, 0.1, 0.03, 0.0, 0.0),
}


@pytest.mark.parametrize("name", CURVES)
def test_sixteen_bits_agree_with_littlecms(name):
    wide = _with_curves(WIDE, CURVES[name])
    eight = np.random.default_rng(2).integers(40, 220, (30, 30, 3)).astype(np.uint8)
    wanted = np.asarray(to_srgb(Image.fromarray(eight), wide)).astype(float)
    assert np.abs(wanted - eight).max() > 5
    assert np.abs(deep_to_srgb(eight.astype(np.uint16) * 257, wide) / 257 - wanted).max() <= 2


def test_alpha_is_no_colour():
    eight = scene(np.random.default_rng(2), 4, 20, 30)
    eight[:, :, 3] = 77
    deep = deep_to_srgb(eight.astype(np.uint16) * 257, WIDE)
    assert (deep[:, :, 3] == 77 * 257).all() and not np.array_equal(deep[:, :, :3], eight[:, :, :3].astype(np.uint16) * 257)
    assert (np.asarray(to_srgb(Image.fromarray(eight), WIDE))[:, :, 3] == 77).all()


@pytest.mark.parametrize("damaged", [b"", b"x" * 400, WIDE[:200], WIDE.replace(b"curv", b"nope"), SRGB, None])
def test_srgb_and_damaged_profiles_change_nothing(damaged):
    eight = scene(np.random.default_rng(2), 3, 20, 30)
    deep = eight.astype(np.uint16) * 257
    assert np.array_equal(deep_to_srgb(deep, damaged), deep)
    assert np.array_equal(np.asarray(to_srgb(Image.fromarray(eight), damaged)), eight)


def test_a_grey_profile_keeps_a_picture_grey():
    grey = Image.fromarray(scene(np.random.default_rng(2), 1, 20, 30)[:, :, 0])
    assert to_srgb(grey, WIDE).mode == "L"


@pytest.mark.parametrize(
    ("mode", "after"), [("1", "L"), ("P", "RGB"), ("CMYK", "RGB"), ("YCbCr", "RGB"), ("PA", "RGBA"), ("LA", "LA")]
)
def test_unusual_modes_become_plain(mode, after):
    image = Image.fromarray(scene(np.random.default_rng(2), 3, 20, 30)).convert("RGB")
    image = image.convert("P").convert("PA") if mode == "PA" else image.convert(mode)
    assert to_srgb(image, None).mode == after


def test_gamma_of_a_png_is_applied_and_srgbs_own_is_not():
    pixels = scene(np.random.default_rng(2), 3, 20, 30)
    dark = png_of(pixels, chunks=[(b"gAMA", struct.pack(">I", 100000))])
    usual = png_of(pixels, chunks=[(b"gAMA", struct.pack(">I", 45455))])
    overruled = png_of(pixels, chunks=[(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100000))])
    shown = [recognise(data, "a").read(data, Policy()).frames.stored(0) for data in (dark, usual, overruled)]
    assert (shown[0] >= pixels).all() and shown[0].mean() > pixels.mean() + 20
    assert np.array_equal(shown[1], pixels) and np.array_equal(shown[2], pixels)
    assert with_gamma(pixels.astype(np.uint16) * 257, 1.0).dtype == np.uint16


def test_a_wide_gamut_photo_keeps_its_look_and_loses_its_profile():
    data = saved(scene(np.random.default_rng(2)), "JPEG", quality=95, icc_profile=WIDE)
    image = Image.open(io.BytesIO(data))
    source = ImageCms.ImageCmsProfile(io.BytesIO(WIDE))
    wanted = np.asarray(ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB")))
    assert np.array_equal(recognise(data, "a").read(data, Policy()).frames.stored(0), wanted)
