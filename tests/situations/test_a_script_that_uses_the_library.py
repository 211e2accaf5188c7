"""Pictures and data sets in memory: clean copies come back, doubtful ones do not, and what was given is left alone."""

import numpy as np
import pydicom
import pytest

import deid
from deid.formats.exchange import example_dataset
from tests.pictures import screen


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEID_STATE", str(tmp_path_factory.mktemp("state")))
        yield deid.Deidentifier("posting")


@pytest.mark.parametrize("shape", ["grey", "grey with an axis", "colour"])
def test_a_picture_comes_back_in_its_own_shape_without_the_name(engine, shape):
    pixels = screen(["DOE^JANE", "LAO 30 CRA 15"], rows=120)
    pixels = {"grey": pixels[:, :, 0], "grey with an axis": pixels[:, :, :1], "colour": pixels}[shape]
    before = pixels.copy()
    clean, findings = engine.redact_image(pixels)
    assert clean.flags.writeable
    assert (clean.shape, clean.dtype) == (pixels.shape, pixels.dtype)
    assert np.array_equal(pixels, before)
    assert clean[20:50, 15:130].max() < 120 and (clean[60:] == before[60:]).all()
    assert {finding.category for finding in findings} == {deid.PhiCategory.NAME}


def test_sixteen_bits_stay_sixteen(engine):
    pixels = screen(["DOE^JANE", "LAO 30 CRA 15"], rows=120)[:, :, 0].astype(np.uint16) * 16
    clean, _ = engine.redact_image(pixels)
    assert clean.dtype == np.uint16 and (clean[60:] == pixels[60:]).all() and clean[20:50, 15:130].max() < 120 * 16


def test_a_value_that_the_caller_knows_is_sought(engine):
    pixels = screen(["Lateral view Judkins"], rows=80)
    assert not engine.redact_image(pixels)[1]
    _, findings = engine.redact_image(pixels, known=["Judkins"])
    assert [finding.evidence.partition(":")[0] for finding in findings] == ["known"]


def test_a_data_set_comes_back_scrubbed_and_the_one_given_stays(engine):
    dataset = example_dataset(screen(["DOE^JANE", "LAO 30 CRA 15"], rows=120)[:, :, 0])
    clean, findings = engine.redact_dataset(dataset)
    assert isinstance(clean, pydicom.Dataset) and str(dataset.PatientName) == "DOE^JANE"
    assert "DOE" not in str(clean) and clean.PatientIdentityRemoved == "YES" and clean.BurnedInAnnotation == "NO"
    assert findings and (clean.pixel_array[62:] == dataset_pixels(dataset)[62:]).all()


def dataset_pixels(dataset):
    return np.frombuffer(dataset.PixelData, np.uint8).reshape(dataset.Rows, dataset.Columns)


def test_what_a_person_must_see_is_not_handed_out(tmp_path):
    careful = deid.Deidentifier(deid.Policy(review="all"))
    with pytest.raises(deid.NotProvenClean) as caught:
        careful.redact_image(screen(["LAO 30"], rows=80))
    assert "looks at every file" in str(caught.value)


def test_inspecting_a_file_writes_nothing(engine, tmp_path):
    from tests.pictures import png

    path = tmp_path / "x.png"
    path.write_bytes(png(screen(["DOE^JANE"], rows=80)))
    assert [finding.category for finding in engine.inspect(path)] == ["name"]
    assert [file.name for file in tmp_path.iterdir()] == ["x.png"]


def test_text_alone_is_classified():
    spans = deid.classify_text("DOE^JANE  067Y  LAO 30")
    assert [(span.start, span.end, span.category.value) for span in spans] == [(0, 8, "name"), (10, 14, "age")]
    assert deid.classify_text("Judkins 5F", known=("Judkins",))
