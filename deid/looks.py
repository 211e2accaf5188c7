"""Pictures that are the same come once, though none of them is held to compare the others with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from deid.types import Display


def different(looks: Iterable[Display]) -> Iterator[Display]:
    """Yield each picture once; two of a vast one would not fit into a worker's memory."""
    met: set[tuple[object, ...]] = set()

    def is_new(look: Display) -> bool:
        known = len(met)
        met.add((look.shape, sha256(np.ascontiguousarray(look).data).digest()))
        return len(met) > known

    return filter(is_new, looks)
