"""What a person does on the page: look, draw, move, remove, skip, go back, sample, drop."""

import io
import json
import signal
import zipfile

import cv2
import numpy as np
import pytest

from deid.audit import check
from deid.formats import recognise
from deid.keys import load_key
from deid.policy import Policy
from tests.engines.coloured import bars
from tests.pictures import png, read_png
from tests.unit.review.folder import Server, cine, go, outputs, put

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path):
    case, out = put(tmp_path / "case", 2), tmp_path / "clean"
    go(case, out)
    return out


def last_record(out):
    return json.loads((out / "audit.jsonl").read_text().splitlines()[-1])


def test_a_box_is_drawn_with_the_mouse_and_moved_with_the_keys(visit, folder):
    window = visit(folder)
    window.sign()
    window.see()
    window.press("n")
    pane = window.page.locator("#before").bounding_box()
    middle = pane["x"] + pane["width"] / 2, pane["y"] + pane["height"] / 2
    window.page.mouse.move(*middle)
    window.page.mouse.down()
    window.page.mouse.move(middle[0] + 60, middle[1] + 40, steps=4)
    window.page.mouse.up()
    assert "other" in window.boxes()[-1]
    before = window.page.evaluate("() => document.getElementById('boxes').getAttribute('aria-activedescendant')")
    assert before == "box-2"
    window.press("ArrowRight", "Shift+ArrowDown", "]", "]", "]")
    window.page.select_option("#category", "face")
    window.press("Escape", "a")
    window.settled()
    record = last_record(folder)
    added = [region for region in record["regions"] if region["source"] == "reviewer"]
    assert [region["category"] for region in added] == ["face"]
    assert len({y for _, y in added[0]["polygon"]}) > 2  # it is tilted
    assert record["decisions"][0]["added"] == 1
    assert not read_png(outputs(folder)[record["output"]])[np.mean([y for _, y in added[0]["polygon"]]).astype(int)][
        np.mean([x for x, _ in added[0]["polygon"]]).astype(int)
    ].any()


def test_a_proposed_box_goes_only_with_a_reason(visit, folder):
    window = visit(folder)
    window.sign()
    window.see()
    window.press("e", "x")
    window.page.wait_for_selector("#why[open]")
    window.press("Escape")
    assert "removed" not in window.boxes()[0]
    window.press("x", "2")
    assert "removed" in window.boxes()[0]
    window.press("u")
    assert "removed" not in window.boxes()[0]
    window.press("x", "1", "a")
    window.settled()
    removed = last_record(folder)["decisions"][0]["removed"]
    assert [(one["category"], one["reason"]) for one in removed] == [("name", "not-text")]
    assert read_png(outputs(folder)[last_record(folder)["output"]])[20, 50].any()


def test_a_box_over_a_known_value_stays(visit, tmp_path):
    case = tmp_path / "case"
    case.mkdir()
    (case / "DOE^JANE.png").write_bytes(png(bars(["DOE^JANE"])))
    go(case, tmp_path / "clean")
    window = visit(tmp_path / "clean")
    window.sign()
    window.see()
    window.press("e")
    assert "known value" in window.boxes()[0]
    assert window.page.locator("#remove-button").is_disabled()
    window.press("x", "ArrowRight")
    assert window.page.locator("#why[open]").count() == 0
    assert len(window.boxes()) == 1


def test_skip_back_and_reject(visit, folder):
    window = visit(folder)
    window.sign()
    window.see("screen-000.png")
    window.press("j")
    window.see("screen-001.png")
    window.press("k")
    window.see("screen-000.png")
    window.press("r")
    window.see("screen-001.png")
    window.settled("rejected")
    assert outputs(folder) == {}
    window.press("k")
    window.see("screen-000.png")
    assert len(window.boxes()) == 2
    window.press("a")
    window.settled("released")
    assert len(outputs(folder)) == 1


