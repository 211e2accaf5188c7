"""Looks at a picture: from which size on memory is spared, and those that are the same come once, though none is held for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from deid.types import Display

VAST: Final = 30_000_000
"""Pixels from which a picture is so large that a worker spares memory: a copy of it takes a hundred megabytes and more."""


def different(looks: Iterable[Display]) -> Iterator[Display]:
    """Yield each picture once; two of a vast one would not fit into a worker's memory."""
    met: set[tuple[object, ...]] = set()

    def is_new(look: Display) -> bool:
        known = len(met)
        met.add((look.shape, sha256(np.ascontiguousarray(look).data).digest()))
        return len(met) > known

    return filter(is_new, looks)
