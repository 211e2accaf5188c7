"""An engine that crashes, sees nothing, reads garbage or points beside the text must never let a file through."""

from dataclasses import replace

import pytest

from deid.keys import Key
from deid.pipeline import Job, load_tools, redact_file
from deid.policy import Policy
from deid.protocols import TextBox
from deid.types import PhiText, Source, Status
from tests.pictures import png, screen

LINES = ("DOE^JANE", "A4471902", "12.03.2024", "LAO 30 CRA 15")


class Sabotaged:
    """Any engine, with its two verbs replaced where a test says so."""

    def __init__(self, engine, detect=None, read_text=None):
        self.name, self.version = engine.name, engine.version
        self.detect = detect or engine.detect
        self.read_text = read_text or engine.read_text

    def missing(self):
        return None


@pytest.fixture(scope="module")
def tools():
    return load_tools(Policy(), Key(bytes(range(32))))


def _run(tools, engine, tmp_path):
    path = tmp_path / "case" / "screen.png"
    path.parent.mkdir()
    path.write_bytes(png(screen(LINES)))
    out, held = tmp_path / "clean", tmp_path / "clean-held"
    out.mkdir()
    job = Job(Source(1, PhiText(str(path))), (), "case", "g/abc", out, held)
    return redact_file(job, replace(tools, engine=engine)), [file for file in out.rglob("*") if file.is_file()]


def _shifted(engine, rows):
    def detect(image):
        return tuple(TextBox(tuple((x, y + rows) for x, y in box.quad), box.score) for box in engine.detect(image))

    return Sabotaged(engine, detect=detect)


def test_the_engine_as_it_is_lets_the_picture_through(tools, tmp_path):
    outcome, files = _run(tools, tools.engine, tmp_path)
    assert outcome.status is Status.CLEAN, outcome.reasons
    assert len(files) == 1


def _crash(*_):
    raise RuntimeError("could not read 'DOE^JANE'")


def test_one_that_crashes_fails_the_file_and_quotes_nothing(tools, tmp_path):
    outcome, files = _run(tools, Sabotaged(tools.engine, detect=_crash), tmp_path)
    assert (outcome.status, outcome.reasons[0].code, files) == (Status.FAILED, "engine-failed", [])
    assert "DOE" not in repr(outcome)


def test_one_that_sees_nothing_is_not_believed(tools, tmp_path):
    outcome, files = _run(tools, Sabotaged(tools.engine, detect=lambda image: ()), tmp_path)
    assert (outcome.status, outcome.reasons[0].code, files) == (Status.FAILED, "engine-failed", [])


def test_one_that_reads_nothing_is_not_believed(tools, tmp_path):
    def blank(image, quads):
        return tuple(replace(line, text=PhiText(""), words=(), confidence=0.0) for line in tools.engine.read_text(image, quads))

    outcome, files = _run(tools, Sabotaged(tools.engine, read_text=blank), tmp_path)
    assert (outcome.status, files) == (Status.FAILED, [])


def test_one_that_reads_garbage_is_not_believed(tools, tmp_path):
    def garbage(image, quads):
        return tuple(replace(line, text=PhiText("LAO 30"), words=()) for line in tools.engine.read_text(image, quads))

    outcome, files = _run(tools, Sabotaged(tools.engine, read_text=garbage), tmp_path)
    assert (outcome.status, files) == (Status.FAILED, [])


@pytest.mark.parametrize("rows", [-26, 26])
def test_one_that_points_a_line_beside_the_text_is_not_believed(tools, tmp_path, rows):
    outcome, files = _run(tools, _shifted(tools.engine, rows), tmp_path)
    assert outcome.status in (Status.FAILED, Status.HELD) and files == []


@pytest.mark.parametrize("rows", [-1, 1])
def test_boxes_off_by_one_still_cover_the_ink(tools, tmp_path, rows):
    outcome, files = _run(tools, _shifted(tools.engine, rows), tmp_path)
    assert outcome.status is not Status.CLEAN or not _ink_left(files[0].read_bytes())


def _ink_left(data):
    from tests.pictures import read_png

    picture = read_png(data)
    return (picture[:130].max(axis=2) > 150).any()
