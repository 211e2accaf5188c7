"""Head volumes: a face can be rendered from them, and the user is told."""

import io

import pydicom
import pytest
from pydicom.dataset import Dataset

from deid.formats.dicom import Dicom
from deid.policy import Policy
from tests.dicom_samples import cleaned, dataset, file_of, picture

CT, MR, CAPTURE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.7"
WARNED = ("face-in-volume",)


def _slice(sop_class, description, **attributes):
    return file_of(dataset(picture(), SOPClassUID=sop_class, SeriesDescription=description, **attributes))


@pytest.mark.parametrize(
    ("data", "warnings", "stated"),
    [
        (_slice(CT, "AXIAL 5 mm", BodyPartExamined="HEAD"), WARNED, "YES"),
        (_slice(MR, "TOF circle of Willis", BodyPartExamined="VESSEL"), WARNED, "YES"),
        (_slice(MR, "t1_mprage sag Schädel"), WARNED, "YES"),
        (_slice(CT, "AXIAL 5 mm"), WARNED, ""),
        (_slice(CT, "LUNG 1 mm", BodyPartExamined="CHEST"), (), ""),
        (_slice(CAPTURE, "CT HEAD", BodyPartExamined="HEAD"), (), ""),
    ],
)
def test_a_slice_of_a_head_or_of_nobody_knows_what_is_warned_of(data, warnings, stated):
    assert Dicom().read(data, Policy()).warnings == warnings
    clean = pydicom.dcmread(io.BytesIO(cleaned(data)[2]))
    assert clean.get("RecognizableVisualFeatures", "") == stated
    assert "113102" not in [code.CodeValue for code in clean.DeidentificationMethodCodeSequence]


def test_the_region_may_stand_in_the_functional_groups():
    shared, anatomy, region = Dataset(), Dataset(), Dataset()
    region.CodeMeaning = "Brain"
    anatomy.AnatomicRegionSequence, shared.FrameAnatomySequence = [region], [anatomy]
    data = _slice("1.2.840.10008.5.1.4.1.1.4.1", "scan 3", SharedFunctionalGroupsSequence=[shared])
    assert Dicom().read(data, Policy()).warnings == WARNED
    region.CodeMeaning = "Knee"
    data = _slice("1.2.840.10008.5.1.4.1.1.4.1", "scan 3", SharedFunctionalGroupsSequence=[shared])
    assert Dicom().read(data, Policy()).warnings == ()
