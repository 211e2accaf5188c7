"""One file through the line: what is left on the disk after success, refusal, and every kind of trouble on the way."""

import errno
import os
import stat
import time
from dataclasses import replace
from importlib import import_module
from threading import Event

import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian

from deid import formats, pipeline
from deid.errors import FileRefused, MoreRoom
from deid.keys import Key
from deid.pipeline import Job, load_tools, open_source, redact_file, survey
from deid.policy import Policy
from deid.types import Finding, KnownValue, PhiCategory, PhiText, Region, Source, Status
from tests.dicom_samples import dataset, file_of
from tests.pictures import png, read_png, screen

KEY = Key(bytes(range(32)))


@pytest.fixture(scope="module")
def tools():
    return load_tools(Policy(), KEY)


@pytest.fixture
def place(tmp_path):
    (tmp_path / "case").mkdir()
    (tmp_path / "clean").mkdir()
    source = tmp_path / "case" / "DOE_JANE.png"
    source.write_bytes(png(screen(["DOE^JANE", "LAO 30 CRA 15"], rows=120)))
    return tmp_path


def _job(place, known=()):
    source = Source(1, PhiText(str(place / "case" / "DOE_JANE.png")))
    return Job(source, known, "case", "g/abc", place / "clean", place / "clean-held")


def _files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_clean_file_is_released_and_nothing_else_is_left(tools, place):
    before = (place / "case" / "DOE_JANE.png").read_bytes()
    outcome = redact_file(_job(place), tools)
    assert (outcome.status, outcome.output) == (Status.CLEAN, "g/abc.png"), outcome.reasons
    assert _files(place) == ["case/DOE_JANE.png", "clean/g/abc.png"]
    assert (place / "case" / "DOE_JANE.png").read_bytes() == before
    assert read_png((place / "clean" / "g" / "abc.png").read_bytes())[20:50, 15:130].max() < 120


def test_the_same_file_gives_the_same_bytes(tools, place):
    first = redact_file(_job(place), tools).output_sha256
    assert redact_file(_job(place), tools).output_sha256 == first


def test_a_known_value_is_covered_wherever_it_stands(tools, place):
    (place / "case" / "DOE_JANE.png").write_bytes(png(screen(["Judkins 5F"], rows=80)))
    outcome = redact_file(_job(place, (KnownValue("UserList", PhiText("Judkins")),)), tools)
    assert outcome.status is Status.CLEAN and [finding.evidence for finding in outcome.plan.findings] == ["known:UserList"]


def test_what_a_person_must_see_waits_with_draft_and_preview_for_its_owner_alone(tools, place):
    outcome = redact_file(_job(place), replace(tools, policy=Policy(review="all")))
    assert (outcome.status, [reason.code for reason in outcome.reasons]) == (Status.HELD, ["review-all"])
    assert _files(place / "clean") == []
    held = [path for path in (place / "clean-held").rglob("*") if path.is_file()]
    assert {path.parent.name for path in held} >= {"drafts", "previews"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in held)


class Unsure:
    """Takes every word for neither technical nor surely identifying."""

    version = "1"

    def classify(self, lines, known, policy):
        return tuple(Finding(PhiCategory.NAME, Region(line.quad, line.frames), 0.5, "not-technical") for line in lines)


@pytest.mark.parametrize(("review", "status"), [("auto", Status.HELD), ("none", Status.FAILED)])
def test_what_nobody_will_look_at_is_failed_instead_of_held(tools, place, review, status):
    unsure = replace(tools, policy=Policy(review=review, unsure="hold"), classifier=Unsure())
    outcome = redact_file(_job(place), unsure)
    assert outcome.status is status and {"unsure"} <= {reason.code for reason in outcome.reasons}
    assert ("nobody-looks" in {reason.code for reason in outcome.reasons}) is (review == "none")
    assert _files(place / "clean") == []


@pytest.mark.parametrize("verb", ["fsync", "rename", "open"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS])
def test_trouble_with_the_disk_releases_nothing(tools, place, monkeypatch, verb, number):
    def broken(*arguments, **named):
        path = str(arguments[0])
        if verb == "open" and "case" in path:
            return real(*arguments, **named)
        raise OSError(number, os.strerror(number), "DOE_JANE")

    real = os.open
    if verb == "rename":
        monkeypatch.setattr("pathlib.Path.rename", broken)
    else:
        monkeypatch.setattr(pipeline.os, verb, broken)
    outcome = redact_file(_job(place), tools)
    monkeypatch.undo()
    full = number in (errno.ENOSPC, errno.EDQUOT)
    assert (outcome.status, outcome.reasons[0].code) == (Status.FAILED, "disk-full" if full else "write-failed")
    assert _files(place / "clean") == [] and _files(place / "clean-held") == []
    assert "DOE" not in repr(outcome)