def test_a_decision_is_made_again_with_the_boxes_that_it_had_removed(visit, folder):
    window = visit(folder)
    window.sign()
    window.see("screen-000.png")
    window.press("e", "x", "2", "a")
    window.settled()
    window.press("k")
    window.see("screen-000.png")
    assert ["removed" in text for text in window.boxes()] == [True, False]
    window.press("e", "x", "a")
    window.see("screen-001.png")
    window.page.wait_for_function("() => !document.querySelector('.file.queued, .file.working')")
    picture = read_png(outputs(folder)[last_record(folder)["output"]])
    assert not picture[20, 50].any()


def test_the_same_box_for_every_file_of_the_layout(visit, folder):
    window = visit(folder)
    window.sign()
    window.see("screen-000.png")
    window.press("n", "l")
    window.page.wait_for_function("() => document.getElementById('status').textContent.includes('1 other file')")
    window.press("a")
    window.see("screen-001.png")
    assert "drawn by a person" in window.boxes()[-1]
    window.press("a")
    window.settled(count=2)
    assert last_record(folder)["decisions"][0]["added"] == 1


def test_blinking_shows_the_clean_picture_in_place(visit, folder):
    window = visit(folder)
    window.sign()
    window.see()
    pane = window.page.evaluate("() => { const { width, height } = document.getElementById('before'); return [width, height]; }")
    scale = min(pane[0] / 240, pane[1] / 160)
    spot = pane[0] / 2 + (60 - 120) * scale, pane[1] / 2 + (20 - 80) * scale
    assert sum(window.colour("before", *spot)) > 100
    assert window.colour("after", *spot) == [0, 0, 0]
    window.page.keyboard.down("b")
    window.page.wait_for_function("() => document.getElementById('before-title').textContent === 'After'")
    assert window.colour("before", *spot) == [0, 0, 0]
    window.page.keyboard.up("b")
    window.page.wait_for_function("() => document.getElementById('before-title').textContent === 'Before'")


def test_where_motion_is_unwelcome_blinking_is_a_switch(visit, folder):
    window = visit(folder, reduced_motion="reduce")
    window.sign()
    window.see()
    window.press("b")
    window.page.wait_for_function("() => document.getElementById('before-title').textContent === 'After'")


def test_a_run_of_300_frames_is_scrubbed_windowed_and_covered(visit, tmp_path):
    cine(tmp_path / "case" / "run.dcm")
    go(tmp_path / "case", tmp_path / "clean")
    window = visit(tmp_path / "clean")
    window.sign()
    window.see("run.dcm")
    assert "300 frames" in window.page.text_content("#file-facts")
    window.press(".", ".")
    window.page.fill("#scrubber", "250")
    assert window.page.text_content("#frame-value") == "250 of 300"
    window.page.fill("#low", "40")
    window.page.wait_for_timeout(300)
    window.press("v", " ")
    window.page.wait_for_function("() => document.getElementById('frame-value').textContent !== '250 of 300'")
    window.press(" ", "Escape", "n", "a")
    window.settled()
    ((_, data),) = ((path.name, path.read_bytes()) for path in (tmp_path / "clean").rglob("*.dcm"))
    frames = recognise(data, "x.dcm").read(data, Policy()).frames
    box = next(region for region in last_record(tmp_path / "clean")["regions"] if region["source"] == "reviewer")
    assert box["frames"] == [0, 300]
    (x0, y0), _, (x1, y1), _ = box["polygon"]
    assert all((frames.stored(index)[y0:y1, x0:x1] == frames.black(index)).all() for index in (0, 150, 299))


def test_a_large_picture_comes_in_tiles(visit, tmp_path):
    (tmp_path / "case").mkdir()
    large = cv2.resize(bars(["LAO 30"]), (3840, 2160), interpolation=cv2.INTER_NEAREST)
    (tmp_path / "case" / ("a very long name of a screenshot " * 5 + ".png")).write_bytes(png(large))
    go(tmp_path / "case", tmp_path / "clean")
    window = visit(tmp_path / "clean")
    asked = []
    window.page.on("request", lambda request: asked.append(request.url))
    window.sign()
    window.see()
    assert not [url for url in asked if "/frames/0/" in url]
    window.press("z")
    window.page.wait_for_function("() => document.getElementById('zoom-value').textContent === '100 %'")
    window.page.wait_for_timeout(1000)
    tiles = [url for url in asked if "/frames/0/" in url]
    assert 0 < len(tiles) <= 12


