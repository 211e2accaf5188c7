"""Masks that a site gives its devices."""

import numpy as np
import pytest
from pydicom.dataset import Dataset

from deid.errors import UsageError
from deid.formats import as_wanted, check_site_files
from deid.formats.dicom import Dicom
from deid.formats.dicom.devices import outside_regions
from deid.policy import Policy
from deid.redaction import cover
from tests.dicom_samples import dataset, file_of, picture

FILE = """
[[device]]
Manufacturer = "example*"
ManufacturerModelName = "Sono ?00"
Columns = 64
cover = [[0, 0, 64, 6], [50, 30, 9999, 9999]]

[[device]]
Modality = "US"
cover_outside_regions = true
"""


@pytest.fixture
def policy(tmp_path):
    (tmp_path / "devices.toml").write_text(FILE, encoding="utf-8")
    return Policy().but(device_file=str(tmp_path / "devices.toml"))


def _boxes(policy, **attributes):
    instance = Dicom().read(file_of(dataset(picture(), **attributes)), policy)
    return [region.box for region in instance.covered]


def _regions(*corners):
    items = []
    for x0, y0, x1, y1 in corners:
        item = Dataset()
        item.RegionLocationMinX0, item.RegionLocationMinY0, item.RegionLocationMaxX1, item.RegionLocationMaxY1 = x0, y0, x1, y1
        items.append(item)
    return items


def test_a_device_is_told_by_its_header_and_its_boxes_end_with_the_picture(policy):
    assert _boxes(policy, ManufacturerModelName="SONO 700") == [(0, 0, 64, 6), (50, 30, 64, 40)]
    assert _boxes(policy, ManufacturerModelName="Sono 7000") == []
    assert _boxes(policy, ManufacturerModelName="Sono 700", Manufacturer="Other") == []
    assert _boxes(Policy(), ManufacturerModelName="Sono 700") == []


def test_all_outside_the_ultrasound_regions_is_covered_and_nothing_inside(policy):
    corners = [(10, 8, 39, 29), (36, 12, 63, 35)]
    ds = dataset(picture(), Modality="US", SequenceOfUltrasoundRegions=_regions(*corners))
    instance = Dicom().read(file_of(ds), policy)
    inside = np.zeros((40, 64), bool)
    for x0, y0, x1, y1 in corners:
        inside[y0 : y1 + 1, x0 : x1 + 1] = True
    assert np.array_equal(cover(instance.covered, 0, (40, 64)), ~inside)


def test_regions_of_another_picture_tell_nothing(policy):
    assert _boxes(policy, Modality="US") == []
    assert _boxes(policy, Modality="US", SequenceOfUltrasoundRegions=_regions((100, 100, 200, 200), (9, 9, 5, 5))) == []
    whole = dataset(picture(), SequenceOfUltrasoundRegions=_regions((0, 0, 63, 39)))
    assert outside_regions(whole, 40, 64) == ()


def test_a_copy_with_square_pixels_is_covered_where_the_picture_was(policy):
    ds = dataset(picture(), ManufacturerModelName="Sono 700", PixelAspectRatio=["2", "1"])
    form = Dicom()
    _, instance = as_wanted(form, form.read(file_of(ds), policy), policy.but(write_as="png"))
    assert instance.frames.shape(0) == (80, 64)
    assert [region.box for region in instance.covered] == [(0, 0, 64, 12), (50, 60, 64, 80)]


@pytest.mark.parametrize(
    "text",
    [
        "[[device]]\ncover = [[0, 0, 4, 4]]",
        '[[device]]\nModality = "US"',
        '[[device]]\nModality = "US"\ncover = [[4, 0, 4, 4]]',
        '[[device]]\nModality = "US"\ncover = [[0.5, 0, 4, 4]]',
        '[[device]]\nModality = "US"\ncover = [[0, 0, 4]]',
        '[[device]]\nModel = "X"\ncover = [[0, 0, 4, 4]]',
        "device = 3",
        "no toml",
    ],
)
def test_a_mistake_in_the_file_shows_before_the_first_picture(tmp_path, text):
    path = tmp_path / "devices.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError):
        check_site_files(Policy().but(device_file=str(path)))


def test_another_file_is_another_policy(tmp_path, policy):
    before = policy.sha256
    (tmp_path / "devices.toml").write_text(FILE.replace("US", "XA"), encoding="utf-8")
    assert before != policy.sha256 != Policy().sha256
