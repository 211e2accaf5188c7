"""Pixels: every layout comes back exactly outside the masks, untouched frames bit by bit."""

import io

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels import get_encoder
from pydicom.uid import UID, ExplicitVRBigEndian, ImplicitVRLittleEndian

from deid.errors import FileRefused
from deid.formats.dicom import Dicom
from deid.formats.dicom.ljpeg import decode_lossless, encode_lossless
from deid.formats.dicom.streams import clean_stream
from deid.policy import Policy
from tests.dicom_samples import cleaned, dataset, encapsulated, file_of, picture

BOX = (20, 8, 45, 21)
LOSSLESS = {
    "rle": "1.2.840.10008.1.2.5",
    "j2k": "1.2.840.10008.1.2.4.90",
    "j2k-lossy": "1.2.840.10008.1.2.4.91",
    "jls": "1.2.840.10008.1.2.4.80",
    "jls-near": "1.2.840.10008.1.2.4.81",
    "jpeg-lossless": "1.2.840.10008.1.2.4.70",
}


def _outside(shape, box=BOX):
    mask = np.ones(shape[:2], bool)
    mask[box[1] : box[3], box[0] : box[2]] = False
    return mask


def _exact(data, box=BOX, on=(0,)):
    """Clean a file with a box and see that nothing but the box changed; return the clean instance."""
    source, frames, clean, _ = cleaned(data, box=box, on=on)
    assert Dicom().strangers(clean) == ()
    written = Dicom().read(clean, Policy())
    for index in range(source.frames.count):
        assert np.array_equal(frames.stored(index), written.frames.stored(index), equal_nan=True)
    return source, written


NATIVE = {
    "mono8": ({}, {}),
    "mono16": ({"dtype": np.uint16, "top": 4000}, {"BitsStored": 12, "HighBit": 11}),
    "signed16": ({"dtype": np.int16, "top": 3000}, {}),
    "uint32": ({"dtype": np.uint32, "top": 90000}, {}),
    "monochrome1": ({}, {"PhotometricInterpretation": "MONOCHROME1"}),
    "rgb": ({"samples": 3}, {}),
    "ybr": ({"samples": 3}, {"PhotometricInterpretation": "YBR_FULL"}),
    "frames": ({"frames": 3}, {}),
    "odd": ({"rows": 31, "columns": 53}, {}),
}


