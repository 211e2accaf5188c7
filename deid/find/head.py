"""The reader's last layer: which character each step of a crop shows. Most of its classes are asked only where they may matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A crop whose every step has a usual class with this logit holds usual characters only. Of 1,374 crops of the benchmark's tuned
# part 113 are asked in full, 48 of them in Cyrillic, Greek or Hebrew; none differs. Of 648 with Chinese, Japanese and Korean 7
# differ: a stroke is read as a dash, and once a Chinese day as an 8. At 10 texture is read with too much certainty.
_CLEAR = 12.0
# Latin, Greek and Cyrillic with their accents; punctuation, arrows and units; full width; kana. First and past code points.
_USUAL = ((0, 0x530), (0x2000, 0x2300), (0x3000, 0x3100), (0xFF00, 0xFF60))


class Head:
    """A linear layer and its softmax, over the usual classes first: all 18,710 took a fifth of the reading.

    `alphabet` says what each class means; class 0 is the blank.
    """

    def __init__(self, weights: NDArray[np.float32], biases: NDArray[np.float32], alphabet: Sequence[str]) -> None:
        self.alphabet = alphabet
        self._every = weights, biases
        self._usual = np.array([index for index, character in enumerate(alphabet) if _is_usual(character)])
        self._few = np.ascontiguousarray(weights[:, self._usual]), biases[self._usual]
        # The library under NumPy would wake a thread a core, each of which spins for milliseconds after every product.
        self._threads = ThreadpoolController()

    def __call__(self, steps: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return each step's class and its probability, 0-1, of the features of the steps, (steps, features)."""
        with self._threads.limit(limits=1, user_api="blas"):
            logits = _logits(steps, self._few)
            best = logits.max(axis=1, keepdims=True)
            usual = bool(best.min() >= _CLEAR)
            if not usual:
                logits = _logits(steps, self._every)
                best = logits.max(axis=1, keepdims=True)
        classes = logits.argmax(axis=1)
        certainty = 1 / np.exp(logits - best).sum(axis=1)
        return self._usual[classes] if usual else classes, certainty


def _logits(steps: NDArray[np.float32], layer: tuple[NDArray[np.float32], NDArray[np.float32]]) -> NDArray[np.float32]:
    weights, biases = layer
    logits = steps @ weights
    logits += biases
    return logits


def _is_usual(character: str) -> bool:
    return all(any(first <= ord(sign) < past for first, past in _USUAL) for sign in character)
