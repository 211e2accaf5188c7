"""Angiogram-like pictures without text: soft tissue, bone, a vessel tree filling with contrast, a catheter, noise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Scene:
    """An X-ray scene, (rows, columns): `tissue` 0-255, `arrival` of contrast at a vessel pixel (0-1), `density` its depth."""

    tissue: np.ndarray
    arrival: np.ndarray
    density: np.ndarray
    noise: float

    def frame(self, rng: np.random.Generator, phase: float = 1.0, subtract: bool = False) -> np.ndarray:
        """Draw one frame at a phase of the filling (0-1), float32 (rows, columns); `subtract` gives a DSA frame."""
        filled = self.density * np.clip((phase - self.arrival) * 6, 0, 1)
        ground = np.full_like(self.tissue, 168) if subtract else self.tissue
        grain = cv2.GaussianBlur(rng.standard_normal(self.tissue.shape).astype(np.float32), (0, 0), 0.8) * 1.8
        return np.clip(ground * (1 - filled) + grain * self.noise, 0, 255).astype(np.float32)


def scene(rng: np.random.Generator, rows: int, columns: int, *, brightness: float = 165, noise: float | None = None) -> Scene:
    """Invent a scene."""
    arrival, density = np.ones((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
    for _ in range(int(rng.integers(1, 3))):
        start = np.array([columns * rng.uniform(0.35, 0.65), rows * 1.02])
        _branch(
            rng, arrival, density, start, -np.pi / 2 + rng.normal(0, 0.15), min(rows, columns) * rng.uniform(0.022, 0.034), 0.0, 0
        )
    density = cv2.GaussianBlur(density, (0, 0), max(0.8, min(rows, columns) / 700))
    tissue = _tissue(rng, rows, columns, brightness)
    _catheter(rng, tissue)
    return Scene(tissue, cv2.blur(arrival, (5, 5)), density, float(rng.uniform(3, 7)) if noise is None else noise)


def slice_of_head(rng: np.random.Generator, size: int) -> np.ndarray:
    """A CT-like axial slice in Hounsfield units, float32 (size, size)."""
    y, x = np.mgrid[:size, :size].astype(np.float32) / size - 0.5
    radius = np.hypot(x / 0.36, (y - 0.01) / 0.43) * (1 + 0.02 * np.sin(4 * np.arctan2(y, x)))
    brain = 34 + 4 * _clouds(rng, size, size, size / 40) + 6 * (np.abs(np.hypot(x, y) - 0.24) < 0.03)
    ventricles = (np.hypot((np.abs(x) - 0.05) / 0.035, (y + 0.02) / 0.12) < 1).astype(np.float32)
    hounsfield = np.where(radius < 0.86, brain - 26 * cv2.GaussianBlur(ventricles, (0, 0), size / 150), 40)
    hounsfield = np.where((radius > 0.88) & (radius < 0.96), 1100, hounsfield)
    hounsfield = np.where(radius > 1.0, -1000, hounsfield)
    soft = cv2.GaussianBlur(hounsfield.astype(np.float32), (0, 0), size / 420)
    return soft + rng.normal(0, 5, soft.shape).astype(np.float32)


def ultrasound_fan(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """An ultrasound sector, float32 (rows, columns) in 0-255."""
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    angle, depth = np.arctan2(x - columns / 2, y + rows * 0.06), np.hypot(x - columns / 2, y + rows * 0.06) / (rows * 1.02)
    speckle = cv2.GaussianBlur(rng.gamma(1.4, 1.0, (rows, columns)).astype(np.float32), (0, 0), sigmaX=1.8, sigmaY=0.9)
    echo = (45 + 50 * _clouds(rng, rows, columns, rows / 9)) * speckle * (1.15 - 0.6 * depth)
    for _ in range(3):
        centre = (int(columns * rng.uniform(0.38, 0.62)), int(rows * rng.uniform(0.35, 0.75)))
        hole = cv2.ellipse(
            np.ones((rows, columns), np.float32), centre, (columns // 14, rows // 18), float(rng.uniform(0, 180)), 0, 360, 0.12, -1
        )
        echo *= cv2.GaussianBlur(hole, (0, 0), 3)
    return np.clip(echo * ((np.abs(angle) < 0.72) & (depth < 0.98) & (depth > 0.09)), 0, 235)


def _tissue(rng: np.random.Generator, rows: int, columns: int, brightness: float) -> np.ndarray:
    short = min(rows, columns)
    tissue = brightness + 26 * _clouds(rng, rows, columns, short / 5) + 7 * _clouds(rng, rows, columns, short / 28)
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    centre = (columns * rng.uniform(0.4, 0.6), rows * rng.uniform(0.4, 0.55))
    skull = np.hypot((x - centre[0]) / (columns * 0.46), (y - centre[1]) / (rows * 0.5))
    tissue -= 32 * np.exp(-(((skull - 0.93) / 0.06) ** 2)) + 14 * np.clip(skull, 0, 0.9)
    for _ in range(int(rng.integers(2, 5))):
        bone = np.zeros((rows, columns), np.float32)
        points = np.cumsum(rng.normal(0, short / 9, (7, 2)), axis=0) + rng.uniform(0.2, 0.8, 2) * (columns, rows)
        cv2.polylines(bone, [np.int32(points)], False, 1.0, int(short / 26), cv2.LINE_AA)
        tissue -= float(rng.uniform(10, 26)) * cv2.GaussianBlur(bone, (0, 0), short / 60)
    edge = np.hypot(x - columns / 2, y - rows / 2) / (np.hypot(rows, columns) / 2)
    return np.clip(tissue * (1 - 0.35 * np.clip(edge - 0.62, 0, 1) / 0.38), 12, 250).astype(np.float32)


def _clouds(rng: np.random.Generator, rows: int, columns: int, size: float) -> np.ndarray:
    """Smooth noise of standard deviation 1; `size` in px."""
    step = max(1, int(size / 2))
    coarse = rng.standard_normal((rows // step + 4, columns // step + 4)).astype(np.float32)
    smooth = cv2.resize(cv2.GaussianBlur(coarse, (0, 0), 1.2), (columns, rows), interpolation=cv2.INTER_CUBIC)
    return (smooth - smooth.mean()) / (smooth.std() + 1e-6)


def _branch(rng, arrival, density, at, heading, width, time, depth) -> None:
    """Draw a vessel as a smooth random walk that thins and forks."""
    rows, columns = density.shape
    step = min(rows, columns) / 60
    bend, course = 0.0, heading
    for _ in range(int(rng.integers(9, 20)) + 4 * (depth == 0)):
        bend = 0.7 * bend + rng.normal(0, 0.17)
        heading += bend + 0.17 * np.sin(course - heading)
        following = at + step * np.array([np.cos(heading), np.sin(heading)])
        box = _around(at, following, width, density.shape)
        mark = np.zeros(density[box].shape, np.float32)
        ends = [tuple(int(v * 16) - 16 * side.start for v, side in zip(point, box[::-1], strict=True)) for point in (at, following)]
        cv2.line(mark, *ends, float(min(0.78, 0.30 + width / 22)), max(1, round(width)), cv2.LINE_AA, 4)
        density[box] = np.maximum(density[box], mark)
        arrival[box] = np.where((mark > 0) & (arrival[box] > time), time, arrival[box])
        at, time, width = following, time + 0.012, width * 0.985
        if not (-step < at[0] < columns + step and -step < at[1] < rows + step):
            return
    if depth < 6 and width > 1.1:
        for turn in (rng.uniform(0.25, 0.7), -rng.uniform(0.25, 0.7)):
            _branch(rng, arrival, density, at, heading + turn, width * rng.uniform(0.6, 0.82), time, depth + 1)


def _around(a: np.ndarray, b: np.ndarray, width: float, shape: tuple[int, ...]) -> tuple[slice, slice]:
    reach = width + 4
    x0, y0 = np.maximum(np.minimum(a, b) - reach, 0).astype(int)
    x1, y1 = np.maximum(np.maximum(a, b) + reach, 1).astype(int)
    return slice(min(y0, shape[0] - 1), y1), slice(min(x0, shape[1] - 1), x1)


def _catheter(rng: np.random.Generator, tissue: np.ndarray) -> None:
    rows, columns = tissue.shape
    along = np.linspace(0, 1, 40)
    x = columns * (rng.uniform(0.4, 0.6) + 0.05 * np.sin(along * rng.uniform(3, 6)))
    y = rows * (1 - along * rng.uniform(0.35, 0.6))
    mark = np.zeros_like(tissue)
    cv2.polylines(mark, [np.int32(np.stack([x, y], 1) * 16)], False, 1.0, max(1, columns // 300), cv2.LINE_AA, 4)
    tissue -= 46 * cv2.GaussianBlur(mark, (0, 0), 0.7)