@pytest.mark.parametrize("name", NATIVE)
@pytest.mark.parametrize("syntax", [None, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_native_layouts_come_back_exactly(name, syntax):
    shape, attributes = NATIVE[name]
    pixels = picture(**shape)
    ds = dataset(pixels, **attributes)
    if syntax == ExplicitVRBigEndian and pixels.dtype.itemsize > 1:
        ds.PixelData = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
    source, written = _exact(file_of(ds, syntax) if syntax else file_of(ds))
    assert np.array_equal(source.frames.stored(0), pixels[0])
    assert written.header.file_meta.TransferSyntaxUID == source.header.file_meta.TransferSyntaxUID


def test_planar_palette_bits_and_floats_come_back_exactly():
    rgb = picture(samples=3)
    planar = dataset(rgb, PlanarConfiguration=1)
    planar.PixelData = rgb.transpose(0, 3, 1, 2).tobytes()
    source, _ = _exact(file_of(planar))
    assert np.array_equal(source.frames.stored(0), rgb[0])

    bits = (picture(frames=3, rows=31, columns=53) > 90).astype(np.uint8)
    one = dataset(bits, BitsAllocated=1, BitsStored=1, HighBit=0)
    one.PixelData = np.packbits(bits.ravel(), bitorder="little").tobytes()
    one.PixelData += b"\0" * (len(one.PixelData) % 2)
    source, written = _exact(file_of(one), on=(1,))
    assert np.array_equal(source.frames.stored(2), bits[2])
    assert written.frames.display(1)[BOX[1], BOX[0]].tolist() == [0, 0, 0]

    real = dataset(picture())
    del real.PixelData, real.BitsStored, real.HighBit
    real.BitsAllocated, real.FloatPixelData = 32, (picture()[0] * 1.5 - 20).astype("<f4").tobytes()
    _exact(file_of(real))


def test_two_pixels_that_share_a_colour_are_parted_where_a_mask_ends_between_them():
    full = picture(samples=3)
    pairs = full.reshape(1, 40, 32, 2, 3)
    shared = dataset(full, PhotometricInterpretation="YBR_FULL_422")
    shared.PixelData = np.stack([pairs[..., 0, 0], pairs[..., 1, 0], pairs[..., 0, 1], pairs[..., 0, 2]], -1).tobytes()
    _, written = _exact(file_of(shared), box=(21, 8, 44, 21))
    assert written.header.PhotometricInterpretation == "YBR_FULL"
    untouched = cleaned(file_of(shared))[2]
    assert pydicom.dcmread(io.BytesIO(untouched)).PixelData == shared.PixelData


@pytest.mark.parametrize("syntax", LOSSLESS)
@pytest.mark.parametrize("kind", ["mono8", "mono12", "signed16", "rgb"])
def test_lossless_syntaxes_change_nothing_outside_and_leave_other_frames_alone(syntax, kind):
    shape = {
        "mono8": {},
        "mono12": {"dtype": np.uint16, "top": 4000},
        "signed16": {"dtype": np.int16, "top": 3000},
        "rgb": {"samples": 3},
    }
    pixels = picture(frames=3, **shape[kind])
    ds = dataset(pixels)
    if kind == "mono12":
        ds.BitsStored, ds.HighBit = 12, 11
    frames = [_encode(frame, ds, LOSSLESS[syntax]) for frame in pixels]
    source, written = _exact(file_of(encapsulated(ds, frames), LOSSLESS[syntax]), on=(1,))
    assert np.array_equal(source.frames.stored(2), pixels[2])
    assert [source.frames.source(i) == written.frames.source(i) for i in range(3)] == [True, False, True]
    assert written.frames.layout.syntax == LOSSLESS[syntax]


def _encode(frame, ds, syntax):
    if syntax.endswith(".70"):
        return encode_lossless(frame.view(f"u{frame.dtype.itemsize}").astype(np.uint16), ds.BitsStored)
    # The lossless mode of a codec is legal in its lossy syntax.
    syntax = {"91": LOSSLESS["j2k"], "81": LOSSLESS["jls"]}.get(syntax[-2:], syntax)
    options = {
        "rows": ds.Rows, "columns": ds.Columns, "samples_per_pixel": ds.SamplesPerPixel, "bits_allocated": ds.BitsAllocated,
        "bits_stored": ds.BitsStored, "pixel_representation": ds.PixelRepresentation, "number_of_frames": 1,
        "photometric_interpretation": "YBR_RCT" if "2.4.9" in syntax and ds.SamplesPerPixel == 3 else ds.PhotometricInterpretation,
        "planar_configuration": 0,
    }  # fmt: skip
    encoded = get_encoder(UID(syntax)).encode(frame if frame.shape[2] == 3 else frame[..., 0], **options)
    return encoded + b"\0" * (len(encoded) % 2)


@pytest.mark.parametrize("sampling", [0, 1, 2])
@pytest.mark.parametrize("extended", [False, True])
def test_jpeg_frames_keep_tables_and_neighbours(sampling, extended):
    pixels = picture(rows=96, columns=128, samples=3, frames=3)
    frames = []
    for frame in pixels:
        out = io.BytesIO()
        Image.fromarray(frame).save(out, "JPEG", quality=92, subsampling=sampling)
        frames.append(out.getvalue() + b"\0" * (len(out.getvalue()) % 2))
    ds = encapsulated(dataset(pixels, PhotometricInterpretation="YBR_FULL_422"), frames, extended)
    box = (32, 24, 80, 56)
    source, masked, clean, _ = cleaned(file_of(ds, "1.2.840.10008.1.2.4.50"), box=box, on=(1,))
    written = Dicom().read(clean, Policy())
    assert [source.frames.source(i) == written.frames.source(i) for i in range(3)] == [True, False, True]
    change = np.abs(masked.stored(1).astype(int) - written.frames.stored(1))[_outside((96, 128), box)]
    assert 10 * np.log10(255**2 / np.square(change).mean()) > 50
    assert written.frames.display(1)[28:52, 36:76].max() < 12
    assert ("ExtendedOffsetTable" in written.header) == extended


@pytest.mark.parametrize("precision", [2, 8, 12, 16])
def test_lossless_jpeg_is_its_own_inverse(precision):
    rng = np.random.default_rng(precision)
    for pixels in (
        rng.integers(0, 1 << precision, (37, 41, 1)),
        np.zeros((9, 5, 3), np.int64),
        np.where(rng.random((64, 300, 3)) < 0.02, (1 << precision) - 1, 0),
    ):
        assert np.array_equal(decode_lossless(encode_lossless(pixels.astype(np.uint16), precision)), pixels)


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_lossless_jpeg_that_ends_early_is_refused(cut):
    coded = encode_lossless(picture(dtype=np.uint16, top=4000)[0], 12)
    end = coded.rindex(b"\xff\xd9")
    start = coded.index(b"\xff\xda") + 10
    with pytest.raises(ValueError, match=r"ends early|no such code"):
        decode_lossless(coded[: start + int((end - start) * cut)] + b"\xff\xd9")


def test_an_overlay_in_unused_bits_is_cleared():
    pixels = picture(dtype=np.uint16, top=4000)
    hidden = pixels.copy()
    hidden[0, 5:9, 10:30] |= 0x8000
    for syntax in (None, LOSSLESS["rle"], LOSSLESS["jls"], LOSSLESS["j2k"], LOSSLESS["jpeg-lossless"]):
        ds = dataset(hidden)
        if syntax:
            encapsulated(ds, [_encode(hidden[0], ds, syntax)])
        ds.BitsStored, ds.HighBit = 12, 11
        clean = cleaned(file_of(ds, syntax) if syntax else file_of(ds))[2]
        out = pydicom.dcmread(io.BytesIO(clean))
        out.BitsStored, out.HighBit = 16, 15
        whole = io.BytesIO()
        out.save_as(whole)
        assert np.array_equal(Dicom().read(whole.getvalue(), Policy()).frames.stored(0), pixels[0]), syntax


@pytest.mark.parametrize("syntax", ["jpeg", "j2k", "rle", "jls"])
def test_what_hides_beside_the_picture_in_a_frame_goes_and_the_picture_stays(syntax):
    pixels = picture()
    ds = dataset(pixels)
    secret = b"Quimby Leonora QX-778812"
    uid = "1.2.840.10008.1.2.4.50" if syntax == "jpeg" else LOSSLESS[syntax]
    if syntax == "jpeg":
        out = io.BytesIO()
        Image.fromarray(pixels[0, ..., 0]).save(out, "JPEG", comment=secret)
        frame = out.getvalue()
    else:
        frame = _encode(pixels[0], ds, uid)
    if syntax == "j2k":
        place = frame.index(b"\xff\x90")
        frame = frame[:place] + b"\xff\x64" + (4 + len(secret)).to_bytes(2, "big") + b"\0\1" + secret + frame[place:]
    frame += secret + b"\0" * ((len(frame) + len(secret)) % 2)
    source, _, clean, _ = cleaned(file_of(encapsulated(ds, [frame]), uid))
    assert secret not in clean
    assert np.array_equal(Dicom().read(clean, Policy()).frames.stored(0), source.frames.stored(0))


def test_text_that_shows_in_one_window_only_is_in_a_look():
    pixels = picture(dtype=np.uint16, top=100)
    pixels[0, 10:20, 10:50] = 3000
    pixels[0, 25:35, 10:50, 0] += 60
    ds = dataset(pixels, BitsStored=12, HighBit=11, WindowCenter=["3500", "60"], WindowWidth=["100", "120"])
    looks = tuple(Dicom().read(file_of(ds), Policy()).frames.looks(0))
    contrast = lambda look, rows: abs(int(look[rows, 30, 0].mean()) - int(look[rows, 58, 0].mean()))  # noqa: E731
    assert contrast(looks[0], slice(10, 20)) < 5
    assert max(contrast(look, slice(10, 20)) for look in looks) > 200
    assert max(contrast(look, slice(25, 35)) for look in looks) > 80


def test_black_is_what_a_person_sees_as_black():
    for attributes, shape in (
        ({"PhotometricInterpretation": "MONOCHROME1"}, {}),
        ({"PhotometricInterpretation": "YBR_FULL"}, {"samples": 3}),
        ({}, {"samples": 3}),
        ({}, {"dtype": np.int16, "top": 3000}),
        ({"BitsStored": 12, "HighBit": 11, "WindowCenter": "2000", "WindowWidth": "1000"}, {"dtype": np.uint16, "top": 4000}),
    ):
        _, _, clean, _ = cleaned(file_of(dataset(picture(**shape), **attributes)), box=BOX)
        shown = Dicom().read(clean, Policy()).frames.display(0)[BOX[1] : BOX[3], BOX[0] : BOX[2]]
        assert shown.max() <= 2, attributes


def test_sizes_are_checked_before_anything_is_decoded():
    huge = dataset(picture())
    huge.Rows = huge.Columns = 60000
    with pytest.raises(FileRefused) as refused:
        Dicom().read(file_of(huge), Policy())
    assert refused.value.reason.code == "too-large"
    short = dataset(picture())
    short.Rows = 400
    with pytest.raises(FileRefused) as refused:
        Dicom().read(file_of(short), Policy())
    assert refused.value.reason.code == "truncated"


def test_a_stream_of_another_size_than_the_header_says_is_refused():
    ds = dataset(picture())
    frame = _encode(picture(rows=80)[0], dataset(picture(rows=80)), LOSSLESS["jls"])
    instance = Dicom().read(file_of(encapsulated(ds, [frame]), LOSSLESS["jls"]), Policy())
    with pytest.raises(FileRefused) as refused:
        instance.frames.stored(0)
    assert refused.value.reason.detail == "frame size"


def test_clean_streams_come_back_as_they_are():
    ds = dataset(picture())
    for syntax in LOSSLESS.values():
        frame = _encode(picture()[0], ds, syntax)
        assert clean_stream(frame, syntax, 40 * 64)[0] == frame


def test_windows_and_rescale_of_an_enhanced_object_are_those_of_the_frame():
    pixels = picture(frames=2, dtype=np.uint16, top=1000)
    groups = []
    for center in (100, 900):
        window, rescale, group = Dataset(), Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = center, 200
        rescale.RescaleSlope, rescale.RescaleIntercept = 2, -50
        group.FrameVOILUTSequence, group.PixelValueTransformationSequence = [window], [rescale]
        groups.append(group)
    ds = dataset(pixels, PerFrameFunctionalGroupsSequence=groups)
    frames = Dicom().read(file_of(ds), Policy()).frames
    shown = pixels * 2.0 - 50
    assert frames.display(0)[shown[0, ..., 0] > 210].min() == 255
    assert frames.display(1)[shown[1, ..., 0] < 790].max() == 0
    assert len(tuple(frames.looks(0))) == 2


def test_the_time_of_a_frame_and_the_shape_of_a_pixel_are_told_for_copies():
    ds = dataset(picture(frames=2), CineRate="25", PixelAspectRatio=["2", "1"])
    instance = Dicom().read(file_of(ds), Policy())
    assert (instance.frames.frame_time_ms, instance.frames.pixel_aspect, instance.cine) == (40.0, 2.0, True)
    plain = Dicom().read(file_of(dataset(picture())), Policy())
    assert (plain.frames.frame_time_ms, plain.frames.pixel_aspect, plain.cine) == (0.0, 1.0, False)
