"""Small pictures with text, drawn in code, for tests of every room."""

from __future__ import annotations

import cv2
import numpy as np


def screen(lines, rows=240, columns=480, seed=3):
    """Grey noise with light lines of text, 40 px apart, (rows, columns, 3) uint8 RGB."""
    noise = np.random.default_rng(seed).normal(60, 5, (rows, columns, 1))
    picture = np.repeat(np.clip(noise, 0, 255).astype(np.uint8), 3, axis=2)
    for number, line in enumerate(lines):
        cv2.putText(picture, line, (20, 40 + 40 * number), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (230, 230, 230), 1, cv2.LINE_AA)
    return picture


def png(picture):
    """A picture, RGB, as PNG bytes."""
    return cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()


def read_png(data):
    """PNG bytes as (rows, columns, 3) uint8 RGB."""
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
