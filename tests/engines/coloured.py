"""A line whose engine reads colours instead of letters: quick, exact, and real in everything else.

A bar of one strong colour is a line of text; which text, its hue says. The canary under the second look is the only grey text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid import phi
from deid.batch import tasks
from deid.keys import Key
from deid.pipeline import Tools
from deid.policy import Policy
from deid.protocols import TextBox
from deid.types import PhiText, Quad, TextLine, Word

if TYPE_CHECKING:
    from deid.types import Display

# Hue (OpenCV, 0-179) of a bar: its text.
TEXTS = {10: "DOE^JANE", 40: "A4471902", 70: "12.03.2024", 100: "LAO 30", 130: "CRA 15", 160: "Zrvqx Plonk"}
_CANARY = "CANARY 4729"


def bars(texts, rows=160, columns=240, seed=0):
    """A grey picture with a bar for every text, (rows, columns, 3) uint8 RGB."""
    picture = np.full((rows, columns, 3), 60, np.uint8)
    picture[:, :, :] += np.random.default_rng(seed).integers(0, 8, (rows, columns, 1), dtype=np.uint8)
    hues = {text: hue for hue, text in TEXTS.items()}
    for number, text in enumerate(texts):
        colour = cv2.cvtColor(np.array([[[hues[text], 255, 230]]], np.uint8), cv2.COLOR_HSV2RGB)[0, 0]
        picture[12 + 30 * number : 30 + 30 * number, 20 : 20 + 10 * len(text)] = colour
    return picture


class Coloured:
    """Reads bars."""

    name = "coloured"
    version = "1"

    def missing(self) -> str | None:
        return None

    def detect(self, image: Display) -> tuple[TextBox, ...]:
        hsv = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2HSV)
        strong = ((hsv[..., 1] > 150) & (hsv[..., 2] > 120)).astype(np.uint8)
        bright, dark = ((hsv[..., 1] < 60) & seen for seen in (hsv[..., 2] > 150, hsv[..., 2] < 105))
        found = _components(strong)
        for letters in (bright, dark):
            around = cv2.dilate(letters.astype(np.uint8), np.ones((5, 61), np.uint8))
            found += [box for box in _components(around) if box[3] - box[1] < 40]
        return tuple(TextBox(_quad(*box), 0.95) for box in found)

    def read_text(self, image: Display, quads: Sequence[Quad]) -> tuple[TextLine, ...]:
        return tuple(_line(image, quad) for quad in quads)


def _components(mask):
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    return [(x, y, x + wide, y + high) for x, y, wide, high, area in stats[1:] if area > 60]


def _quad(x0, y0, x1, y1) -> Quad:
    return (int(x0), int(y0)), (int(x1), int(y0)), (int(x1), int(y1)), (int(x0), int(y1))


def _line(image, quad) -> TextLine:
    xs, ys = [x for x, _ in quad], [y for _, y in quad]
    part = image[max(0, min(ys)) : max(ys), max(0, min(xs)) : max(xs)]
    text = ""
    if part.size:
        hsv = cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_RGB2HSV)
        strong = hsv[(hsv[..., 1] > 150) & (hsv[..., 2] > 120)]
        if len(strong) * 3 > hsv[..., 0].size:
            hue = float(np.median(strong[:, 0]))
            text = next((text for wanted, text in TEXTS.items() if abs(hue - wanted) < 8), "")
        elif int(part.max()) > 200 and int(part.min()) < 60:
            text = _CANARY
    words = (Word(PhiText(text), quad, 0),) if text else ()
    return TextLine(PhiText(text), quad, words, 0.99 if text else 0.0, (0, 1), "coloured")


def load(policy: Policy, key: Key) -> Tools:
    return Tools(policy, key, Coloured(), (), phi.load_classifier(policy))


COLOURED = tasks.Work(load=load)
