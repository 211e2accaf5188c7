"""Syntaxes that are read but not written, and what the header says about losses."""

import base64
import io
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRLittleEndian

from deid.errors import FileRefused
from deid.formats.dicom import Dicom
from deid.formats.dicom.extended import decode_extended
from deid.policy import Policy
from tests.dicom_samples import cleaned, dataset, encapsulated, file_of, picture

BASELINE, EXTENDED = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"
HTJ2K = ("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203")
BOX = (8, 4, 20, 12)
# What OpenJPH makes of HT_PIXELS without loss: no encoder of high-throughput JPEG 2000 is among the packages of the tests.
HT_FRAME = base64.b64decode(
    "/0//UQApQAAAAAAoAAAAGAAAAAAAAAAAAAAAKAAAABgAAAAAAAAAAAABBwEB/1AACAACAAAAAv9SAAwAAgABAAUEBEAB/1wAEyBIUFBQUFBQUFBQUFBQSEhI/2QA"
    "FwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAJQAAf+TwCYrzAEBdADAEcATAABjAKqqAEI0AMARwBKAEnMArUr2NADAE8AVgFr13P7LdQAsy7Ls4AD+AAG+"
    "uADAFVAFoCRJ/u/Ap6dCdwCUiIiIiP78gz3ye/fJ7LoAwCtgFtAAAAD8fynp6enp4noACAAAAAAAAOD/doBJ79knv2Se/ZJ79knssgH/2Q=="
)
HT_PIXELS = ((np.add.outer(np.arange(24) * 5, np.arange(40) * 3)) % 251).astype(np.uint8)[None, ..., None]


def _dcmtk(program, data, folder, *options):
    (folder / "in.dcm").write_bytes(data)
    subprocess.run([program, *options, folder / "in.dcm", folder / "out.dcm"], check=True, capture_output=True)
    return (folder / "out.dcm").read_bytes()


def _deep_jpeg(folder, quality="90", **shape):
    ds = dataset(picture(dtype=np.uint16, top=4000, **shape), BitsStored=12, HighBit=11)
    return _dcmtk("dcmcjpeg", file_of(ds), folder, "+ee", "+q", quality)


@pytest.mark.parametrize("quality", ["20", "75", "99"])
def test_twelve_bit_jpeg_is_read_as_other_programs_read_it(tmp_path, quality):
    data = _deep_jpeg(tmp_path, quality, rows=61, columns=83, frames=2)
    frames = Dicom().read(data, Policy()).frames
    theirs = pydicom.dcmread(io.BytesIO(_dcmtk("dcmdjpeg", data, tmp_path))).pixel_array
    assert frames.layout.syntax == EXTENDED
    for index in range(2):
        # Cosine transformations round differently: by one at most.
        assert np.abs(frames.stored(index)[..., 0].astype(int) - theirs[index]).max() <= 1


def test_a_touched_frame_of_twelve_bit_jpeg_is_written_without_further_loss(tmp_path):
    _, masked, clean, changes = cleaned(_deep_jpeg(tmp_path, frames=2), box=BOX)
    written = Dicom().read(clean, Policy())
    assert written.frames.layout.syntax == ExplicitVRLittleEndian
    assert all(np.array_equal(masked.stored(index), written.frames.stored(index)) for index in range(2))
    assert "TransferSyntaxUID" in [change.path for change in changes]
    assert written.header.LossyImageCompression == "01"
    assert Dicom().strangers(clean) == ()
    untouched = Dicom().read(cleaned(_deep_jpeg(tmp_path))[2], Policy())
    assert (untouched.frames.layout.syntax, untouched.frames.lossy) == (EXTENDED, False)


@pytest.mark.parametrize("name", ["JPGExtended.dcm", "JPEG-lossy.dcm"])
def test_the_twelve_bit_files_of_pydicom_are_read(name):
    frames = Dicom().read(Path(get_testdata_file(name)).read_bytes(), Policy()).frames
    assert (int(frames.stored(0).min()), int(frames.stored(0).max())) == (0, 264)


