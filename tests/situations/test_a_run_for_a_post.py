"""`--as png|jpeg|gif` turns an X-ray run or a frame into a picture that a phone shows, through the same gate."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from deid.formats import as_wanted, recognise
from deid.formats.exchange import dataset_to_bytes, example_dataset
from deid.keys import Key
from deid.pipeline import Job, load_tools, redact_file
from deid.policy import Policy
from deid.types import PhiText, Source, Status
from tests.pictures import screen


def _run(count=3, spacing=None):
    frames = np.stack([screen(["DOE^JANE", "LAO 30 CRA 15"], rows=160, seed=number)[:, :, 0] for number in range(count)])
    dataset = example_dataset(frames[0])
    dataset.NumberOfFrames, dataset.PixelData, dataset.FrameTime = count, frames.tobytes(), "100"
    if spacing:
        dataset.PixelSpacing = spacing
    return dataset_to_bytes(dataset)


@pytest.fixture(scope="module")
def tools():
    return load_tools(Policy(), Key(bytes(range(32))))


@pytest.mark.parametrize(
    ("kind", "count", "suffix"), [("gif", 3, ".gif"), ("png", 3, ".png"), ("jpeg", 1, ".jpg"), ("jpeg", 3, ".png")]
)
def test_the_copy_shows_the_run_without_the_name(tools, tmp_path, kind, count, suffix):
    source = tmp_path / "case" / "run.dcm"
    source.parent.mkdir()
    source.write_bytes(_run(count))
    out = tmp_path / "clean"
    out.mkdir()
    job = Job(Source(1, PhiText(str(source))), (), "case", "g/abc", out, tmp_path / "held")
    outcome = redact_file(job, replace(tools, policy=Policy(write_as=kind)))
    assert (outcome.status, outcome.output) == (Status.CLEAN, f"g/abc{suffix}"), outcome.reasons
    with Image.open(out / outcome.output) as image:
        assert getattr(image, "n_frames", 1) == count
        assert set(image.info) <= {
            "duration",
            "loop",
            "background",
            "version",
            "extension",
            "default_image",
            "blend",
            "bbox",
            "disposal",
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "timestamp",
        }
        if count > 1:
            image.seek(1)
            assert image.info["duration"] == 100
        before = screen(["DOE^JANE", "LAO 30 CRA 15"], rows=160, seed=count > 1)[:, :, 0].astype(int)
        after = np.asarray(image.convert("L")).astype(int)
    assert (after[:55, 20:140] < 40).mean() > 0.5
    assert np.abs(after[62:] - before[62:]).mean() < 2


def test_pixels_come_out_square():
    policy = Policy(write_as="png")
    form = recognise(_run(1, ["0.4", "0.2"]), "x")
    _, instance = as_wanted(form, form.read(_run(1, ["0.4", "0.2"]), policy), policy)
    assert instance.frames.shape(0) == (320, 480)
