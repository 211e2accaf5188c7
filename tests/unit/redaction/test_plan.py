import numpy as np
import pytest

from deid.policy import Policy
from deid.redaction import add_masks, make_plan, preview
from deid.types import ALL_FRAMES, Finding, PhiCategory, Region
from tests.pictures import read_png


class Frames:
    count, lossy = 4, False

    def shape(self, index):
        return 100, 200

    def display(self, index):
        return np.full((100, 200, 3), 128, np.uint8)


def _finding(box=(10, 10, 60, 30), category=PhiCategory.NAME, evidence="rule:caret", frames=ALL_FRAMES):
    return Finding(category, Region.from_box(box, frames), 0.9, evidence)


def _reasons(findings, **changes):
    return [reason.code for reason in make_plan(findings, (), Frames(), Policy().but(**changes)).review]


def test_masks_end_where_the_frames_do():
    plan = make_plan([_finding()], (), Frames(), Policy())
    assert [mask.frames for mask in plan.masks] == [(0, 4)]


def test_two_findings_of_one_place_are_one_mask():
    plan = make_plan([_finding(), _finding(category=PhiCategory.DATE)], (), Frames(), Policy())
    assert len(plan.masks) == 1 and len(plan.findings) == 2


def test_what_leaked_is_masked_as_well():
    plan = make_plan([_finding()], (), Frames(), Policy())
    more = add_masks(plan, [_finding((100, 50, 150, 70))], Frames())
    assert len(more.masks) == 2 and more.findings[0] == plan.findings[0]


@pytest.mark.parametrize(
    ("findings", "changes", "wanted"),
    [
        ([_finding()], {}, []),
        ([_finding()], {"review": "all"}, ["review-all"]),
        ([_finding(category=PhiCategory.FACE, evidence="face:x")], {}, ["face"]),
        ([_finding(category=PhiCategory.FACE, evidence="face:x")], {"review_faces": False}, []),
        ([_finding(evidence="not-technical")], {"unsure": "hold"}, ["unsure"]),
        ([_finding(evidence="not-technical")], {}, []),
        ([_finding((0, 0, 200, 90))], {}, ["mostly-masked"]),
        ([_finding((0, 0, 200, 90))], {"mask_all_text": True}, []),
        ([_finding((0, 0, 200, 90), frames=(2, 3))], {}, ["mostly-masked"]),
    ],
)
def test_a_person_is_asked_when_the_policy_or_the_finding_says_so(findings, changes, wanted):
    assert _reasons(findings, **changes) == wanted


def test_the_preview_shows_the_boxes_over_the_source():
    plan = make_plan([_finding()], (), Frames(), Policy())
    shown = read_png(preview(Frames(), plan))
    assert (shown[10, 20] != 128).any() and (shown[90, 150] == 128).all()


def test_an_object_without_frames_has_an_empty_preview():
    class Nothing(Frames):
        count = 0

    assert read_png(preview(Nothing(), make_plan([], (), Nothing(), Policy()))).shape == (1, 1, 3)
