"""What must hold for every line, whoever's name is on it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from deid.phi import classify_text, find_known, load_classifier
from deid.policy import Policy, load_policy
from deid.types import KnownValue, PhiText, TextLine

TYPICAL = """DOE^JANE 067Y LAO 30 CT HEAD Rose Mark Circle of Willis 12.03.1956 14:33 MRN: 471199 Name: Dr. F 2019 Mayo Clinic
    Kowalczyk S/N 12/64 W 400 Müller , geb. A. Coil embolzation Fluoro time 12:34 +49 30 871234 4711 M/67 山田 www.example.org
    ICA 7.2 mm"""
WORDS = st.sampled_from(TYPICAL.split())
LINES = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)
NAMES = st.sampled_from(
    ["DOE^JANE", "ROSE^MARK", "Kowalczyk^Anna Maria", "COBRA", "LI^WEI", "van der Berg", "471199", "19560312", "Head Clinic"]
)
KEYWORDS = st.sampled_from(["PatientName", "PatientID", "InstitutionName", "UserList", "FileName", "CaseText.name"])
KNOWN = st.builds(KnownValue, KEYWORDS, NAMES.map(PhiText))


def covered(text, policy, known=()):
    return {at for span in classify_text(text, known=known, policy=policy) for at in range(span.start, span.end)}


@settings(max_examples=200, deadline=None)
@given(LINES, st.lists(KNOWN, max_size=3), KNOWN)
def test_a_further_known_value_never_frees_anything(text, known, further):
    for name in ("posting", "research"):
        policy = load_policy(name)
        assert covered(text, policy, known) <= covered(text, policy, [*known, further])


CELLS = st.sampled_from(
    [
        "DOE, JANE",
        "Rose Mark",
        "4711990",
        "12.03.1956",
        "Neuro Biplane",
        "Vascular",
        "Neuro 2",
        "CT HEAD",
        "Completed",
        "F",
        "Coil X",
        "29Ma|.1973",
    ]
)
TABLES = st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=3, max_size=6)
CELL_KNOWN = st.builds(
    KnownValue,
    KEYWORDS,
    st.sampled_from(["DOE^JANE", "Neuro", "Rose", "BIPLANE", "4711990", "19560312", "Vascular Clinic", "HEAD"]).map(PhiText),
)


def hidden(rows, policy, known):
    """Which pixels of a table go, 120 pixels a column and 24 a row."""
    lines = [
        TextLine(PhiText(text), ((x, y), (x + 9 * len(text), y), (x + 9 * len(text), y + 16), (x, y + 16)), (), 0.97, (0, 1), "x")
        for row, texts in enumerate(rows)
        for x, y, text in ((120 * column, 24 * row, text) for column, text in enumerate(texts))
    ]
    area = np.zeros((24 * len(rows), 400), bool)
    for finding in load_classifier(policy).classify(lines, known, policy):
        x0, y0, x1, y1 = finding.region.box
        area[max(0, y0) : y1, max(0, x0) : x1] = True
    return area


@settings(max_examples=120, deadline=None)
@given(TABLES, st.lists(CELL_KNOWN, max_size=2), CELL_KNOWN)
def test_a_further_known_value_frees_nothing_in_a_table(rows, known, further):
    policy = load_policy("posting")
    assert not (hidden(rows, policy, known) & ~hidden(rows, policy, [*known, further])).any()


@settings(max_examples=120, deadline=None)
@given(TABLES, st.lists(CELL_KNOWN, max_size=2))
def test_stricter_policies_take_more_of_a_table(rows, known):
    research, posting, paranoid = (hidden(rows, load_policy(name), known) for name in ("research", "posting", "paranoid"))
    assert not (research & ~posting).any()
    assert not (posting & ~paranoid).any()


@settings(max_examples=200, deadline=None)
@given(LINES, st.lists(KNOWN, max_size=2))
def test_stricter_policies_take_more(text, known):
    research, posting, paranoid = (covered(text, load_policy(name), known) for name in ("research", "posting", "paranoid"))
    assert research <= posting <= paranoid


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["DOE^JANE", "KOWALCZYK^ANNA", "Okonjo^Bola", "MÜLLER^SÖREN"]),
    st.sampled_from([str.upper, str.lower, str.title]),
    st.sampled_from([" ", "", ", ", "*", "  "]),
    st.sampled_from([("o", "0"), ("l", "1"), ("s", "5"), ("ö", "o"), ("ü", "u"), ("rn", "m"), ("x", "x")]),
)
def test_case_accents_spaces_and_lookalikes_do_not_hide_a_known_value(name, case, joint, swap):
    shown = case(name).replace("^", joint)
    for before, after in (swap, (swap[0].upper(), swap[1].upper())):
        shown = shown.replace(before, after)
    spans = find_known(f"CT {shown} LAO 30", [KnownValue("PatientName", PhiText(name))])
    hidden = {at for span in spans for at in range(span.start, span.end)}
    letters = {at for at in range(3, 3 + len(shown)) if shown[at - 3].isalnum()}
    assert letters <= hidden


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_judged_and_spans_are_in_order(text):
    spans = classify_text(text, policy=Policy())
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(first.end <= second.start for first, second in pairwise(spans))
