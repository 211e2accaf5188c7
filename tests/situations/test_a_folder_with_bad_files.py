"""Bad input gets one clear sentence each, the run goes on, and the exit status says so."""

import json
import os
import struct
import subprocess
import sys
import zlib

import pytest

from deid.errors import REASONS
from tests.pictures import png, screen


def _deid(*arguments, stdin=None):
    return subprocess.run(
        [sys.executable, "-m", "deid", *map(str, arguments)], capture_output=True, text=True, check=False, input=stdin
    )


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _huge_png():
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"\0" * 60_001)) + _chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One run over a folder of bad files and one good picture."""
    case = tmp_path_factory.mktemp("case")
    good = png(screen(["LAO 30 CRA 15"], rows=120, columns=320))
    (case / "good but called.jpg").write_bytes(good)
    (case / "empty.png").write_bytes(b"")
    (case / "truncated.png").write_bytes(good[: len(good) // 2])
    (case / "DOE_JANE letter.jpg").write_text("Dear Mrs Doe, born 04.05.1957")
    (case / "huge.png").write_bytes(_huge_png())
    (case / "readme.txt").write_text("not an image")
    (case / "link.png").symlink_to(case / "good but called.jpg")
    (case / "film.mp4").write_bytes(b"\0\0\0\x20ftypisom" + b"\0" * 64)
    os.mkfifo(case / "pipe.png")
    done = _deid("redact", case, "--out", case.parent / "clean", "--json", "--jobs", "1")
    order = sorted(path.name for path in case.iterdir())
    return done, order, [json.loads(line) for line in done.stdout.splitlines()], case


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("good but called.jpg", "clean", None),
        ("empty.png", "failed", "empty"),
        ("truncated.png", "failed", "truncated"),
        ("DOE_JANE letter.jpg", "failed", "wrong-content"),
        ("huge.png", "failed", "too-large"),
        ("readme.txt", "skipped", "not-an-image"),
        ("link.png", "failed", "link"),
        ("film.mp4", "failed", "format-refused"),
        ("pipe.png", "failed", "not-a-file"),
    ],
)
def test_each_ends_with_its_own_reason(run, name, status, code):
    _, order, results, _ = run
    (result,) = [result for result in results if result["number"] == order.index(name) + 1]
    assert (result["status"], [reason["code"] for reason in result["reasons"]][:1]) == (status, [code] if code else [])


def test_the_exit_status_says_that_some_failed(run):
    assert run[0].returncode == 5


def test_every_failure_gets_a_sentence_and_a_next_step_and_no_name(run):
    stderr = run[0].stderr
    for code in ("empty", "truncated", "wrong-content", "too-large", "link", "format-refused", "not-a-file"):
        assert REASONS[code].sentence.rstrip(".") in stderr and REASONS[code].next_step in stderr
    assert "DOE" not in stderr + run[0].stdout and "Traceback" not in stderr


def test_every_input_has_exactly_one_current_record(run):
    _, order, _, case = run
    records = [json.loads(line) for line in (case.parent / "clean" / "audit.jsonl").read_text().splitlines()]
    superseded = {record.get("supersedes") for record in records}
    assert len([record for record in records if record["seq"] not in superseded]) == len(order)


def test_the_sources_are_as_they_were(run):
    case = run[3]
    assert (case / "readme.txt").read_text() == "not an image"
    assert sorted(path.name for path in case.iterdir()) == run[1]


def test_a_folder_without_images_is_wrong_usage(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("nothing to see")
    done = _deid("redact", tmp_path / "in", "--out", tmp_path / "out")
    assert done.returncode == 2


@pytest.mark.parametrize("inside", [True, False])
def test_overlapping_folders_are_refused(tmp_path, inside):
    outer, inner = tmp_path / "a", tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    for folder in (outer, inner):
        (folder / "x.png").write_bytes(png(screen(["L"])))
    source, out = (outer, inner) if inside else (inner, outer)
    done = _deid("redact", source, "--out", out)
    assert done.returncode == 4 and "Traceback" not in done.stderr


def test_an_input_that_does_not_exist_is_wrong_usage(tmp_path):
    done = _deid("redact", tmp_path / "DOE_JANE", "--out", tmp_path / "out")
    assert done.returncode == 2 and "DOE" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [["redact"], ["redact", "x"], ["nonsense"], ["redact", "x", "--out", "y", "--unsure", "maybe"]]
)
def test_wrong_usage_is_one_sentence(arguments):
    done = _deid(*arguments)
    assert done.returncode == 2 and "Traceback" not in done.stderr and len(done.stderr.strip().splitlines()) <= 2
