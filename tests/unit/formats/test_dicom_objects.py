"""Reports, presentation states, overlays, safe private attributes: what stays of them, and what of the patient does not."""

import io

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from deid.errors import FileRefused
from deid.formats.dicom import Dicom
from deid.policy import Policy
from deid.types import Plan, Region
from tests.benchmark.hostile_dicom.objects import entries
from tests.benchmark.hostile_dicom.people import people
from tests.dicom_samples import cleaned, dataset, file_of, picture


@pytest.fixture(scope="module")
def objects():
    person = people(3)[0]
    return {file.kind: file for file in entries(person, 300)}


def _written(file, **options):
    return pydicom.dcmread(io.BytesIO(cleaned(file.data, Policy().but(**options))[2]))


@pytest.mark.parametrize("kind", ["structured report", "presentation state", "structure set", "waveform"])
def test_objects_without_pixels_come_out_without_the_patient(objects, kind):
    file = objects[kind]
    instance, _, clean, _ = cleaned(file.data)
    assert instance.frames.count == 0
    assert Dicom().strangers(clean) == ()
    assert [secret for secret in file.person.secrets() if secret.encode() in clean] == []
    codes = [item.CodeValue for item in pydicom.dcmread(io.BytesIO(clean)).DeidentificationMethodCodeSequence]
    assert "113101" not in codes


def test_a_report_keeps_its_finding_and_measure(objects):
    report = _written(objects["structured report"])
    finding, person, _, _, number = report.ContentSequence[:5]
    assert finding.TextValue.startswith("Aneurysm")
    assert (person.PersonName, str(number.MeasuredValueSequence[0].NumericValue)) == ("REMOVED", "4.2")
    assert report.VerifyingObserverSequence[0].VerifyingObserverName == "REMOVED"
    codes = [item.CodeValue for item in report.DeidentificationMethodCodeSequence]
    assert "113104" in codes


def test_a_report_is_refused_where_its_content_may_not_be_cleaned(objects):
    with pytest.raises(FileRefused) as refused:
        Dicom().read(objects["structured report"].data, Policy().but(clean_structured_content=False))
    assert refused.value.reason.code == "object-refused"


def test_notes_of_a_presentation_state_go_or_are_cleaned(objects):
    file = objects["presentation state"]
    assert "GraphicAnnotationSequence" not in _written(file)
    kept = _written(file, clean_graphics=True)
    assert file.person.family not in kept.GraphicAnnotationSequence[0].TextObjectSequence[0].UnformattedTextValue
    assert "113103" in [item.CodeValue for item in kept.DeidentificationMethodCodeSequence]


def _overlaid():
    ds = dataset(picture())
    plane = np.zeros((40, 64), np.uint8)
    plane[5:9, 10:40] = plane[30:34, 10:40] = 1
    ds.add_new(0x60000010, "US", 40)
    ds.add_new(0x60000011, "US", 64)
    ds.add_new(0x60000050, "SS", [1, 1])
    ds.add_new(0x60000100, "US", 1)
    ds.add_new(0x60000102, "US", 0)
    ds.add_new(0x60003000, "OW", np.packbits(plane.ravel(), bitorder="little").tobytes())
    return file_of(ds), plane


def test_an_overlay_goes_by_default():
    clean = pydicom.dcmread(io.BytesIO(cleaned(_overlaid()[0])[2]))
    assert not [element.tag for element in clean if element.tag.group == 0x6000]


def test_an_overlay_that_stays_is_looked_at_and_masked():
    data, plane = _overlaid()
    policy = Policy().but(clean_graphics=True)
    instance = Dicom().read(data, policy)
    assert tuple(instance.frames.looks(0))[-1][6, 20].tolist() == [255, 255, 255]
    plan = Plan(masks=(Region.from_box((8, 3, 45, 12), (0, 1)),))
    clean = pydicom.dcmread(io.BytesIO(cleaned(data, policy, plan)[2]))
    bits = np.unpackbits(np.frombuffer(clean[0x60003000].value, np.uint8), bitorder="little")[: 40 * 64].reshape(40, 64)
    assert not bits[3:12, 8:45].any()
    assert np.array_equal(bits[12:], plane[12:])


def test_private_attributes_stay_only_where_they_are_asked_for_and_known_to_be_safe():
    ds = dataset(picture())
    safe = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    safe.add_new(0x0C, "IS", "1000")
    safe.add_new(0x0F, "LO", "Quimby")
    ds.private_block(0x0029, "ZORKWORKS", create=True).add_new(0x10, "LO", "Quimby")
    data = file_of(ds)
    private = lambda clean: [element.tag for element in pydicom.dcmread(io.BytesIO(clean)) if element.tag.is_private]  # noqa: E731
    assert private(cleaned(data)[2]) == []
    clean = cleaned(data, Policy().but(retain_safe_private=True))[2]
    assert private(clean) == [(0x0019, 0x0010), (0x0019, 0x100C)]
    assert Dicom().strangers(clean) == ()
    assert b"Quimby" not in clean


def test_a_number_that_holds_more_numbers_than_the_standard_gives_it_goes():
    ds = dataset(picture())
    ds.add_new(0x00280034, "IS", ["1", "1"])
    ds.add_new(0x00189310, "FD", [float(one) for one in range(9)])
    clean = pydicom.dcmread(io.BytesIO(cleaned(file_of(ds))[2]))
    assert list(clean.PixelAspectRatio) == [1, 1]
    assert 0x00189310 not in clean


def test_an_instance_without_identity_gets_one_that_lasts():
    ds = dataset(picture())
    data = file_of(ds)
    nameless = Dataset()
    nameless.update(ds)
    del nameless.SOPInstanceUID
    assert pydicom.dcmread(io.BytesIO(cleaned(data)[2])).SOPInstanceUID
    buffer = io.BytesIO()
    nameless.save_as(buffer, implicit_vr=False, little_endian=True)
    one, two = (pydicom.dcmread(io.BytesIO(cleaned(buffer.getvalue())[2])).SOPInstanceUID for _ in range(2))
    assert one == two
    assert one.startswith("2.25.")
