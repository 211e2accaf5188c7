"""The sample case goes through the shell as README says; then everything that is in the truth is sought in what came out."""

import csv
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pydicom
import pytest

from deid import find, formats
from deid.phi import byte_forms
from deid.policy import Policy
from deid.types import KnownValue, PhiText

SAMPLES = Path(__file__).parents[2] / "sample_images"
pytestmark = pytest.mark.slow


def _truth():
    lines = defaultdict(list)
    with (SAMPLES / "index.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            lines[row["file"]].append(row)
    return lines


TRUTH = _truth()
# Short texts (a clock time, an age) would be met by chance in bytes; pixels are searched for all of them.
PLANTED = sorted({row["text"] for rows in TRUTH.values() for row in rows if row["category"] != "none"})


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "clean"
    command = [sys.executable, "-m", "deid", "redact", str(SAMPLES), "--out", str(out)]
    environment = {**os.environ, "DEID_STATE": str(out.parent / "state")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    ledger = [json.loads(line) for line in (out.parent / "clean-held" / "ledger.jsonl").read_text().splitlines()]
    return done, out, {Path(entry["input"]).name: entry for entry in ledger}


def _outputs(result):
    return [(name, result[1] / entry["output"]) for name, entry in result[2].items() if entry["status"] == "clean"]


def test_every_input_is_accounted_for_and_none_failed(result):
    done, _, ledger = result
    assert done.returncode in (0, 7), done.stderr
    assert sorted(ledger) == sorted(path.name for path in SAMPLES.iterdir())
    assert not [entry for entry in ledger.values() if entry["status"] == "failed"]
    assert not [
        name for name, entry in ledger.items() if entry["status"] == "skipped" and Path(name).suffix not in (".csv", ".txt")
    ]


def test_at_most_the_phone_photo_is_held(result):
    assert {name for name, entry in result[2].items() if entry["status"] == "held"} <= {"IMG_2041.jpg"}


def test_nothing_planted_is_in_the_bytes_or_names(result):
    forms = byte_forms([KnownValue("UserList", PhiText(text)) for text in PLANTED])
    assert len(forms) > 100
    out = result[1]
    for path in out.rglob("*"):
        assert not any(text in str(path.relative_to(out)) for text in PLANTED)
        if path.is_file():
            data = path.read_bytes()
            assert not [form for form in forms if form in data], path.name


def test_nothing_planted_is_on_the_terminal(result):
    said = result[0].stdout + result[0].stderr
    assert not [text for text in PLANTED if len(text) > 4 and text in said]
    assert not [name for name in result[2] if name in said]


def test_nothing_planted_is_in_a_decoded_header(result):
    long = [text for text in PLANTED if len(text) > 4]
    for name, path in _outputs(result):
        if path.suffix == ".dcm":
            values = [str(element.value) for element in pydicom.dcmread(path).iterall() if element.keyword != "PixelData"]
            assert not [text for text in long if any(text in value for value in values)], name


@pytest.mark.parametrize("engine", ["rapidocr", "tesseract"])
def test_neither_engine_reads_anything_planted(result, engine):
    reader, policy = find.load_engine(engine), Policy()
    for name, path in _outputs(result):
        data = path.read_bytes()
        instance = formats.recognise(data, path.name).read(data, policy)
        read = {line.text.reveal() for line in find.find_text(instance, reader, policy).lines}
        identifying = {row["text"] for row in TRUTH[name] if row["category"] != "none" and len(row["text"]) > 2}
        assert not {text for text in identifying if any(text in line for line in read)}, name


def test_a_measurement_an_angle_and_a_side_stay_legible(result):
    reader, policy = find.load_engine("rapidocr"), Policy()
    path = dict(_outputs(result))["angio_DOE_JANE.png"]
    data = path.read_bytes()
    read = " ".join(
        line.text.reveal() for line in find.find_text(formats.recognise(data, "x").read(data, policy), reader, policy).lines
    )
    for kept in ("LAO 30", "CRAN 20", "L ICA", "78 kV", "7.5 fps"):
        assert kept.replace(" ", "") in read.replace(" ", ""), kept


def test_the_folder_verifies(result, monkeypatch):
    monkeypatch.setenv("DEID_STATE", str(result[1].parent / "state"))
    done = subprocess.run([sys.executable, "-m", "deid", "verify", str(result[1])], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
