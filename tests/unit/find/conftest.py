from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from deid.find import load_engine
from deid.types import Instance


@dataclass(frozen=True)
class Pictures:
    """Frames that lie in memory."""

    pictures: tuple
    lossy: bool = False

    @property
    def count(self):
        return len(self.pictures)

    def shape(self, index):
        return self.pictures[index].shape[:2]

    def stored(self, index):
        return self.pictures[index].copy()

    def black(self, index):
        return (0.0, 0.0, 0.0)

    def display(self, index):
        return self.pictures[index].copy()

    def looks(self, index):
        return (self.display(index),)


@pytest.fixture(scope="session")
def rapidocr():
    return load_engine("rapidocr")


@pytest.fixture
def instance():
    def make(*pictures, **more):
        return Instance("png", Pictures(pictures), **more)

    return make


@pytest.fixture
def write():
    """Write a text on a picture and return the box of its ink."""

    def make(picture, text, origin, scale=0.6, colour=(255, 255, 0), thickness=1):
        blank = np.zeros(picture.shape[:2], np.uint8)
        for target, ink in ((picture, colour), (blank, 255)):
            cv2.putText(target, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, thickness, cv2.LINE_AA)
        ys, xs = np.nonzero(blank > 25)
        return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1

    return make


@pytest.fixture
def grey():
    def make(rows=120, columns=400, level=40):
        return np.full((rows, columns, 3), level, np.uint8)

    return make
