"""What each kind of picture keeps: tables, times, loops, depth; what is refused; what comes where another kind is wanted."""

import io
import struct
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageFile

from deid.errors import FileRefused
from deid.formats import recognise
from deid.formats.arrays import PixelFrames
from deid.formats.gif_file import fitted, holds
from deid.formats.header import PictureHeader
from deid.formats.quality import psnr
from deid.formats.raster import encode, picture_kind, shown
from deid.keys import Key
from deid.policy import Policy
from deid.types import Plan, Region
from tests.benchmark.hostile.containers import film, png_of, saved, tiff_of
from tests.benchmark.hostile.entries import deep, scene, turned


@pytest.fixture
def rng():
    return np.random.default_rng(9)


def again(data, policy=None, plan=Plan(), frames=None):  # noqa: B008 - a frozen value
    policy = policy or Policy()
    form = recognise(data, "a")
    instance = form.read(data, policy)
    file = io.BytesIO()
    form.write(instance, frames or instance.frames, plan, Key(bytes(32)), (), policy, file)
    return instance, file.getvalue()


def code_of(data, **changes):
    with pytest.raises(FileRefused) as caught:
        instance = recognise(data, "a.png").read(data, Policy().but(**changes))
        for index in range(instance.frames.count):
            instance.frames.stored(index)
    return caught.value.reason.code


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [75, 92])
def test_jpeg_keeps_the_tables_the_sampling_and_the_size(rng, quality, subsampling):
    data = saved(scene(rng, 3, 480, 640), "JPEG", quality=quality, subsampling=subsampling)
    instance, written = again(data)
    before, after = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(written))
    assert after.quantization == before.quantization
    assert psnr(instance.frames.stored(0), written) >= 45
    assert len(written) <= 1.1 * len(data)