def test_dropped_files_come_out_as_a_zip(visit):
    window = visit()
    window.page.set_input_files(
        "#chooser",
        [
            {"name": "angiogram.png", "mimeType": "image/png", "buffer": png(bars(["DOE^JANE", "LAO 30"]))},
            {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"},
        ],
    )
    window.page.wait_for_selector("#download:not([hidden])", timeout=60_000)
    window.tells("#drop-list", "notes.txt: skipped")
    with window.page.expect_download() as download:
        window.page.click("#download")
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as packed:
        (name,) = packed.namelist()
        assert not read_png(packed.read(name))[20, 50].any()
    assert "angiogram" not in name


def test_a_dropped_file_that_is_held_is_reviewed_and_joins_the_zip(visit):
    window = visit()
    small = bars(["DOE^JANE"], rows=32, columns=100)  # the mask covers most of it
    window.page.set_input_files("#chooser", [{"name": "held.png", "mimeType": "image/png", "buffer": png(small)}])
    window.page.wait_for_function("() => document.getElementById('drop-text').textContent.includes('1 file waits')", timeout=60_000)
    assert window.page.locator("#download").is_hidden()
    window.press("Escape")
    window.see("held.png")
    window.press("a")
    window.sign()
    window.settled()
    window.press("o")
    with window.page.expect_download() as download:
        window.page.click("#download")
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as packed:
        assert not read_png(packed.read(packed.namelist()[0]))[20, 50].any()


def test_what_was_dropped_is_gone_when_the_page_stops(visit, tmp_path, monkeypatch):
    monkeypatch.setenv("DEID_STATE", str(tmp_path / "state"))
    window = visit()
    window.page.set_input_files("#chooser", [{"name": "one.png", "mimeType": "image/png", "buffer": png(bars(["LAO 30"]))}])
    window.page.wait_for_selector("#download:not([hidden])", timeout=60_000)
    (session,) = (tmp_path / "state" / "sessions").iterdir()
    assert session.stat().st_mode & 0o777 == 0o700
    window.server.stop()
    assert list((tmp_path / "state" / "sessions").iterdir()) == []
    window.said.clear()  # the browser says that the server is gone


def test_a_sample_of_the_released_files_tells_the_miss_rate(visit, tmp_path):
    go(put(tmp_path / "case", 4), tmp_path / "clean", Policy())
    window = visit(tmp_path / "clean")
    window.press("g")
    window.page.fill("#share", "50")
    window.press("Enter")
    window.see()
    window.press("a")
    window.sign()
    window.settled(count=1)
    window.see()
    window.press("n", "a")
    window.settled(count=2)
    window.press("g")
    window.tells("#sample-text", "2 files looked at, something missed in 1: 50.0 %")
    assert check(tmp_path / "clean", load_key()).sound


def test_a_killed_server_loses_no_confirmed_decision(chromium, tmp_path):
    from tests.browser.conftest import Visit

    case, out = put(tmp_path / "case", 6), tmp_path / "clean"
    go(case, out)
    server = Server(out)
    window = Visit(chromium, server)
    window.sign()
    for _ in range(6):
        window.see()
        name = window.name()
        window.press("a")
        window.page.wait_for_function("name => document.getElementById('file-name').textContent !== name", arg=name)
    server.stop(signal.SIGKILL)
    window.page.wait_for_selector("#notice:not([hidden])")
    window.tells("#notice", "Every confirmed decision is kept")
    window.context.close()
    with Server(out) as again:
        again.log_in()
        while any(item["state"] in ("queued", "working", "waiting") for item in again.items()):
            pass
    assert len(outputs(out)) == 6
    assert check(out, load_key()).sound
