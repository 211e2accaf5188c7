"""The suites of DICOM files: frames of ten kinds, and runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.benchmark import anatomy, dicoms, overlays, people, runs, screens
from tests.benchmark.canvas import Canvas
from tests.benchmark.fonts import font_files
from tests.benchmark.people import Fields, parts, pick
from tests.benchmark.suites import any_font, any_layout
from tests.benchmark.truth import Truth, with_contrast


def dicom_suite(rng: np.random.Generator, part: str, number: int, folder: Path) -> Truth:
    """Single DICOM frames of ten kinds; the pixels of every fifth show another patient than the header."""
    fields = people.invent(rng, part)
    shown = people.invent(rng, part) if number % 5 == 4 else fields
    name = f"{fields['last'].upper()}_{number:04d}.dcm" if number % 3 == 0 else f"IM{number:04d}" + (".dcm" if number % 2 else "")
    kind = number % 10
    seed = f"{part}-{number}-{fields['mrn']}"
    drawn = _KINDS[kind](rng, part, fields, shown, folder / name, seed)
    return Truth(name, "", with_contrast(drawn.lines, drawn.finished()[None]), dicoms.strings(fields), notes=_KINDS[kind].__name__)


def _labelled(rng: np.random.Generator, part: str, shown: Fields, ground: np.ndarray, *, grey: bool = True) -> Canvas:
    canvas = Canvas(ground)
    size = max(11, canvas.columns // int(rng.integers(36, 48)))
    overlays.write_corners(
        canvas, any_layout(rng, part), shown, any_font(rng, part), size, colour=(238, 238, 238) if grey else None
    )
    return canvas


def _one(canvas: Canvas) -> np.ndarray:
    return canvas.finished()[None, :, :, 0].copy()


def _xa(syntax: str) -> Callable[..., Canvas]:
    def kind(rng, part, fields, shown, path, seed):
        side = int(pick(rng, [512, 768, 1024]))
        canvas = _labelled(rng, part, shown, anatomy.scene(rng, side, side).frame(rng))
        dicoms.save(dicoms.grey(dicoms.header(fields, "XA", seed), _one(canvas)), path, syntax)
        return canvas

    kind.__name__ = f"xa-{syntax}"
    return kind


def _deep(rng, part, fields, shown, path, seed) -> Canvas:
    """12 bits in 16: the text is written at the white of the window."""
    canvas = _labelled(rng, part, shown, anatomy.scene(rng, 640, 640).frame(rng))
    ds = dicoms.grey(dicoms.header(fields, "XA", seed), (_one(canvas).astype(np.uint16) * 16), bits=12)
    ds.WindowCenter, ds.WindowWidth = 2048, 4096
    dicoms.save(ds, path, "jls")
    return canvas


def _ct(rng, part, fields, shown, path, seed) -> Canvas:
    hounsfield = anatomy.slice_of_head(rng, 512)
    canvas = Canvas(np.clip((hounsfield + 10) / 90, 0, 1) * 255)
    clear = canvas.finished()
    overlays.write_corners(canvas, any_layout(rng, part), shown, any_font(rng, part), 13, colour=(255, 255, 255))
    drawn, stored = canvas.finished(), np.rint(hounsfield).astype(np.int16)
    changed = (drawn != clear).any(axis=2)
    stored[changed] = np.rint(drawn[changed, 0] / 255 * 90 - 10).astype(np.int16)
    ds = dicoms.grey(dicoms.header(fields, "CT", seed), stored[None], bits=16)
    ds.RescaleIntercept, ds.RescaleSlope, ds.WindowCenter, ds.WindowWidth = 0, 1, 35, 90
    dicoms.save(ds, path, "rle")
    return canvas


def _us(photometric: str, syntax: str) -> Callable[..., Canvas]:
    def kind(rng, part, fields, shown, path, seed):
        canvas = _labelled(rng, part, shown, np.repeat(anatomy.ultrasound_fan(rng, 600, 800)[:, :, None], 3, axis=2), grey=False)
        dicoms.save(
            dicoms.colour(dicoms.header(fields, "US", seed), canvas.finished()[None], photometric=photometric), path, syntax
        )
        return canvas

    kind.__name__ = f"us-{photometric.lower()}-{syntax}"
    return kind


def _inverse(rng, part, fields, shown, path, seed) -> Canvas:
    canvas = _labelled(rng, part, shown, anatomy.scene(rng, 700, 560).frame(rng))
    dicoms.save(dicoms.grey(dicoms.header(fields, "CR", seed), _one(canvas), inverse=True), path)
    return canvas


def _palette(rng, part, fields, shown, path, seed) -> Canvas:
    canvas = _labelled(rng, part, shown, anatomy.scene(rng, 600, 600).frame(rng), grey=False)
    dicoms.save(dicoms.palette(dicoms.header(fields, "SC", seed), canvas.finished()), path)
    return canvas


def _capture(rng, part, fields, shown, path, seed) -> Canvas:
    style = screens.look(rng, font_files(part, "screen"))
    canvas = screens.workstation(rng, style, any_layout(rng, part), shown, 720, 1100)
    dicoms.save(dicoms.colour(dicoms.header(fields, "SC", seed), canvas.finished()[None]), path, "j2k")
    return canvas


def _bare(rng, part, fields, shown, path, seed) -> Canvas:
    """An identifying header over pixels without text."""
    canvas = Canvas(anatomy.scene(rng, 512, 512).frame(rng))
    dicoms.save(dicoms.grey(dicoms.header(fields, "XA", seed), _one(canvas)), path, "j2k")
    return canvas


_KINDS = (_xa("native"), _xa("j2k"), _deep, _us("RGB", "rle"), _us("YBR_FULL", "native"), _ct, _inverse, _palette, _capture, _bare)


def cine_suite(rng: np.random.Generator, part: str, number: int, folder: Path) -> Truth:
    """Runs whose text stands still, changes, comes briefly, fades, moves, lies on DSA, or is dark on bright."""
    fields, font = people.invent(rng, part), any_font(rng, part)
    side, count = int(pick(rng, [384, 512])), int(rng.integers(24, 41))
    size, kind = max(12, side // 32), ("still", "changing", "brief", "fading", "moving", "dsa", "dark")[number % 7]
    captions = _captions(kind, fields, font, size, side, count)
    brightness = 205.0 if kind == "dark" else float(rng.uniform(110, 170))
    frames, lines = runs.filmed(anatomy.scene(rng, side, side, brightness=brightness), rng, count, captions, subtract=kind == "dsa")
    syntax = ("jpeg", "rle", "native", "jls")[number % 4]
    dicoms.save(
        dicoms.grey(dicoms.header(fields, "XA", f"{part}-cine-{number}"), frames[:, :, :, 0].copy()),
        folder / f"run{number:02d}.dcm",
        syntax,
    )
    return Truth(f"run{number:02d}.dcm", "", with_contrast(lines, frames), dicoms.strings(fields), notes=kind)


def _captions(kind: str, fields: Fields, font: Path, size: int, side: int, count: int) -> list[runs.Caption]:
    ink = 20 if kind == "dark" else 240

    def say(template: str, x: float, y: float, fade: bool = False, speed: float = 0.0) -> runs.Draw:
        def draw(canvas: Canvas, index: int) -> None:
            level = int(ink * (1 if not fade else 0.45 + 0.55 * index / count))
            at = (int(x * side + speed * index), int(y * side))
            canvas.write(
                parts(template.replace("@", f"{index + 1:02d}"), fields), at, font, size, (level,) * 3, shadow=kind == "brief"
            )

        return draw

    def whole(*draws: runs.Draw) -> list[runs.Caption]:
        return [runs.Caption((0, count), draw) for draw in draws]

    name, third = "{LAST}, {FIRST}", count // 3
    if kind == "brief":
        shown = [
            runs.Caption((third, third + 5), say(name, 0.02, 0.02)),
            runs.Caption((count - 6, count), say("{mrn} {dob}", 0.02, 0.1)),
        ]
    elif kind == "fading":
        shown = [*whole(say(name, 0.02, 0.02, fade=True)), runs.Caption((count // 2, count), say("{date}", 0.6, 0.02))]
    elif kind == "moving":
        shown = [runs.Caption((0, count), say(name, 0.02, 0.3, speed=2.5), still=False), *whole(say("{mrn}", 0.02, 0.02))]
    elif kind == "changing":
        shown = [runs.Caption((n, n + 1), say("{LAST} {time}  [@]", 0.02, 0.02), still=False) for n in range(count)]
    else:
        shown = whole(say(name, 0.02, 0.02), say("{mrn}  {dob}", 0.02, 0.1))
    return whole(say("{side} {lao} {tilt} {cran}", 0.02, 0.92), say("{protocol}", 0.6, 0.92)) + shown