@pytest.mark.parametrize("quality", [50, 80, 95])
def test_lossy_webp_stays_small_and_true(rng, quality):
    data = saved(scene(rng, 3, 301, 403), "WEBP", quality=quality)
    instance, written = again(data)
    assert written[12:16] == b"VP8 " and recognise(written, "a").strangers(written) == ()
    assert psnr(instance.frames.stored(0), written) >= 45 and len(written) < 2.5 * len(data)


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_jpeg_turned_on_its_side_stays_true(rng, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = scene(rng, 3, 417, 613)
    data = saved(turned(upright, orientation), "JPEG", quality=80, subsampling=0, exif=exif)
    instance, written = again(data)
    assert instance.frames.stored(0).shape == upright.shape
    assert psnr(instance.frames.stored(0), written) >= 45
    assert len(written) <= 1.3 * len(data)


def test_noise_that_no_table_keeps_is_written_finer(rng):
    data = saved(rng.integers(0, 256, (64, 64, 3)).astype(np.uint8), "JPEG", quality=30)
    stored = recognise(data, "a").read(data, Policy()).frames.stored(0)
    worn = np.clip(stored.astype(int) + rng.integers(-40, 40, stored.shape), 0, 255).astype(np.uint8)
    _, written = again(data, frames=PixelFrames.of([worn]))
    assert psnr(worn, written) >= 40


@pytest.mark.parametrize("samples", [1, 3])
def test_noise_in_the_finest_tables_can_be_written(rng, samples):
    pixels = rng.choice(np.array([0, 255], np.uint8), (200, 200, samples))
    data = saved(pixels, "JPEG", quality=100, subsampling=0) if samples == 3 else saved(pixels, "JPEG", quality=100)
    instance, written = again(data)
    assert psnr(instance.frames.stored(0), written) >= 45 and recognise(written, "a").strangers(written) == ()


def test_quality_is_measured_outside_the_masks(rng):
    stored = scene(rng, 3, 64, 64)
    changed = stored.copy()
    changed[:32] = rng.integers(0, 256, (32, 64, 3))
    written = saved(stored, "JPEG", quality=95, subsampling=0)
    assert psnr(changed, written) < 20 < 40 < psnr(changed, written, [Region.from_box((0, 0, 64, 32), (0, 1))])


def test_the_box_of_a_slanted_mask_hides_nothing_from_the_measure(rng):
    stored = scene(rng, 3, 64, 64)
    changed = stored.copy()
    changed[:32, :32] = rng.integers(0, 256, (32, 32, 3))
    written = saved(stored, "JPEG", quality=95, subsampling=0)
    below_the_diagonal = Region(((0, 64), (64, 0), (64, 64)), (0, 1))
    assert psnr(changed, written, [below_the_diagonal]) < 20


def test_a_lossless_source_is_not_called_lossy(rng):
    kinds = {"PNG": ({}, False), "JPEG": ({}, True), "WEBP": ({"lossless": True}, False), "BMP": ({}, False)}
    kinds["webp"] = ({}, True)
    for kind, (options, lossy) in kinds.items():
        data = saved(scene(rng, 3, 40, 60), kind, **options)
        assert recognise(data, "a").read(data, Policy()).frames.lossy is lossy


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP"])
def test_films_keep_frames_times_and_loops(rng, kind):
    frames = [(scene(rng, 3, 40, 60) // 64 * 64).astype(np.uint8) for _ in range(4)]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = film(frames, kind, duration=[100, 250, 40, 300], loop=3, **options)
    instance, written = again(data)
    second = recognise(written, "a").read(written, Policy())
    assert instance.cine and second.header.durations == instance.header.durations == (100, 250, 40, 300)
    assert second.header.loop == instance.header.loop
    for index in (0, 2, 1, 3, 0):
        assert np.array_equal(second.frames.stored(index), instance.frames.stored(index))


@pytest.mark.parametrize(("side", "place"), [(200, 60_000), (60, 65_000)])
def test_a_frame_outside_the_canvas_of_a_film_is_refused_before_memory_is_taken(rng, side, place):
    data = film([(scene(rng, 3, 40, 60) // 64 * 64).astype(np.uint8) for _ in range(2)], "GIF", duration=[50, 50])
    second = data.rindex(b",\0\0\0\0" + struct.pack("<HH", 60, 40))
    grown = data[: second + 1] + struct.pack("<HHHH", place, place, side, 40) + data[second + 9 :]
    begin = time.process_time()
    assert code_of(grown) == "broken"
    assert time.process_time() - begin < 1


def test_equal_frames_of_a_film_are_not_merged(rng):
    still = (scene(rng, 3, 40, 60) // 64 * 64).astype(np.uint8)
    for kind in ("png", "gif", "webp"):
        file = io.BytesIO()
        encode(kind, PixelFrames.of([still] * 5), PictureHeader(kind, (50,) * 5), file)
        assert recognise(file.getvalue(), "a").read(file.getvalue(), Policy()).frames.count == 5


def test_a_gif_with_more_colours_than_its_palettes_hold_becomes_png(rng):
    data = saved(Image.fromarray(scene(rng, 3, 60, 80)).quantize(256), "GIF")
    instance, written = again(data)
    assert recognise(data, "a").extension(instance, Policy()) == ".png"
    assert np.array_equal(recognise(written, "a").read(written, Policy()).frames.stored(0), instance.frames.stored(0))


def test_transparency_of_a_gif_stays(rng):
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[2:6, 2:6] = (200, 20, 20, 255)
    file = io.BytesIO()
    encode("gif", PixelFrames.of([pixels]), PictureHeader("gif"), file)
    assert np.array_equal(recognise(file.getvalue(), "a").read(file.getvalue(), Policy()).frames.stored(0), pixels)


def test_colours_are_fitted_with_room_for_black(rng):
    colourful = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    few = fitted(colourful)
    assert not holds(colourful) and holds(few) and np.array_equal(fitted(few), few)


@pytest.mark.parametrize(("wanted", "extension"), [("png", ".png"), ("jpeg", ".jpg"), ("gif", ".gif")])
@pytest.mark.parametrize("samples", [1, 2, 3, 4])
def test_another_kind_is_written_where_it_is_wanted(rng, wanted, extension, samples):
    policy = Policy().but(write_as=wanted)
    data = tiff_of([(deep(rng, samples), [])]) if samples in (1, 3) else saved(scene(rng, samples), "PNG")
    instance, written = again(data, policy)
    form = recognise(written, "a")
    assert form.kind == wanted and form.extension(instance, policy) == extension and form.strangers(written) == ()
    source, draft = instance.frames.stored(0), form.read(written, policy).frames.stored(0)
    assert source.shape == draft.shape and source.dtype == draft.dtype
    assert psnr(source, written) >= 45 if wanted == "jpeg" else np.array_equal(source, draft)


def test_pages_stay_pages_and_films_stay_films():
    assert [picture_kind("jpeg", 3, True), picture_kind("gif", 3, True), picture_kind("png", 3, False)] == ["png", "gif", "tiff"]
    assert picture_kind("jpeg", 1, False) == "jpeg"


def test_a_run_becomes_a_gif_of_its_greys():
    class Run:
        count, lossy = 3, False

        def shape(self, index):
            return 30, 40

        def display(self, index):
            return np.full((30, 40, 3), 60 * index, np.uint8)

    file = io.BytesIO()
    encode("gif", shown(Run(), "gif"), PictureHeader("gif", (66, 66, 66)), file)
    written = recognise(file.getvalue(), "a").read(file.getvalue(), Policy())
    assert written.frames.count == 3 and [written.frames.stored(i)[0, 0, 0] for i in range(3)] == [0, 60, 120]


def test_sixteen_bits_are_written_with_all_their_bits(rng):
    for samples in (1, 3, 4):
        pixels = deep(rng, samples)
        for data in (png_of(pixels, depth=16), tiff_of([(pixels, [])])):
            _, written = again(data)
            assert np.array_equal(recognise(written, "a").read(written, Policy()).frames.stored(0), pixels)


def test_floats_that_are_no_numbers_become_the_darkest():
    pixels = np.array([[np.nan, -1000.0], [np.inf, 400.0]], np.float32)[:, :, np.newaxis]
    stored = recognise(tiff_of([(pixels, [])]), "a").read(tiff_of([(pixels, [])]), Policy()).frames.stored(0)
    assert stored[..., 0].tolist() == [[-1000.0, -1000.0], [400.0, 400.0]]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP", "PPM", "AVIF"])
def test_too_many_pixels_are_refused_before_decoding(rng, kind):
    assert code_of(saved(scene(rng, 3, 120, 160), kind), max_megapixels=0.01) == "too-large"


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "GIF", "WEBP"])
def test_too_many_frames_are_refused(rng, kind):
    assert code_of(film([scene(rng, 3, 20, 30) for _ in range(5)], kind), max_frames=4) == "too-large"


def test_a_bomb_is_refused_at_once():
    from tests.benchmark.hostile.broken import _bomb, _tiff_bomb

    started = time.process_time()
    assert code_of(_bomb(b"x")) == code_of(_tiff_bomb(b"x")) == "too-large"
    assert time.process_time() - started < 2


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP", "PPM"])
def test_a_file_cut_in_half_is_refused(rng, kind):
    data = saved(scene(rng), kind)
    assert code_of(data[: len(data) // 2]) in ("truncated", "broken")


def test_a_webp_that_says_it_is_huge_is_refused_at_once(rng):
    data = bytearray(film([scene(rng, 3, 20, 30) for _ in range(2)], "WEBP"))
    data[24:30] = (16382).to_bytes(3, "little") * 2
    started = time.process_time()
    assert code_of(bytes(data)) == "too-large" and time.process_time() - started < 2


def test_a_heic_that_says_it_is_huge_is_refused_before_decoding(rng, monkeypatch):
    import pillow_heif

    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(scene(rng))).save(file, quality=80)
    monkeypatch.setattr(pillow_heif, "open_heif", None)
    assert code_of(file.getvalue(), max_megapixels=0.01) == "too-large"


@pytest.mark.parametrize(("module", "kind", "words"), [("pillow_heif", "heic", "[heic]"), ("pypdfium2", "pdf", "pypdfium2")])
def test_a_missing_decoder_is_named(monkeypatch, module, kind, words):
    monkeypatch.setitem(sys.modules, module, None)
    data = b"\0\0\0\x18ftypheic" + bytes(40) if kind == "heic" else b"%PDF-1.4\n"
    with pytest.raises(FileRefused) as caught:
        recognise(data, "a").read(data, Policy())
    assert caught.value.reason.code == "format-refused" and words in caught.value.reason.detail


def test_settings_of_other_libraries_are_as_before_even_with_threads(rng):
    broken, sound = saved(scene(rng), "JPEG")[:3000], saved(scene(rng), "PNG")
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters)

    def read(number):
        data = broken if number % 3 == 0 else sound
        try:
            return recognise(data, "a").read(data, Policy()).kind
        except FileRefused as refusal:
            return refusal.reason.code

    with ThreadPoolExecutor(4) as pool:
        kinds = list(pool.map(read, range(24)))
    assert kinds == ["truncated" if number % 3 == 0 else "png" for number in range(24)]
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters))


@pytest.mark.parametrize("tag", [(284, 3, [2]), (262, 3, [5])])
def test_deep_layouts_that_no_decoder_here_knows_are_refused(rng, tag):
    assert code_of(tiff_of([(deep(rng, 4 if tag[0] == 262 else 3), [tag])])) == "codec-missing"


def test_an_extra_sample_that_means_nothing_is_left_out(rng):
    pixels = deep(rng, 4)
    data = tiff_of([(pixels, [(338, 3, [0])])])
    assert np.array_equal(recognise(data, "a").read(data, Policy()).frames.stored(0), pixels[:, :, :3])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("samples", [1, 3, 4])
def test_every_orientation_of_deep_and_shallow_tiff(rng, orientation, samples):
    for picture in (scene(rng, samples, 30, 50), deep(rng, samples)):
        data = tiff_of([(turned(picture, orientation), [(274, 3, [orientation])])])
        frames = recognise(data, "a").read(data, Policy()).frames
        assert frames.shape(0) == picture.shape[:2] and np.array_equal(frames.stored(0), picture)


def test_a_camera_raw_file_is_named(rng):
    data = tiff_of([(scene(rng), [(50706, 1, b"\1\4\0\0")])])
    assert code_of(data) == "format-refused"


def test_arithmetic_and_lossless_jpeg_have_no_codec(rng):
    data = bytearray(saved(scene(rng), "JPEG"))
    data[data.index(b"\xff\xc0") + 1] = 0xC3
    assert code_of(bytes(data)) == "codec-missing"


def test_who_took_a_photo_is_a_known_value(rng):
    exif = Image.Exif()
    exif[0x013B], exif[0x010F] = "Jana Zelenkova", "Canon"
    data = saved(scene(rng), "JPEG", exif=exif)
    instance = recognise(data, "a").read(data, Policy())
    assert [value.value.reveal() for value in instance.known] == ["Jana Zelenkova"] and instance.camera
