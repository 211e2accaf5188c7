"""What hides in corners: numbers that are none, tables that are too long, runs that go on; and that pictures do not suffer."""

import io

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels import get_encoder
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from deid.formats.dicom import Dicom
from deid.policy import Policy
from tests.benchmark.hostile_dicom.build import raw
from tests.dicom_samples import cleaned, dataset, encapsulated, file_of, picture

RLE = "1.2.840.10008.1.2.5"


def _clean(ds, syntax=ExplicitVRLittleEndian):
    return cleaned(file_of(ds, syntax))[2]


def test_what_is_no_number_carries_nothing():
    samples = np.linspace(0, 1, 40 * 64, dtype="<f4").reshape(1, 40, 64, 1)
    bits = samples.view("<u4")
    bits[0, 0, :8, 0] = 0x7FC00000 | np.frombuffer(b"QUIMBY L", np.uint8).astype("<u4")
    ds = dataset(samples)
    ds.FloatPixelData, ds.BitsAllocated = samples.tobytes(), 32
    del ds.PixelData, ds.BitsStored, ds.HighBit, ds.PixelRepresentation
    written = pydicom.dcmread(io.BytesIO(_clean(ds))).FloatPixelData
    assert set(np.frombuffer(written, "<u4")[:8].tolist()) == {0x7FC00000}
    assert np.array_equal(np.frombuffer(written, "<f4")[8:], samples.ravel()[8:])


def test_a_deflated_file_is_written_where_its_bytes_can_be_searched():
    source, _, clean, changes = cleaned(file_of(dataset(picture()), DeflatedExplicitVRLittleEndian))
    written = Dicom().read(clean, Policy())
    assert written.header.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert np.array_equal(written.frames.stored(0), source.frames.stored(0))
    assert "TransferSyntaxUID" in [change.path for change in changes]


@pytest.mark.parametrize("beyond", [1, 60])
@pytest.mark.parametrize("run", ["literal", "repeated"])
def test_an_rle_run_that_goes_on_is_shortened_and_the_picture_stays(run, beyond):
    pixels = np.full((1, 4, 10, 1), 7, np.uint8)
    if run == "literal":
        last = bytes([10 - 1 + beyond]) + bytes([7] * 10) + b"QUIMBY LEONORA" * 5
    else:
        last = bytes([257 - (10 + beyond), 7])
    body = bytes([9]) + bytes([7] * 10) + bytes([257 - 20, 7]) + last[: 11 + beyond]
    header = np.zeros(16, "<u4")
    header[:2] = 1, 64
    frame = header.tobytes() + body + b"\0" * (len(body) % 2)
    clean = _clean(encapsulated(dataset(pixels), [frame]), RLE)
    assert b"QUIMBY" not in clean
    assert np.array_equal(pydicom.dcmread(io.BytesIO(clean)).pixel_array, pixels[0, ..., 0])


def test_frames_are_found_where_the_offset_table_is_nonsense():
    pixels = picture(frames=3)
    options = {"rows": 40, "columns": 64, "samples_per_pixel": 1, "bits_allocated": 8, "bits_stored": 8, "pixel_representation": 0}
    options |= {"number_of_frames": 1, "photometric_interpretation": "MONOCHROME2"}
    frames = [get_encoder(UID(RLE)).encode(frame[..., 0], **options) for frame in pixels]
    ds = encapsulated(dataset(pixels), frames)
    table = b"Quimby Leonora  "
    ds.PixelData = b"\xfe\xff\x00\xe0" + len(table).to_bytes(4, "little") + table + encapsulate(frames, has_bot=False)[8:]
    clean = pydicom.dcmread(io.BytesIO(_clean(ds, RLE)))
    assert list(generate_frames(clean.PixelData, number_of_frames=3)) == list(
        generate_frames(encapsulate(frames), number_of_frames=3)
    )
    assert np.array_equal(clean.pixel_array, pixels[..., 0])


@pytest.mark.parametrize("vr", ["OW", "US"])
@pytest.mark.parametrize("said", [8, None])
def test_a_lookup_table_ends_where_its_descriptor_says(vr, said):
    table = Dataset()
    if said:
        table.add_new(0x00283002, "US", [said, 0, 16])
    words = np.arange(20, dtype="<u2")
    table.add_new(0x00283006, vr, words.tobytes() if vr == "OW" else words.tolist())
    clean = pydicom.dcmread(io.BytesIO(_clean(dataset(picture(), VOILUTSequence=[table]))))
    data = clean.VOILUTSequence[0].get("LUTData")
    held = np.frombuffer(data, "<u2").tolist() if isinstance(data, bytes) else list(data or ())
    assert held == words[: said or 0].tolist()


@pytest.mark.parametrize("vr", ["AE", "PN", "UR"])
def test_a_text_of_another_kind_than_the_standard_gives_it_goes(vr):
    ds = dataset(picture())
    raw(ds, 0x00181030, vr, b"Seen by Zorvanek")
    assert "ProtocolName" not in pydicom.dcmread(io.BytesIO(_clean(ds)))


def test_a_text_with_escapes_that_nobody_declared_goes():
    ds = dataset(picture(), SpecificCharacterSet="ISO_IR 6")
    raw(ds, 0x00181030, "LO", "CT 山田黒".encode("iso2022_jp"))
    assert "ProtocolName" not in pydicom.dcmread(io.BytesIO(_clean(ds)))


def test_codes_of_the_standard_stay_and_ids_in_their_place_go():
    codes = []
    for value, meaning in (("T-D1100", "Head"), ("QX-778812", "Head")):
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "SRT", meaning
        codes.append(code)
    clean = pydicom.dcmread(io.BytesIO(_clean(dataset(picture(), AnatomicRegionSequence=codes))))
    assert [code.CodeValue for code in clean.AnatomicRegionSequence] == ["T-D1100", "REMOVED"]
