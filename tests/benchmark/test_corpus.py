"""The corpus comes from its seed alone, and its parts share neither fonts nor layouts nor people."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from tests.benchmark import fonts, overlays, people, screens
from tests.benchmark.corpus import SUITES, make_corpus
from tests.benchmark.reader import read_frames
from tests.benchmark.truth import load_truth


def test_the_same_seed_makes_the_same_files_whatever_else_is_made(tmp_path):
    make_corpus(tmp_path / "a", 7, "tune", ("cine", "clean"), 1)
    make_corpus(tmp_path / "b", 7, "tune", ("clean",), 1)
    make_corpus(tmp_path / "c", 8, "tune", ("clean",), 1)
    one, same, other = (next((tmp_path / name / "input/clean").rglob("*.png")).read_bytes() for name in "abc")
    assert one == same != other


@pytest.mark.slow
@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_has_true_truth(tmp_path, suite):
    make_corpus(tmp_path, 3, "measure", (suite,), 2)
    for truth in load_truth(tmp_path):
        frames = read_frames(tmp_path / "input" / truth.file)
        assert any(line.identifying for line in truth.lines) == (suite != "clean" and truth.notes != "_bare")
        assert {line.category for line in truth.lines} <= {*people.CATEGORIES.values(), "none"}
        for line in truth.lines:
            x0, y0, x1, y1 = line.box
            assert 0 <= x0 < x1 <= frames.shape[2]
            assert 0 <= y0 < y1 <= frames.shape[1]
            assert 0 <= line.frames[0] < line.frames[1] <= len(frames)


@pytest.mark.parametrize("kind", ["screen", "hand"])
def test_parts_share_no_font(kind):
    tune, measure = ({file.name for file in fonts.font_files(part, kind)} for part in ("tune", "measure"))
    assert tune
    assert measure
    assert not tune & measure


def test_parts_share_no_layout_and_no_words():
    assert not {str(layout) for layout in overlays.layouts("tune")} & {str(layout) for layout in overlays.layouts("measure")}
    assert not {str(table) for table in screens.words()["tune"]} & {str(table) for table in screens.words()["measure"]}
    tune, measure = people.words()["tune"], people.words()["measure"]
    for key in ("locales", "hospitals", "cities", "streets", "rooms", "procedures", "protocols", "stations"):
        assert not set(tune[key]) & set(measure[key]), key


def test_missing_fonts_are_named_with_their_package(monkeypatch):
    monkeypatch.setattr(fonts, "_installed", dict)
    with pytest.raises(fonts.FontsMissing, match="apt-get install fonts-breip fonts-femkeklaver"):
        fonts.font_files("tune", "hand")


def test_every_field_of_every_template_is_known():
    fields = people.invent(np.random.default_rng(1), "measure")
    for name in ("layouts.toml", "screens.toml"):
        table = tomllib.loads(Path(fonts.__file__).with_name(name).read_text())
        for text in _texts(table):
            assert people.parts(text, fields), text


def _texts(value) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    return [text for one in value for text in _texts(one)] if isinstance(value, list) else []


def test_parts_of_a_line_carry_their_own_categories():
    fields = {"last": "Doe", "first": "Jane", "agey": "67Y", "sex": "F", "side": "LAO", "lao": "30"}
    found = people.parts("[Name:] {LAST}, {first}  {agey} {sex}  {side} {lao}", fields)
    assert [(text.strip(" ,:"), category) for text, category in found if text.strip(" ,:")] == [
        ("Name", "label"),
        ("DOE, Jane", "name"),
        ("67Y", "age"),
        ("F  LAO 30", "none"),
    ]
