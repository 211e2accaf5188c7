from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from deid.errors import EnvironmentBroken
from deid.find import load_engine, networks, runtimes
from deid.find.decoding import Spelling
from deid.find.head import Head
from deid.find.rapidocr import _rows_for
from tests.benchmark.fonts import font_files


def test_an_unknown_engine_names_the_choices():
    with pytest.raises(EnvironmentBroken, match="rapidocr, rapidocr-openvino or tesseract"):
        load_engine("crystal-ball")


def test_altered_weights_are_refused(monkeypatch, tmp_path):
    for purpose in ("detect", "read"):
        file = tmp_path / networks._WEIGHTS[purpose]["file"]
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"not the weights that were measured")
    monkeypatch.setattr(networks, "_folder", lambda: tmp_path)
    with pytest.raises(EnvironmentBroken, match="not the ones that were measured"):
        load_engine("rapidocr")


def test_missing_weights_say_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(networks, "_folder", lambda: tmp_path)
    with pytest.raises(EnvironmentBroken, match=r"pip install rapidocr==3\.10\.0"):
        load_engine("rapidocr")


def test_weights_too_small_to_be_normalised_are_zero_and_the_answer_is_the_same():
    told = networks._WEIGHTS["detect"]
    shipped = (networks._folder() / told["file"]).read_bytes()
    run = networks.detector("onnxruntime")
    untouched, _ = runtimes.compiled(shipped, "onnxruntime")
    picture = np.random.default_rng(3).uniform(-1, 1, (1, 3, 64, 96)).astype(np.float32)
    assert np.array_equal(run(picture), untouched(picture))
    assert _subnormals(shipped, told["subnormal"]) > 200_000
    assert _subnormals(networks._adapted(shipped, told), told["subnormal"]) == 0


