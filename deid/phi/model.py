"""The trained judge of single words: how likely a word is technical, a name, or a place, from its letters alone."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from deid.errors import EnvironmentBroken
from deid.phi.canon import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME: Final = "phi-1"
BUCKETS: Final = 2**15
CLASSES: Final = ("none", "name", "place")
_GRAMS: Final = (2, 3, 4, 5)


class Belief(NamedTuple):
    """Shares of belief, adding up to one."""

    none: float
    name: float
    place: float


def features(word: str) -> list[int]:
    """Hashed character n-grams of a word, its case and its length: the columns that are set."""
    return sorted({zlib.crc32(text.encode()) % BUCKETS for text in _texts(word)})


def _texts(word: str) -> Iterator[str]:
    bounded = f"<{plain(word)}>"
    for size in _GRAMS:
        for start in range(len(bounded) - size + 1):
            yield bounded[start : start + size]
    yield f"#{min(len(word), 12)}"
    yield "#upper" if word.isupper() else "#title" if word.istitle() else "#lower" if word.islower() else "#mixed"
    if not word.isascii():
        yield "#accent"


@lru_cache(maxsize=16384)
def believe(word: str) -> Belief:
    """Judge one word."""
    weights = _weights()
    scores = weights[features(word)].sum(axis=0) + weights[BUCKETS]
    shares = np.exp(scores - scores.max())
    none, name, place = (shares / shares.sum()).tolist()
    return Belief(none, name, place)


@cache
def _weights() -> NDArray[np.float32]:
    """The weights, (buckets + 1, classes); the last row is the bias.

    Raises
    ------
    EnvironmentBroken
        Where they are missing or altered.
    """
    folder = _folder()
    try:
        data = (folder / "weights.npy").read_bytes()
        wanted = (folder / "SHA256").read_text(encoding="ascii").split()[0]
    except (OSError, IndexError) as error:
        raise EnvironmentBroken("The model phi-1 is missing.", "Install deid-toolkit again.") from error
    if hashlib.sha256(data).hexdigest() != wanted:
        raise EnvironmentBroken("The model phi-1 was altered.", "Install deid-toolkit again.")
    half: NDArray[Any] = np.frombuffer(data, np.float16, offset=len(data) - (BUCKETS + 1) * len(CLASSES) * 2)
    return half.reshape(BUCKETS + 1, len(CLASSES)).astype(np.float32)


def version() -> str:
    """Name of the model and the start of its hash, for the audit log."""
    return f"{NAME}:{(_folder() / 'SHA256').read_text(encoding='ascii')[:12]}"


def _folder() -> Path:
    """The model's folder: in the installed package, else in the repository."""
    package = Path(__file__).parents[1]
    chosen = [place / NAME for place in (package / "_models", package.parent / "models") if (place / NAME).is_dir()]
    return chosen[0] if chosen else package / "_models" / NAME
