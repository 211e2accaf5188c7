"""The whole hostile folder, from a seed."""

from __future__ import annotations

import numpy as np

from tests.benchmark.hostile import broken, jpegs, others, pdfs, pngs, tiffs
from tests.benchmark.hostile.entries import Tokens


def hostile_entries(seed=1):
    """Return every entry; the same seed gives the same bytes."""
    rng, tokens = np.random.default_rng(seed), Tokens(seed)
    makers = (jpegs.entries, pngs.entries, tiffs.entries, others.entries, pdfs.entries, broken.entries, broken.misnamed)
    return tuple(entry for make in makers for entry in make(rng, tokens))


def lay_out(entries, folder):
    """Write the entries into a folder."""
    for entry in entries:
        path = folder / entry.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(entry.data)
