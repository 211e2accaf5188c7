"""Draws a plan over its source, for the owner's eyes: what will be masked, as what, and what stays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.types import Finding, Frames, PhiCategory, Plan

if TYPE_CHECKING:
    from deid.types import Display

# Hues far apart for people with any colour vision; the category stands beside the box in words as well.
_COLOURS = {PhiCategory.OTHER: (230, 159, 0), PhiCategory.FACE: (86, 180, 233), PhiCategory.DATE: (240, 228, 66)}
_DEFAULT = (213, 94, 0)
# Long side of a preview: enough to judge a line, small enough to open at once.
_LONG_SIDE = 2400
_MOST_FRAMES = 4


def preview(frames: Frames, plan: Plan) -> bytes:
    """Return a PNG of the source with the plan's boxes; the most masked frames of a run, side by side."""
    if not frames.count:
        return _encoded(np.zeros((1, 1, 3), np.uint8))
    order = sorted(range(frames.count), key=lambda index: (-_masks_on(plan, index), index))[:_MOST_FRAMES]
    pictures = [_drawn(frames.display(index), plan, index) for index in sorted(order)]
    rows = max(picture.shape[0] for picture in pictures)
    padded = [np.pad(picture, ((0, rows - picture.shape[0]), (0, 8), (0, 0))) for picture in pictures]
    whole = np.concatenate(padded, axis=1)
    scale = min(1.0, _LONG_SIDE / max(whole.shape[:2]))
    if scale < 1:
        whole = cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return _encoded(whole)


def _encoded(picture: Display) -> bytes:
    return bytes(cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes())


def places(findings: Sequence[Finding]) -> bytes:
    """Return findings as JSON without any text: where, what, how sure, on what evidence; the audit log's words for a region."""
    rows = [
        {
            "frames": finding.region.frames,
            "polygon": finding.region.polygon,
            "category": finding.category.value,
            "score": round(finding.score, 3),
            "evidence": finding.evidence,
        }
        for finding in findings
    ]
    return json.dumps(rows).encode()


def _masks_on(plan: Plan, index: int) -> int:
    return sum(mask.frames[0] <= index < mask.frames[1] for mask in plan.masks)


def _drawn(picture: Display, plan: Plan, index: int) -> Display:
    picture = np.array(picture)
    thickness = max(1, max(picture.shape[:2]) // 700)
    for finding in plan.findings:
        if finding.region.frames[0] <= index < finding.region.frames[1]:
            colour = _COLOURS.get(finding.category, _DEFAULT)
            cv2.polylines(picture, [np.array(finding.region.polygon, np.int32)], True, colour, thickness)
            x0, y0, _, _ = finding.region.box
            cv2.putText(picture, finding.category.value, (x0, max(8, y0 - 3)), cv2.FONT_HERSHEY_PLAIN, 0.7 * thickness, colour, 1)
    return picture
