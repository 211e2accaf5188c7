"""Every entry of the hostile folder through reading and writing alone, judged by decoders that are not ours."""

import io
from functools import cache

import pytest

from deid.errors import REASONS, FileRefused
from deid.formats import recognise
from deid.keys import Key
from deid.policy import Policy
from deid.types import Plan, Status
from tests.benchmark.hostile.folder import hostile_entries
from tests.benchmark.hostile.score import _hides_colour, _psnr, decoded, token_in

ENTRIES = hostile_entries(2)
GOOD = [entry for entry in ENTRIES if entry.fate == "clean"]


@cache
def rebuilt(data, name):
    return made_again(data, name)


def made_again(data, name):
    policy = Policy()
    form = recognise(data, name)
    instance = form.read(data, policy)
    file = io.BytesIO()
    form.write(instance, instance.frames, Plan(), Key(bytes(32)), (), policy, file)
    return instance, file.getvalue()


@pytest.mark.parametrize("entry", GOOD, ids=lambda entry: entry.name)
def test_a_good_file_comes_out_looking_the_same_with_nothing_in_it(entry):
    _, written = rebuilt(entry.data, entry.name)
    frames = decoded(written)
    assert recognise(written, "draft").strangers(written) == ()
    assert not token_in(written, entry.token)
    assert [frame.dtype for frame in frames] == [look.dtype for look in entry.frames]
    assert not any(map(_hides_colour, frames))
    assert min(_psnr(frame, look) for frame, look in zip(frames, entry.frames, strict=True)) >= entry.psnr


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.fate != "clean"], ids=lambda entry: entry.name)
def test_a_bad_file_is_refused_with_its_record(entry):
    with pytest.raises(FileRefused) as caught:
        rebuilt(entry.data, entry.name.split("/")[-1])
    wanted = Status.FAILED if entry.fate == "fail" else Status.SKIPPED
    assert REASONS[caught.value.reason.code].status is wanted


@pytest.mark.parametrize("entry", GOOD[::7], ids=lambda entry: entry.name)
def test_the_same_file_gives_the_same_bytes(entry):
    assert made_again(entry.data, entry.name)[1] == rebuilt(entry.data, entry.name)[1]


def test_what_was_hidden_is_counted():
    found = {entry.name: rebuilt(entry.data, entry.name)[0] for entry in GOOD}
    dropped = {name: {change.path for change in instance.dropped} for name, instance in found.items()}
    assert dropped["jpeg/mpf.jpg"] == {"MPF"}
    assert dropped["jpeg/exif thumbnail.jpg"] == {"EXIFThumbnail"}
    assert dropped["jpeg/motion.jpg"] == {"MotionVideo"}
    assert dropped["tiff/thumbnail page.tif"] == {"NewSubfileType"}
    assert dropped["tiff/sub directory.tif"] == {"SubIFDs"}
    assert dropped["heic/second picture.heic"] >= {"SecondImage"}
    assert dropped["png/default image.png"] == {"DefaultImage"}
    removed = {name: {change.path for change in instance.header.removed} for name, instance in found.items()}
    assert removed["jpeg/trailer.jpg"] == {"TrailingBytes"} and removed["png/private.png"] == {"PrivateChunk"}
    assert all(entry.token not in repr(found[entry.name]) for entry in GOOD)


def test_photos_are_told_from_screens():
    cameras = {entry.name for entry in GOOD if rebuilt(entry.data, entry.name)[0].camera}
    assert {"jpeg/exif.jpg", "heic/exif.heic", "avif/exif.avif", "png/eXIf.png", "webp/EXIF.webp"} <= cameras
    assert not cameras & {"jpeg/comment.jpg", "png/tEXt.png", "tiff/artist.tif"}
