"""Frames of arrays: what is stored, what a person sees, what text may hide in."""

import contextlib

import numpy as np
import pytest

from deid.formats import from_array
from deid.formats.arrays import PixelFrames, black_of, display_of, instance_from_array, looks_of


def _grey(value, dtype=np.uint8, samples=1):
    return np.full((4, 6, samples), value, dtype)


@pytest.mark.parametrize("samples", [1, 3, 4])
def test_nobody_changes_the_samples(samples):
    frames = PixelFrames.of([_grey(7, samples=samples)])
    for shown in (frames.stored(0), frames.display(0), *frames.looks(0)):
        with contextlib.suppress(ValueError):
            shown[:] = 0
    assert (frames.stored(0) == 7).all()


def test_a_frame_is_decoded_once_while_it_is_in_use():
    asked = []
    frames = PixelFrames([(4, 6), (4, 6)], lambda index: asked.append(index) or _grey(index))
    for index in (0, 0, 1, 1, 1, 0):
        assert frames.stored(index)[0, 0, 0] == index
    assert asked == [0, 1, 0]


def test_twelve_bits_in_sixteen_are_shown_from_darkest_to_brightest():
    stored = np.linspace(100, 4095, 24).astype(np.uint16).reshape(4, 6, 1)
    shown = display_of(stored)
    assert shown.shape == (4, 6, 3) and shown.min() == 0 and shown.max() == 255


def test_a_single_hot_pixel_does_not_hide_the_rest_from_every_look():
    stored = np.tile(np.linspace(100, 900, 100).astype(np.uint16), (100, 1))[:, :, np.newaxis].copy()
    stored[1, 1] = 65535
    assert display_of(stored)[50].max() < 5
    assert max(look[50].max() for look in looks_of(stored)) > 200


def test_black_in_deep_pictures_is_the_darkest_value_so_that_windows_stay():
    stored = np.full((4, 6, 1), 3000, np.uint16)
    stored[0, 0] = 2000
    assert black_of(stored) == (2000.0,)
    assert black_of(_grey(90)) == (0.0,)
    assert black_of(_grey(90, np.uint16, 4)) == (90.0, 90.0, 90.0, 65535.0)
    assert black_of(_grey(90, np.uint8, 2)) == (0.0, 255.0)


def test_white_text_on_nothing_shows_in_some_look():
    stored = np.zeros((4, 6, 4), np.uint8)
    stored[1, 1:5] = 255
    looks = tuple(looks_of(stored))
    assert (looks[0] == 255).all()
    assert any((look[1, 1:5] == 255).all() and not look[0].any() for look in looks)


def test_colour_under_almost_full_transparency_shows_in_some_look():
    stored = np.zeros((4, 6, 4), np.uint8)
    stored[..., 3] = 1
    stored[1, 1:5, :3] = 255
    assert any((look[1, 1:5] == 255).all() and not look[0].any() for look in looks_of(stored))


def test_an_opaque_picture_has_one_look():
    stored = np.concatenate([_grey(40, samples=3), _grey(255)], axis=2)
    assert len(tuple(looks_of(stored))) == 1


def test_colour_under_alpha_zero_is_gone():
    stored = np.full((4, 6, 4), 9, np.uint8)
    stored[0, :, 3] = 0
    _, instance = from_array(stored)
    clean = instance.frames.stored(0)
    assert not clean[0].any() and (clean[1:] == 9).all() and (stored[0, :, :3] == 9).all()


def test_float_can_be_shown():
    stored = np.array([[-300.0, -1000.0], [0.0, 400.0]], np.float32)[:, :, np.newaxis]
    assert display_of(stored)[1, 1, 0] == 255 and display_of(stored)[0, 1, 0] == 0
    assert black_of(stored) == (-1000.0,)
    assert tuple(looks_of(stored))


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 2), (5, 7, 3), (5, 7, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_array_becomes_an_instance_that_png_can_write(shape, dtype):
    form, instance = from_array(np.full(shape, 5, dtype))
    assert form.kind == "png" and instance.kind == "array"
    assert instance.frames.stored(0).dtype == dtype


def test_bool_is_black_and_white():
    assert set(np.unique(instance_from_array(np.eye(4, dtype=bool)).frames.stored(0))) == {0, 255}


@pytest.mark.parametrize(("shape", "dtype"), [((2, 2, 5), "u1"), ((4,), "u1"), ((2, 2), "i4"), ((0, 2), "u1"), ((2, 2), "f4")])
def test_what_is_no_picture_is_refused(shape, dtype):
    bad = np.zeros(shape, dtype)
    with pytest.raises(ValueError, match="Pixels are"):
        instance_from_array(bad)
