"""The text that stays: what was read in a picture or its header and is neither masked nor cut.

A value that is learnt from a later file of the case is sought in it, so that only pictures where it may show are done again.
"""

from __future__ import annotations

from collections.abc import Sequence

from deid.types import HeaderCut, HeaderText, PhiText, Plan, Point, Quad, Region, TextLine


def kept_text(lines: Sequence[TextLine], header: Sequence[HeaderText], plan: Plan) -> tuple[PhiText, ...]:
    """Return the lines and header texts as they will be left, empty ones left out."""
    texts = [_left_of_line(line, plan.masks) for line in lines]
    texts += [_left_of_header(text, plan.header) for text in header]
    return tuple(PhiText(text) for text in dict.fromkeys(texts) if text)


def _left_of_line(line: TextLine, masks: Sequence[Region]) -> str:
    beside = [mask for mask in masks if mask.frames[0] <= line.frames[0] and line.frames[1] <= mask.frames[1]]
    if not line.words:
        return "" if _is_masked(line.quad, beside) else line.text.reveal()
    return " ".join(word.text.reveal() for word in line.words if not _is_masked(word.quad, beside))


def _left_of_header(text: HeaderText, cuts: Sequence[HeaderCut]) -> str:
    left = text.text.reveal()
    for cut in sorted((cut for cut in cuts if cut.path == text.path), key=lambda cut: -cut.start):
        left = left[: cut.start] + " " + left[cut.end :]
    return left.strip()


def _is_masked(quad: Quad, masks: Sequence[Region]) -> bool:
    """Tell whether the middle of a quad lies under a mask; in doubt it does not."""
    middle = (sum(x for x, _ in quad) // 4, sum(y for _, y in quad) // 4)
    return any(_contains(mask.polygon, middle) for mask in masks)


def _contains(polygon: Sequence[Point], point: Point) -> bool:
    """Tell whether a point lies in a polygon, by counting the edges to its right."""
    x, y = point
    inside = False
    for (x0, y0), (x1, y1) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (y0 > y) != (y1 > y) and x < x0 + (x1 - x0) * (y - y0) / (y1 - y0):
            inside = not inside
    return inside