@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_restart_intervals_are_followed(blocks):
    out = io.BytesIO()
    pixels = picture(rows=40, columns=56)[0, ..., 0]
    Image.fromarray(pixels).save(out, "JPEG", quality=95, restart_marker_blocks=blocks)
    theirs = np.asarray(Image.open(out)).astype(int)
    assert np.abs(decode_extended(out.getvalue())[..., 0] - theirs).max() <= 1


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_twelve_bit_jpeg_that_ends_early_is_refused(tmp_path, keep):
    frame = Dicom().read(_deep_jpeg(tmp_path), Policy()).frames.source(0)
    start = frame.index(b"\xff\xda")
    cut = frame[: start + int((len(frame) - start) * keep)]
    ds = dataset(picture(dtype=np.uint16, top=4000), BitsStored=12, HighBit=11)
    for damaged in (cut + b"\xff\xd9", frame.replace(b"\xff\xda", b"\xff\xd9", 1)):
        instance = Dicom().read(file_of(encapsulated(ds, [damaged + b"\0" * (len(damaged) % 2)]), EXTENDED), Policy())
        with pytest.raises(FileRefused):
            instance.frames.stored(0)


def test_twelve_bit_colour_is_refused_in_words():
    ds = dataset(picture(samples=3, dtype=np.uint16), BitsStored=12, HighBit=11)
    with pytest.raises(FileRefused) as refused:
        Dicom().read(file_of(encapsulated(ds, [b"\xff\xd8\xff\xd9"]), EXTENDED), Policy())
    assert refused.value.reason.code == "codec-missing"
    assert refused.value.reason.detail.startswith("JPEG Extended")


@pytest.mark.parametrize("syntax", HTJ2K)
def test_high_throughput_jpeg_2000_is_read_and_a_touched_run_is_written_uncompressed(syntax):
    data = file_of(encapsulated(dataset(np.repeat(HT_PIXELS, 2, axis=0)), [HT_FRAME + b"\0"] * 2), syntax)
    source, masked, clean, changes = cleaned(data, box=BOX, on=(1,))
    assert np.array_equal(source.frames.stored(0), HT_PIXELS[0])
    written = Dicom().read(clean, Policy())
    assert written.frames.layout.syntax == ExplicitVRLittleEndian
    assert all(np.array_equal(masked.stored(index), written.frames.stored(index)) for index in range(2))
    assert "TransferSyntaxUID" in [change.path for change in changes]
    untouched = Dicom().read(cleaned(data)[2], Policy())
    assert (untouched.frames.layout.syntax, untouched.frames.source(0)) == (syntax, HT_FRAME + b"\0")


def _baseline(**attributes):
    pixels = picture(rows=64, columns=64, frames=2)
    frames = []
    for frame in pixels:
        out = io.BytesIO()
        Image.fromarray(frame[..., 0]).save(out, "JPEG", quality=90)
        frames.append(out.getvalue() + b"\0" * (len(out.getvalue()) % 2))
    return file_of(encapsulated(dataset(pixels, **attributes), frames), BASELINE)


def test_a_second_lossy_compression_is_told_beside_the_first():
    told = {"LossyImageCompression": "01", "LossyImageCompressionRatio": "7.5", "LossyImageCompressionMethod": "ISO_10918_1"}
    clean = pydicom.dcmread(io.BytesIO(cleaned(_baseline(**told), box=(8, 8, 40, 24))[2]))
    assert clean.LossyImageCompressionRatio[0] == 7.5
    assert 1 < clean.LossyImageCompressionRatio[1] < 100
    assert list(clean.LossyImageCompressionMethod) == ["ISO_10918_1", "ISO_10918_1"]
    untold = pydicom.dcmread(io.BytesIO(cleaned(_baseline(), box=(8, 8, 40, 24))[2]))
    assert (untold.LossyImageCompression, len(untold.LossyImageCompressionRatio)) == ("01", 2)
    untouched = pydicom.dcmread(io.BytesIO(cleaned(_baseline(**told))[2]))
    assert untouched.LossyImageCompressionRatio == 7.5
