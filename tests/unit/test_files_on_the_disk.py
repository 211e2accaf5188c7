"""Files that stay on the disk while they are worked on: what comes out is what would come out if they were in memory."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import pytest

from deid import contents, pipeline
from deid.contents import OnDisk, contents_of
from deid.formats import recognise
from deid.keys import Key
from deid.pipeline import Job, load_tools, redact_file
from deid.policy import Policy
from deid.types import PhiText, Source, Status
from tests.benchmark.vast import KINDS, make

# Runs are DICOM or GIF all the same, and large whatever they are asked for.
ORDINARY = sorted(kind for kind in KINDS if not kind.startswith(("run", "gif")))
# A picture of so many megapixels holds the beginning of each line that is drawn into it, and is quick to read.
MEGAPIXELS = 0.1

# What lies on the disk is closed when nothing needs it any longer.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def tools():
    return load_tools(Policy(), Key(bytes(range(32))))


@pytest.fixture
def on_disk(monkeypatch):
    def begin():
        for module in (contents, pipeline):
            monkeypatch.setattr(module, "LARGE", 1)
        for name in ("parse", "strangers", "write"):
            # Values of the header stay in memory.
            monkeypatch.setattr(import_module(f"deid.formats.dicom.{name}"), "LARGE", 10_000)

    return begin


@pytest.mark.parametrize("kind", ORDINARY)
def test_a_file_on_the_disk_comes_out_as_one_in_memory(kind, tools, on_disk, tmp_path):
    path = tmp_path / "picture"
    make(kind, path, MEGAPIXELS)
    job = Job(Source(1, PhiText(str(path))), (), "case", "abc", tmp_path / "clean", tmp_path / "held")
    before = redact_file(job, tools)
    assert (before.status, before.reasons) == (Status.CLEAN, ())
    written = (tmp_path / "clean" / before.output).read_bytes()
    on_disk()
    assert isinstance(contents_of(path), OnDisk)
    after = redact_file(job, tools)
    assert replace(after, seconds=0) == replace(before, seconds=0)
    assert (tmp_path / "clean" / after.output).read_bytes() == written


@pytest.mark.parametrize("kind", ORDINARY)
def test_a_written_file_on_the_disk_is_walked_as_one_in_memory(kind, on_disk, tmp_path):
    path = tmp_path / "picture"
    make(kind, path, 0.01)
    data = path.read_bytes()
    form = recognise(data, path.name)
    wanted = form.strangers(data)
    on_disk()
    assert form.strangers(contents_of(path)) == wanted
