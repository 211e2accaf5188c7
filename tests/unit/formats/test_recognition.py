"""Files are told apart by what is in them; the name only says what they claim to be."""

import numpy as np
import pytest

from deid.errors import FileRefused
from deid.formats import recognise
from deid.policy import Policy
from tests.benchmark.hostile import broken
from tests.benchmark.hostile.containers import saved, tiff_of
from tests.benchmark.hostile.entries import Tokens, scene


@pytest.fixture(scope="module")
def picture():
    return scene(np.random.default_rng(5))


KINDS = {"PNG": "png", "JPEG": "jpeg", "GIF": "gif", "WEBP": "webp", "BMP": "bmp", "PPM": "pnm"}


@pytest.mark.parametrize(("saved_as", "kind"), KINDS.items())
@pytest.mark.parametrize("name", ["a.jpg", "a", "a.txt", "IMG.DCM"])
def test_content_decides(picture, saved_as, kind, name):
    assert recognise(saved(picture, saved_as), name).kind == kind


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_of_tiff(picture, order):
    assert recognise(tiff_of([(picture, [])], order=order), "a").kind == "tiff"


def test_avif_is_told_from_heic_and_from_video(picture):
    assert recognise(saved(picture, "AVIF"), "a.heic").kind == "heif"
    assert _code(b"\0\0\0\x18ftypmp42" + bytes(12), "a.heic") == "format-refused"


def test_a_pdf_is_a_pdf_under_any_name():
    assert recognise(b"%PDF-1.7\n", "deck.ai").kind == "pdf"


def test_a_dicom_preamble_that_imitates_a_tiff_is_dicom():
    assert recognise(b"II*\0" + bytes(124) + b"DICM" + b"\2\0\0\0UL\4\0\0\0\0\0", "a.tif").kind == "dicom"


def _code(data, name):
    with pytest.raises(FileRefused) as caught:
        recognise(data, name)
    return caught.value.reason.code


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "a.jpg", "empty"),
        (b"", "IM0001", "empty"),
        (b"", "notes.txt", "not-an-image"),
        (b"name,mrn\n", "list.csv", "not-an-image"),
        (b"name,mrn\n", "README", "not-an-image"),
        (b"name,mrn\n", "photo.JPG", "wrong-content"),
        (b"\x8a\x12\x99" * 500, "photo.png", "wrong-content"),
        (b"<x:xmpmeta/>", "IMG_1.XMP", "sidecar"),
        (b"<plist/>", "IMG_1.AAE", "sidecar"),
        (b"\0\0\0\1Bud1", ".DS_Store", "sidecar"),
        (b"\0\5\x16\7", "._IMG_1.jpg", "sidecar"),
        (b"", "Thumbs.db", "sidecar"),
        (b"8BPS\0\1", "deck.jpg", "format-refused"),
        (b"BM", "a.bmp", "wrong-content"),
        (b"RIFF\x04\0\0\0AVI LIST", "a.avi", "format-refused"),
    ],
)
def test_what_is_no_picture(data, name, code):
    assert _code(data, name) == code


def test_a_real_picture_under_a_companions_name_is_a_picture(picture):
    assert recognise(saved(picture, "JPEG"), "._IMG_1.jpg").kind == "jpeg"


def test_refusals_say_what_it_is_and_quote_nothing():
    rng, tokens = np.random.default_rng(3), Tokens(3)
    for entry in broken.entries(rng, tokens):
        with pytest.raises(FileRefused) as caught:
            recognise(entry.data, entry.name).read(entry.data, Policy())
        assert entry.token not in str(caught.value) and entry.token not in repr(caught.value)
