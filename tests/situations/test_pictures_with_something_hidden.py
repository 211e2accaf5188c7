"""Phone photos, cropped screenshots, erased names, thumbnails: what a folder of pictures hides goes, and what it shows stays."""

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import deid
from tests.benchmark.hostile.broken import _bomb
from tests.benchmark.hostile.containers import exif, film, jpeg_with, png_of, saved, segment
from tests.benchmark.hostile.entries import turned
from tests.benchmark.hostile.score import decoded
from tests.pictures import screen

pytestmark = pytest.mark.slow
NAME, ANGLE = "DOE^JANE", "LAO 30 CRA 15"
SECRET = "Zelenkova4711"


def _shown(lines=(NAME, ANGLE)):
    return screen(lines)


def _files():
    picture, bare = _shown(), _shown((ANGLE,))
    sideways = saved(turned(picture, 6), "JPEG", quality=92)
    thumbnail = saved(cv2.resize(_shown((SECRET,)), (160, 80)), "JPEG")
    erased = np.dstack([_shown((SECRET, SECRET)), np.full(bare.shape[:2], 255, np.uint8)])
    erased[:100, :, 3] = 0
    erased[100:, :, :3] = bare[100:]
    deep = bare[:, :, :1].astype(np.uint16) * 16 + 5
    frames = [screen((NAME, ANGLE) if index < 3 else (ANGLE, ANGLE), seed=index) for index in range(5)]
    return {
        "phone.jpg": jpeg_with(sideways, segment(0xE1, b"Exif\0\0" + exif(SECRET, orientation=6, thumbnail=thumbnail))),
        "cropped.png": saved(bare, "PNG") + saved(_shown((SECRET,)), "PNG")[200:] + SECRET.encode(),
        "erased.png": saved(erased, "PNG"),
        "twelve bits.png": png_of(deep, depth=16, chunks=[(b"tEXt", b"Author\0" + SECRET.encode())]),
        "film.png": film(frames, "PNG", duration=100),
        "bomb.png": _bomb(SECRET.encode()),
        "letter.jpg": b"Dear Dr. " + SECRET.encode(),
        "phone.jpg.xmp": b"<x:xmpmeta>" + SECRET.encode(),
    }


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    place = tmp_path_factory.mktemp("pictures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEID_STATE", str(place / "state"))
        (place / "case").mkdir()
        files = _files()
        for name, data in files.items():
            (place / "case" / name).write_bytes(data)
        done = list(deid.redact(place / "case", place / "clean"))
    outcomes = {Path(outcome.source.path.reveal()).name: outcome for outcome in done}
    assert all((place / "case" / name).read_bytes() == data for name, data in files.items())
    return outcomes, place / "clean"


def _output(result, name):
    outcomes, clean = result
    assert outcomes[name].status == "clean", outcomes[name].reasons
    return (clean / outcomes[name].output).read_bytes()


def test_no_secret_is_in_any_byte_of_the_clean_folder(result):
    for path in result[1].rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes() and b"Zelenkova" not in str(path.name).encode()


def test_a_phone_photo_comes_out_upright_with_the_name_covered(result):
    data = _output(result, "phone.jpg")
    assert data[6:10] == b"JFIF" and not Image.open(io.BytesIO(data)).getexif()
    (pixels,) = decoded(data)
    assert pixels.shape == _shown().shape
    assert pixels[15:50, 20:140].max() < 80 < pixels[60:90].max()


def test_what_was_cropped_away_is_gone_and_what_is_left_is_identical(result):
    (pixels,) = decoded(_output(result, "cropped.png"))
    assert np.array_equal(pixels, _shown((ANGLE,)))


def test_what_was_erased_to_transparency_is_gone(result):
    (pixels,) = decoded(_output(result, "erased.png"))
    assert not pixels[:100].any() and (pixels[100:, :, 3] == 255).all()


def test_twelve_bits_keep_every_bit(result):
    (pixels,) = decoded(_output(result, "twelve bits.png"))
    assert pixels.dtype == np.uint16
    assert np.array_equal(pixels, _shown((ANGLE,))[:, :, :1].astype(np.uint16) * 16 + 5)


def test_a_film_loses_the_name_on_the_frames_that_show_it(result):
    frames = decoded(_output(result, "film.png"))
    assert len(frames) == 5
    for index, frame in enumerate(frames):
        assert frame[60:90].max() > 200
        if index < 3:
            assert frame[20:45, 22:130].max() < 90


def test_what_is_no_sound_picture_has_its_record(result):
    codes = {name: outcome.reasons[0].code for name, outcome in result[0].items() if outcome.status != "clean"}
    assert codes == {"bomb.png": "too-large", "letter.jpg": "wrong-content", "phone.jpg.xmp": "sidecar"}


def test_the_log_counts_what_was_dropped(result):
    records = [json.loads(line) for line in (result[1] / "audit.jsonl").read_text().splitlines()]
    removed = {entry["path"] for record in records for entry in record["metadata"] or ()}
    assert {"EXIF", "EXIFThumbnail", "TrailingBytes", "tEXt"} <= removed
