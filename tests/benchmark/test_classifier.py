"""The benchmark of the classifier counts what it says it counts."""

from __future__ import annotations

from deid.policy import Policy
from deid.types import PhiCategory, TextSpan
from tests.benchmark.classifier import Score, Truth, evaluate, make_lines, mapped, without
from tests.benchmark.line_pictures import Reading

TRUTH = Truth("DOE^JANE LAO 30", "overlay", ((0, 8, "name"),), seen=True)


def test_identifiers_are_followed_into_what_was_read():
    assert mapped(TRUTH, "DO E*JANE LAO 30") == [(0, 9, "name")]
    assert mapped(TRUTH, "x DOEJANE LAO") == [(2, 9, "name")]


def test_a_miss_and_a_lost_word_are_counted():
    score = Score()
    score.add(TRUTH, "clean", Reading(TRUTH.text, 1.0), [TextSpan(9, 12, PhiCategory.NAME, 1.0, "rule:x")])
    assert (score.rows["all", "all"].spans, score.rows["all", "all"].caught) == (1, 0)
    assert (score.tokens, score.lost) == (2, 1)


def test_lines_are_the_same_for_the_same_seed_and_parts_share_no_template():
    assert make_lines("tune", 3, 1) == make_lines("tune", 3, 1)
    technical = [
        {line.text for line in make_lines(part, 3, 1) if line.group in ("technical", "eponym")} for part in ("tune", "measure")
    ]
    assert not technical[0] & technical[1]


def test_a_garbled_line_counts_as_caught_only_where_all_of_it_goes():
    garbled = [Reading("Contrast 2 x 3 mm", 0.9)]
    score, _ = evaluate([TRUTH], ["heavy"], garbled, Policy())
    assert score.rows["all", "all"].caught == 0


def test_without_the_allow_list_unknown_names_stay():
    lines, readings = [Truth("Kowalczyk LAO 30", "overlay", ((0, 9, "name"),), seen=True)], [Reading("Kowalczyk LAO 30", 1.0)]
    assert evaluate(lines, ["clean"], readings, Policy())[0].rows["all", "all"].caught == 1
    with without("allow-list"):
        assert evaluate(lines, ["clean"], readings, Policy())[0].rows["all", "all"].caught == 0
