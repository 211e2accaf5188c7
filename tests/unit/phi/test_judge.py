"""Every unknown word that stays has a reason, and every finding one of a closed set."""

from __future__ import annotations

import pytest

from deid.phi.judge import Neighbours, Site, doubtful, judge


def verdict(text, never=frozenset()):
    return judge(text, Neighbours(), (), Site(never=never))


@pytest.mark.parametrize(
    ("text", "kept", "evidence"),
    [
        ("Left carotid neurectomy 3 mm", "neurectomy", "model:phi-1"),
        ("L eft ICA stenosis", "eft", "rule:split-word"),
        ("CTHEAD 5 mm", "CTHEAD", "rule:split-word"),
        ("Kowalczyk view 5 mm", "Kowalczyk", "rule:site-never"),
    ],
)
def test_an_unknown_word_stays_for_a_reason(text, kept, evidence):
    found = verdict(text, never=frozenset({"kowalczyk"}))
    assert not found.marks
    assert [(text[word.start : word.end], word.evidence) for word in found.kept] == [(kept, evidence)]


def test_the_model_spares_nothing_beside_what_identifies():
    assert not verdict("DOE^JANE neurectomy 3 mm").kept


def test_a_page_of_unknown_words_is_not_spared():
    assert not verdict("neurectomy chondrectomy osteoporosic neuralgic 3 mm").kept


def test_evidence_is_one_of_a_closed_set():
    heads = {
        "rule",
        "label",
        "label-left",
        "label-above",
        "known",
        "model",
        "script",
        "not-technical",
        "unexplained-number",
        "closure",
    }
    text = "Name: Rose Mark DOE^JANE 67Y 471199 山田 Kowalczyk 12.03.1956 Xyzqography 2019 M"
    assert {mark.evidence.partition(":")[0] for mark in verdict(text).marks} <= heads


def test_a_poor_reading_stays_only_where_it_is_plainly_technical():
    assert not doubtful("LAO 30 CRAN 10")
    assert doubtful("LAO 3Q")
    assert doubtful("")
