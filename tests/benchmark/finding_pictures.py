"""The pictures that finding is measured on: screens, exams, photos, and each thing that makes text hard to find on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tests.benchmark import anatomy, overlays, people, photos, screens
from tests.benchmark.canvas import Canvas
from tests.benchmark.fonts import face, font_files
from tests.benchmark.people import parts
from tests.benchmark.suites import SCRIPTS
from tests.benchmark.truth import Line, with_contrast

# What a person writes on an exam, from the long to the single sign.
_TEMPLATES = (
    *("{LAST}, {FIRST}", "[ID] {mrn}", "{dob}", "{hospital}", "{side} {lao} {tilt} {cran}", "{date} {time}"),
    *("{accession}", "{staff}"),
)
_SINGLE = ("{sex}", "{age}", "[L]", "[R]")


@dataclass(frozen=True)
class Picture:
    """A picture of the corpus, (rows, columns, 3) uint8 RGB, with what was written on it."""

    name: str
    suite: str
    pixels: np.ndarray
    lines: tuple[Line, ...]


def corpus(part: str, seed: int, count: int, suites: Sequence[str] | None = None) -> Iterator[Picture]:
    """Make `count` pictures of each suite, with the fonts, layouts and words of a part ("tune" or "measure")."""
    for suite in suites or SUITES:
        for number in range(count):
            rng = np.random.default_rng((seed, SUITES.index(suite), number, len(part)))
            canvas = _MAKERS[suite](rng, part, number)
            pixels = canvas.finished()
            if suite == "photos":
                encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 93))])[1]
                pixels = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
            yield Picture(f"{suite}-{number:02d}", suite, pixels, with_contrast(canvas.lines, pixels[None]))


def _screen(rng: np.random.Generator, part: str, dark: bool, table: bool) -> Canvas:
    fonts, layouts = font_files(part, "screen"), overlays.layouts(part)
    style = screens.look(rng, fonts, dark=dark)
    rows, columns = [(768, 1024), (800, 1280), (900, 1440)][int(rng.integers(3))]
    if table:
        tables = screens.words()[part]
        columns_of = tables[int(rng.integers(len(tables)))]["columns"]
        return screens.worklist(rng, style, columns_of, lambda: people.invent(rng, part), rows, columns)
    layout = layouts[int(rng.integers(len(layouts)))]
    return screens.workstation(rng, style, layout, people.invent(rng, part), rows, columns)


def _frame(rng: np.random.Generator, part: str, number: int) -> Canvas:
    fonts, layouts = font_files(part, "screen"), overlays.layouts(part)
    side = int(rng.choice([512, 768, 1024]))
    scene = anatomy.scene(rng, side, side, brightness=float(rng.uniform(110, 185)))
    canvas = Canvas(anatomy.ultrasound_fan(rng, side, side) if number % 5 == 4 else scene.frame(rng, 1.0, bool(number % 2)))
    fields, size = people.invent(rng, part), int(rng.integers(13, 21))
    overlays.write_corners(canvas, layouts[int(rng.integers(len(layouts)))], fields, fonts[int(rng.integers(len(fonts)))], size)
    if number % 2 == 0:
        remark, font = ("{last} {mrn}", "{vessel} aneurysm 6.2 mm"), fonts[int(rng.integers(len(fonts)))]
        overlays.write_on_vessels(canvas, remark, fields, font, int(rng.integers(13, 17)), scene.density)
    return canvas


def _photo(rng: np.random.Generator, part: str, number: int) -> Canvas:
    lens = photos.Lens(float(rng.uniform(0, 9)), float(rng.uniform(0, 90)), float(rng.uniform(0.3, 0.9)), float(rng.uniform(1, 4)))
    hand, fields = font_files(part, "hand"), people.invent(rng, part)
    rows, columns = [(1200, 1600), (1350, 1800), (1500, 2000)][int(rng.integers(3))]
    canvas = photos.room(rng, rows, columns)
    screen = _screen(rng, part, dark=bool(number % 2), table=number % 4 == 1)
    sticker = photos.note(["[MRN] {mrn}  {last}"], fields, hand[0], int(rng.integers(26, 36)), (250, 236, 120), (20, 30, 90))
    case = photos.monitor(rng, screen, lens, [sticker] if number % 2 else [])
    width = columns * rng.uniform(0.72, 0.85)
    tilt = float(rng.uniform(-25, 25)) if number % 3 == 2 else float(rng.uniform(-9, 9))
    middle = (columns * 0.45, rows * 0.6)
    canvas.paste(case, photos.tilted(rng, (case.rows, case.columns), middle, width, tilt, float(rng.uniform(0, 0.12))))
    words, ink = ["{time}  {last} - {vessel}", "[Dr.] {staff}"], (30, 60, 150)
    board = photos.note(words, fields, hand[-1], int(rng.integers(44, 96)), (232, 234, 232), ink)
    canvas.paste(board, photos.tilted(rng, (board.rows, board.columns), (columns * 0.8, rows * 0.1), columns * 0.36, 3, 0.02))
    return photos.exposed(rng, canvas, lens)


def _scattered(rng: np.random.Generator, part: str, number: int, kind: str) -> Canvas:
    """Lines all over an angiogram, each hard in the same way: tiny, faint, turned or a single sign."""
    fonts, fields = font_files(part, "screen"), people.invent(rng, part)
    canvas = Canvas(anatomy.scene(rng, 768, 768, brightness=float(rng.uniform(90, 160))).frame(rng, 1.0, bool(number % 2)))
    for place in range(24):
        x, y = (
            (24 + 62 * (place % 12), 20 + 370 * (place // 12))
            if kind == "turned"
            else (20 + 240 * (place % 3), 24 + 90 * (place // 3))
        )
        ground = float(np.median(canvas.pixels[y : y + 20, x : x + 160]))
        step = float(rng.uniform(28, 50)) * (1 if ground < 128 else -1)
        colour = (
            (ground + step,) * 3 if kind == "faint" else tuple(map(int, rng.permutation([255, 255, int(rng.integers(0, 120))])))
        )
        templates = _SINGLE if kind == "single" else _TEMPLATES
        size = int(rng.integers(9, 12)) if kind == "tiny" else 14 if kind == "turned" else int(rng.integers(14, 20))
        canvas.write(
            parts(templates[int(rng.integers(len(templates)))], fields),
            (x, y),
            fonts[int(rng.integers(len(fonts)))],
            size,
            colour,
            turns=(1, 3)[place % 2] if kind == "turned" else 0,
        )
    return canvas


def _script(rng: np.random.Generator, part: str, number: int) -> Canvas:
    """Names in scripts other than Latin."""
    locale = SCRIPTS[number % len(SCRIPTS)]
    side = int(rng.choice([640, 768, 1024]))
    canvas = Canvas(anatomy.scene(rng, side, side, brightness=float(rng.uniform(90, 170))).frame(rng))
    font = font_files("scripts", locale)[0]
    for place in range(12):
        fields, size = people.abroad(rng, locale), int(rng.integers(14, 23))
        at = (12 + (place % 2) * side // 2, 12 + place // 2 * side // 7)
        canvas.write(
            parts("{name}" if place % 3 else "{staff}", fields), at, font, size, (250, 236, 120) if place % 2 else (245,) * 3
        )
    return canvas


def _large(rng: np.random.Generator, part: str, number: int) -> Canvas:
    """One line as large as the picture has room for: a name over a whole exam, a title, a label before the lens."""
    fonts, fields = font_files(part, "screen"), people.invent(rng, part)
    side, font = int(rng.choice([256, 512, 768, 1024])), fonts[int(rng.integers(len(fonts)))]
    if number % 2:
        canvas = Canvas(anatomy.scene(rng, side, side, brightness=float(rng.uniform(60, 120))).frame(rng))
    else:
        canvas = Canvas.plain(side, side, (int(rng.integers(0, 70)),) * 3)
    words = parts(("{last}", "{age}", "{dob}", "{last} {age}")[int(rng.integers(4))], fields)
    across = face(font, 100).getlength("".join(text for text, _ in words)) / 100
    size = int(min(0.5 * side, 0.9 * side / across))
    canvas.write(words, (int(0.04 * side), int(rng.uniform(0.05, 0.4) * side)), font, size, (240, 240, 225))
    return canvas


def _free(rng: np.random.Generator, _part: str, number: int) -> Canvas:
    side = int(rng.choice([512, 768, 1024]))
    if number % 5 == 3:
        return Canvas(np.clip((anatomy.slice_of_head(rng, side) + 10) / 90, 0, 1) * 255)
    if number % 5 == 4:
        return Canvas(anatomy.ultrasound_fan(rng, side, side))
    return Canvas(anatomy.scene(rng, side, side, brightness=float(rng.uniform(110, 185))).frame(rng, 1.0, bool(number % 2)))


def _ghost(rng: np.random.Generator, _part: str, number: int) -> Canvas:
    """What a detector likes to take for text: noise, stripes, dots in rows, a grid of thumbnails, ribs."""
    side = 640
    noise = np.repeat(rng.normal(110, 24, (side, side, 1)), 3, axis=2)
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    if number % 4 == 1:
        noise = noise * 0.3 + 60 + 50 * (np.sin(x / 9 + 3 * np.sin(y / 80)) > 0)[:, :, None]
    if number % 4 == 2:
        noise[(x // 40 + y // 40) % 2 == 0] *= 0.5
    if number % 4 == 3:
        for at in range(30, side - 30, 44):
            cv2.ellipse(noise, (side // 2, at), (side // 3, 30), 0, 200, 340, (190, 190, 190), 7, cv2.LINE_AA)
        noise = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return Canvas(np.clip(noise, 0, 255))


_Maker = Callable[[np.random.Generator, str, int], Canvas]
_MAKERS: dict[str, _Maker] = {
    "dark": lambda rng, part, _: _screen(rng, part, dark=True, table=False),
    "light": lambda rng, part, _: _screen(rng, part, dark=False, table=False),
    "tables": lambda rng, part, number: _screen(rng, part, dark=bool(number % 2), table=True),
    "frames": _frame,
    "photos": _photo,
    "tiny": lambda rng, part, number: _scattered(rng, part, number, "tiny"),
    "faint": lambda rng, part, number: _scattered(rng, part, number, "faint"),
    "turned": lambda rng, part, number: _scattered(rng, part, number, "turned"),
    "single": lambda rng, part, number: _scattered(rng, part, number, "single"),
    "scripts": _script,
    "free": _free,
    "ghosts": _ghost,
    "large": _large,
}
SUITES = tuple(_MAKERS)
"""Names of the suites, in the order of the tables."""