def test_the_reader_takes_32_rows_and_its_weights_are_the_shipped_ones():
    told = networks._WEIGHTS["read"]
    shipped = (networks._folder() / told["file"]).read_bytes()
    assert all(shipped[place:].startswith(bytes.fromhex(before)) for place, before, _ in told["change"])
    adapted = networks._adapted(shipped, told)
    changed = np.flatnonzero(np.frombuffer(shipped, np.uint8) != np.frombuffer(adapted, np.uint8))
    named = {place + offset for place, before, _ in told["change"] for offset in range(len(before) // 2)}
    assert named >= set(changed.tolist())
    assert all(adapted[place:].startswith(bytes.fromhex(after)) for place, _, after in told["change"])
    run, _ = networks.reader("onnxruntime")
    assert run(np.zeros((1, 3, 32, 64), np.float32)).shape == (1, 8, told["last_layer"]["features"])


def test_the_last_layer_says_what_the_shipped_network_says(grey, write):
    told = networks._WEIGHTS["read"]
    shipped = (networks._folder() / told["file"]).read_bytes()
    whole, _ = runtimes.compiled(networks._adapted(shipped, {"change": told["change"][:4]}), "onnxruntime")
    run, head = networks.reader("onnxruntime")
    picture = grey(32, 320)
    write(picture, "DOE^JANE 4471902", (8, 24), scale=0.8)
    batch = (picture.transpose(2, 0, 1)[None] / 127.5 - 1).astype(np.float32)
    expected = whole(batch)[0]
    classes, certainty = head(run(batch)[0])
    assert classes.tolist() == expected.argmax(axis=1).tolist()
    assert np.allclose(certainty, expected.max(axis=1), atol=0.01)


def _subnormals(weights, places):
    values = np.concatenate([np.frombuffer(weights, "<f4", count, first) for first, count in places])
    return int(((values != 0) & (np.abs(values) < np.finfo(np.float32).tiny)).sum())


def test_a_detector_that_went_blind_is_an_error_and_not_an_empty_picture(rapidocr, monkeypatch):
    monkeypatch.setattr(rapidocr, "_detect", lambda batch: np.zeros((1, 1, *batch.shape[2:]), np.float32))
    with pytest.raises(RuntimeError, match="decoys"):
        rapidocr.detect(np.zeros((64, 64, 3), np.uint8))


def test_the_version_names_package_and_weights(rapidocr):
    assert rapidocr.version.startswith("rapidocr 3.10.0 detect 090f04abcd9d read 6f327246b503")


@pytest.mark.parametrize("name", ["rapidocr", "tesseract"])
def test_what_cannot_be_read_comes_back_empty_and_in_its_place(name, rapidocr):
    engine = rapidocr if name == "rapidocr" else load_engine(name)
    quads = (((10, 10), (90, 10), (90, 30), (10, 30)), ((10, 40), (90, 40), (90, 60), (10, 60)))
    lines = engine.read_text(np.full((80, 120, 3), 128, np.uint8), quads)
    assert [line.quad for line in lines] == list(quads)
    assert all(len(line.text) == 0 and line.words == () for line in lines)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_text_is_read(rapidocr, grey, write, turns):
    picture = grey(200, 200)
    write(picture, "DOE^JANE", (30, 100))
    picture = np.ascontiguousarray(np.rot90(picture, turns))
    texts = [line.text.reveal() for line in rapidocr.read_text(picture, [box.quad for box in rapidocr.detect(picture)])]
    assert "DOE^JANE" in texts


@pytest.mark.parametrize("flip", [np.fliplr, np.flipud])
def test_text_in_a_mirror_is_not_read_as_something_else(rapidocr, grey, write, flip):
    picture = grey(120, 300)
    write(picture, "14.03.1957", (30, 70), scale=1.2, thickness=2)
    picture = np.ascontiguousarray(flip(picture))
    (line,) = rapidocr.read_text(picture, [box.quad for box in rapidocr.detect(picture)])
    assert len(line.text) == 0


@pytest.mark.parametrize(("text", "past", "read"), [("Y", 50, "Y"), ("Y", 150, ""), ("AP 30", 150, "AP 30")])
def test_a_line_of_which_most_was_not_read_is_not_read(rapidocr, monkeypatch, grey, text, past, read):
    steps = tuple(8.0 * index for index in range(len(text)))
    monkeypatch.setattr(rapidocr, "_spell_at", lambda crop, rows: Spelling(tuple(text), steps, 0.99))
    (line,) = rapidocr.read_text(grey(), [((20, 20), (past, 20), (past, 50), (20, 50))])
    assert line.text.reveal() == read


@pytest.mark.parametrize("text", ["LAO 30 Иванова", "Смирнова 1.2 mm", "12/64 Сидоров", "№ истории 4471/26"])
def test_a_line_with_a_name_that_the_reader_leaves_out_is_not_read(rapidocr, grey, text):
    picture = Image.fromarray(grey(100, 400))
    ImageDraw.Draw(picture).text((40, 40), text, font=ImageFont.truetype(font_files("tune", "screen")[0], 22), fill=(230, 230, 230))
    pixels = np.array(picture)
    lines = rapidocr.read_text(pixels, [box.quad for box in rapidocr.detect(pixels)])
    assert lines and all(len(line.text) == 0 for line in lines)


def test_tesseract_finds_and_reads_plain_text(grey, write):
    engine = load_engine("tesseract")
    picture = grey(160, 500, 250)
    write(picture, "Hospital 4711", (40, 90), scale=1.2, colour=(10, 10, 10), thickness=2)
    (line, *_) = engine.read_text(picture, [box.quad for box in engine.detect(picture)])
    assert "Hospital" in line.text.reveal()


def test_tiny_pictures_do_no_harm(rapidocr):
    assert rapidocr.detect(np.zeros((1, 1, 3), np.uint8)) == ()


def test_both_runtimes_find_and_read_the_same(rapidocr, grey, write):
    picture = grey(160, 480)
    for row, text in enumerate(("DOE^JANE", "MRN 4471902", "LAO 30 CRA 15")):
        write(picture, text, (30, 40 + 40 * row))
    engine = load_engine("rapidocr-openvino")
    quads = [box.quad for box in rapidocr.detect(picture)]
    assert len(engine.detect(picture)) == len(quads)
    readings = [[line.text for line in one.read_text(picture, quads)] for one in (rapidocr, engine)]
    assert readings[0] == readings[1] and engine.name == "rapidocr-openvino"


def test_openvino_does_not_report_to_its_maker():
    # In a process of its own: elsewhere another test may have loaded it already.
    script = "import sys; from deid.find import load_engine; load_engine('rapidocr-openvino'); print([*sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "'openvino'" in done.stdout and "telemetry" not in done.stdout


def test_the_version_names_the_runtime():
    assert " on openvino 20" in networks.version("openvino") and " on onnxruntime 1." in networks.version("onnxruntime")


def test_noise_on_every_row_does_not_make_letters_small(write):
    noise = np.random.default_rng(0).normal(90, 12, (48, 300, 3)).clip(0, 255).astype(np.uint8)
    calm = np.full((48, 300, 3), 90, np.uint8)
    for picture in (noise, calm):
        write(picture, "4471902", (20, 36), scale=0.9, colour=(230, 230, 230), thickness=2)
    assert abs(_rows_for(noise) - _rows_for(calm)) <= 3


def test_what_is_not_sure_is_read_again_at_another_height(rapidocr, monkeypatch, grey, write):
    picture, asked, tell = grey(), [], Head.__call__
    x0, y0, x1, y1 = write(picture, "DOE^JANE", (30, 60))

    def doubtful(head, steps):
        asked.append(len(steps))
        classes, certainty = tell(head, steps)
        return classes, certainty * (0.8 if len(asked) == 1 else 1.0)

    monkeypatch.setattr(Head, "__call__", doubtful)
    (line,) = rapidocr.read_text(picture, [((x0 - 4, y0 - 6), (x1 + 4, y0 - 6), (x1 + 4, y1 + 6), (x0 - 4, y1 + 6))])
    assert line.text.reveal() == "DOE^JANE" and line.confidence > 0.9
    assert len(asked) == 2 and asked[0] != asked[1]
