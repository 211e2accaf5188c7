"""What must hold for every line, whoever's name is on it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from deid.phi import classify_text, find_known
from deid.policy import Policy, load_policy
from deid.types import KnownValue, PhiText

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
