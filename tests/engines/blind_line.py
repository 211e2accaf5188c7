"""The real line with an engine that sees nothing: what is left to test is everything but the reading of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import deid.verify
from deid.batch import tasks
from deid.keys import Key
from deid.phi import load_classifier
from deid.pipeline import Tools
from deid.policy import Policy
from deid.protocols import TextBox
from deid.types import Quad, TextLine

if TYPE_CHECKING:
    from deid.types import Display


class Blind:
    """Sees nothing, in no time."""

    name = "blind"
    version = "1"

    def missing(self) -> str | None:
        return None

    def detect(self, image: Display) -> tuple[TextBox, ...]:
        return ()

    def read_text(self, image: Display, quads: Sequence[Quad]) -> tuple[TextLine, ...]:
        return ()


def load(policy: Policy, key: Key) -> Tools:
    """Load the classifier only; the canary, which a blind engine cannot see, is taken as read."""
    deid.verify.canary_sings = lambda lines, frames: True
    return Tools(policy, key, Blind(), (), load_classifier(policy))


BLIND = tasks.Work(load=load)
