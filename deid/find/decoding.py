"""From a reader's steps to text whose characters know where they stand (CTC)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Spelling:
    """What was read on one crop: characters, the middle of each in columns of the crop, the mean certainty (0-1)."""

    characters: tuple[str, ...]
    middles: tuple[float, ...]
    confidence: float


NOTHING = Spelling((), (), 0.0)
"""The spelling of a crop in which nothing was read."""


def spell(classes: NDArray[np.int64], certainty: NDArray[np.float32], alphabet: Sequence[str], columns_a_step: float) -> Spelling:
    """Decode the best path through a crop's steps.

    Parameters
    ----------
    classes
        (steps,) the likeliest class of each step; 0 is the blank.
    certainty
        (steps,) its probability, 0-1.
    alphabet
        What each class says.
    columns_a_step
        Columns of the crop that one step spans.
    """
    starts = np.flatnonzero(np.diff(classes, prepend=-1))
    ends = np.append(starts[1:], len(classes))
    kept = classes[starts] != 0
    starts, ends = starts[kept], ends[kept]
    if not len(starts):
        return NOTHING
    surest = [float(certainty[start:end].max()) for start, end in zip(starts, ends, strict=True)]
    return Spelling(
        tuple(alphabet[classes[start]] for start in starts),
        tuple(float(start + end) / 2 * columns_a_step for start, end in zip(starts, ends, strict=True)),
        float(np.mean(surest)),
    )