@pytest.mark.parametrize("step", ["recognise", "find_text", "find_marks", "classify_header", "make_plan", "verify"])
def test_an_error_in_any_step_fails_the_file_and_quotes_nothing(tools, place, monkeypatch, step):
    def broken(*_, **__):
        raise ValueError("DOE^JANE")

    room = {"recognise": formats, "find_text": pipeline.find, "find_marks": pipeline.find}.get(step)
    room = room or {"classify_header": pipeline.phi, "make_plan": pipeline.redaction, "verify": pipeline}[step]
    monkeypatch.setattr(room, step, broken, raising=False)
    outcome = redact_file(_job(place), tools)
    assert outcome.status is Status.FAILED and "ValueError" in outcome.reasons[0].detail
    assert _files(place / "clean") == [] and _files(place / "clean-held") == [] and "DOE" not in repr(outcome)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interruption_goes_through_and_leaves_no_draft(tools, place, monkeypatch, error):
    def broken(*_, **__):
        raise error

    monkeypatch.setattr(pipeline, "verify", broken)
    with pytest.raises(error):
        redact_file(_job(place), tools)
    assert _files(place / "clean") == [] and _files(place / "clean-held") == []


class Meddled:
    """An engine beside which somebody writes another picture over the source."""

    def __init__(self, engine, path, data):
        self.engine, self.path, self.data = engine, path, data

    def __getattr__(self, name):
        return getattr(self.engine, name)

    def read_text(self, *arguments, **named):
        lines = self.engine.read_text(*arguments, **named)
        if self.data:
            time.sleep(0.02)  # kernels keep the time of a change in steps of up to 10 ms
            with self.path.open("r+b") as file:
                file.write(self.data)
            self.data = b""
        return lines


def test_a_source_on_the_disk_that_changes_while_it_is_read_is_refused(tools, place, monkeypatch):
    monkeypatch.setattr(pipeline, "LARGE", 1)
    monkeypatch.setattr(import_module("deid.formats.dicom.parse"), "LARGE", 10_000)  # values of the header stay in memory
    path = place / "case" / "DOE_JANE.png"
    before, after = (file_of(dataset(film(line)), ExplicitVRLittleEndian) for line in ("LAO 30 CRA 15", "DOE^JANE"))
    path.write_bytes(before)
    assert redact_file(_job(place), tools).status is Status.CLEAN
    (place / "clean" / "g" / "abc.dcm").unlink()
    outcome = redact_file(_job(place), replace(tools, engine=Meddled(tools.engine, path, after)))
    assert (outcome.status, [reason.code for reason in outcome.reasons]) == (Status.FAILED, ["vanished"])
    assert _files(place / "clean") == [] and _files(place / "clean-held") == []


def film(line):
    """Three frames that do not follow each other, with a line on each, (frames, rows, columns, samples)."""
    frame = screen([line], rows=120)[..., :1]
    return np.stack([np.roll(frame, 40 * number, axis=0) for number in range(3)])


def test_what_is_vast_asks_for_networks_that_have_looked_at_nothing(tools, place, monkeypatch):
    path = place / "case" / "DOE_JANE.png"
    fresh = replace(tools, worn=Event())
    assert survey(path, fresh).reasons == () and redact_file(_job(place), fresh).status is Status.CLEAN
    monkeypatch.setattr(pipeline, "VAST", 20_000)
    for step in (lambda: survey(path, fresh), lambda: redact_file(_job(place), fresh)):
        with pytest.raises(MoreRoom):
            step()


def test_a_survey_never_raises(tools, tmp_path):
    for name, data in (("a.png", b""), ("b.dcm", b"\0" * 128 + b"DICM" + b"\xff" * 40), ("c.png", b"\x89PNG\r\n\x1a\n")):
        (tmp_path / name).write_bytes(data)
        assert survey(tmp_path / name, tools).known == ()


def test_sources_are_opened_with_care(tmp_path):
    picture = tmp_path / "x.png"
    picture.write_bytes(b"x" * 2_000_000)
    (tmp_path / "link").symlink_to(picture)
    os.mkfifo(tmp_path / "pipe")
    for path, code in ((tmp_path / "link", "link"), (tmp_path / "pipe", "not-a-file"), (tmp_path / "none", "vanished")):
        with pytest.raises(FileRefused) as caught:
            open_source(path, Policy())
        assert caught.value.reason.code == code
    with pytest.raises(FileRefused) as caught:
        open_source(picture, Policy(max_file_mb=1))
    assert caught.value.reason.code == "too-large"
