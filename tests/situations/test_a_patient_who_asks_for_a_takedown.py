"""A patient withdraws consent, or a source proves to be the wrong one: which released files are theirs?"""

import json
import shutil

import pytest
from typer.testing import CliRunner

from deid.batch import Options, run_with, trace
from deid.batch.takedown import Because, fits, words
from deid.cli import app
from deid.errors import UsageError
from deid.policy import Policy
from deid.types import PhiText
from tests.engines.paper_line import PAPER


@pytest.fixture
def out(tmp_path):
    return tmp_path / "clean"


@pytest.fixture
def archive(tmp_path, out):
    """Two patients in folders of their own, one of them in a second folder too, and a folder without a header."""
    texts = {
        "doe/1.dcm": "patient DOE^JANE 0047\nrun",
        "doe/photo.png": "photo in the lab",
        "doe/later/2.dcm": "patient DOE^JANE 0047\nanother run",
        "roe/1.dcm": "patient ROE^RICHARD 0099\nrun of someone else",
        "roe/old export/3.dcm": "patient DOE^JANE 0047\nput here by mistake",
        "loose/scan.png": "nobody is named here",
    }
    for name, text in texts.items():
        path = tmp_path / "archive" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    go(tmp_path / "archive", out)
    return tmp_path / "archive"


def go(archive, out, **options):
    return list(run_with([archive], out, Policy(), Options(work=PAPER, jobs=1, **options)))


def texts(found, out):
    return {(out / one.output).read_text().partition("\n")[2] or (out / one.output).read_text() for one in found.released}


@pytest.mark.parametrize("asked", ["DOE^JANE 0047", "Jane Doe", "47", "doe, jáne"])
def test_all_pictures_of_a_patient_are_found_and_nobody_elses(archive, out, asked):
    found = trace(out, patients=[PhiText(asked)])
    assert texts(found, out) == {"run", "photo in the lab", "another run", "put here by mistake"}
    assert {one.because for one in found.released} == {Because.PATIENT, Because.CASE}
    assert all(one.there for one in found.released)
    assert found.inputs == 4


def test_a_patient_whom_no_source_names(archive, out):
    assert trace(out, patients=[PhiText("Smith")]).released == ()


def test_a_source_is_known_by_its_bytes_wherever_it_lies_now(archive, out, tmp_path):
    copy = tmp_path / "desktop" / "renamed.png"
    copy.parent.mkdir()
    shutil.copy(archive / "doe" / "photo.png", copy)
    (one,) = trace(out, [copy]).released
    assert one.because is Because.SOURCE
    assert [path.reveal() for path in one.sources] == [str(archive / "doe" / "photo.png")]


def test_a_source_or_a_folder_that_is_gone_is_known_by_its_path(archive, out):
    shutil.rmtree(archive / "doe")
    assert len(trace(out, [archive / "doe"]).released) == 3
    assert len(trace(out, [archive / "doe" / "photo.png"]).released) == 1


def test_a_released_file_that_came_back_leads_to_its_source(archive, out, tmp_path):
    output = trace(out, [archive / "doe" / "1.dcm"]).released[0].output
    shutil.copy(out / output, tmp_path / "from the web.txt")
    (one,) = trace(out, [tmp_path / "from the web.txt"]).released
    assert (one.output, one.because) == (output, Because.OUTPUT)
    assert [path.reveal() for path in one.sources] == [str(archive / "doe" / "1.dcm")]


def test_what_was_released_once_and_withdrawn_is_named_too(archive, out):
    (archive / "doe" / "wristband.dcm").write_text("patient lab\n")
    go(archive, out)
    found = trace(out, [archive / "doe" / "photo.png"])
    assert [one.there for one in found.released] == [False, True]
    assert len({one.output_sha256 for one in found.released}) == 2


def test_without_the_private_ledger_sources_and_ids_are_still_found(archive, out):
    shutil.rmtree(out.with_name("clean-held"))
    assert len(trace(out, [archive / "doe"]).released) == 3
    found = trace(out, patients=[PhiText("DOE^JANE 0047")])
    assert {one.because for one in found.released} == {Because.PATIENT}
    assert found.released[0].sources == ()
    assert not out.with_name("clean-held").exists()


def test_a_broken_log_is_told(archive, out):
    log = out / "audit.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"clean"', b'"CLEAN"', 1))
    assert "record 1" in trace(out, [archive]).fault


def test_wrong_usage(archive, out, tmp_path):
    with pytest.raises(UsageError, match="Nothing is sought"):
        trace(out)
    with pytest.raises(UsageError, match="No run has made"):
        trace(tmp_path, [archive])


def test_the_command_prints_no_name_into_a_pipe(archive, out):
    done = CliRunner().invoke(app, ["trace", str(out), "--patient", "-", "--json"], input="Jane Doe\n")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert len(lines) == 4
    assert {line["because"] for line in lines} == {"patient", "case"}
    plain = CliRunner().invoke(app, ["trace", str(out), str(archive / "doe")])
    assert plain.stdout.count("still here") == 3
    for text in (done.stdout, done.stderr, plain.stdout, plain.stderr):
        assert "doe" not in text.lower()


def test_words_are_compared_whole():
    assert words("DOE^Jáne 0047") == {"doe", "jane", "47"}
    assert fits([words("Jane")], "DOE^JANE")
    assert not fits([words("Jan")], "DOE^JANE")
    assert not fits([words("?!")], "DOE^JANE")
