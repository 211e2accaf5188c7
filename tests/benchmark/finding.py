"""Measures finding: which lines are covered, at what cost, by which pass. ``python -m tests.benchmark.finding``."""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from deid.find import find_text, load_engine, look_again
from deid.find.canary import WithCanary, without_canary
from deid.find.covering import covering_quad, rooms
from deid.find.geometry import outwards, within
from deid.find.lines import joined
from deid.find.passes import ENLARGED, HALF, PLAIN, QUARTER, Pass, normalised, see
from deid.policy import Policy
from deid.protocols import TextEngine
from deid.redaction import cover
from deid.types import Instance, Region
from tests.benchmark import anatomy, overlays, people, photos, runs, screens
from tests.benchmark.canvas import Canvas
from tests.benchmark.fonts import font_files
from tests.benchmark.people import parts
from tests.benchmark.truth import Line, with_contrast

SUITES = ("screens", "frames", "photos", "hard", "free")
# Share of a line's ink that must lie under boxes for the line to count as found.
_FOUND = 0.9


@dataclass(frozen=True)
class Picture:
    """A picture of the corpus, (rows, columns, 3) uint8 RGB, with what was written on it."""

    name: str
    suite: str
    pixels: np.ndarray
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Held:
    """Frames in memory."""

    pictures: tuple[np.ndarray, ...]
    lossy: bool = False

    @property
    def count(self) -> int:
        return len(self.pictures)

    def shape(self, index: int) -> tuple[int, int]:
        return self.pictures[index].shape[:2]

    def stored(self, index: int) -> np.ndarray:
        return self.pictures[index].copy()

    def black(self, index: int) -> tuple[float, ...]:
        return (0.0, 0.0, 0.0)

    def display(self, index: int) -> np.ndarray:
        return self.pictures[index].copy()

    def looks(self, index: int) -> tuple[np.ndarray, ...]:
        return (self.display(index),)


def corpus(part: str, seed: int, count: int, suites: Sequence[str] = SUITES) -> Iterator[Picture]:
    """Make `count` pictures of each suite, with the fonts, layouts and words of a part ("tune" or "measure")."""
    for suite in suites:
        for number in range(count):
            rng = np.random.default_rng((seed, SUITES.index(suite), number, len(part)))
            canvas = _MAKERS[suite](rng, part, number)
            pixels = canvas.finished()
            if suite == "photos":
                encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 93))])[1]
                pixels = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
            yield Picture(f"{suite}-{number:02d}", suite, pixels, with_contrast(canvas.lines, pixels[None]))


def _screen(rng, part, number) -> Canvas:
    fonts, layouts = font_files(part, "screen"), overlays.layouts(part)
    style = screens.look(rng, fonts, dark=bool(number % 2))
    rows, columns = [(768, 1024), (800, 1280), (900, 1440)][int(rng.integers(3))]
    if number % 4 == 1:
        tables = screens.words()[part]
        table = tables[int(rng.integers(len(tables)))]["columns"]
        return screens.worklist(rng, style, table, lambda: people.invent(rng, part), rows, columns)
    layout = layouts[int(rng.integers(len(layouts)))]
    return screens.workstation(rng, style, layout, people.invent(rng, part), rows, columns)


def _frame(rng, part, number) -> Canvas:
    fonts, layouts = font_files(part, "screen"), overlays.layouts(part)
    side = int(rng.choice([512, 768, 1024]))
    scene = anatomy.scene(rng, side, side, brightness=float(rng.uniform(110, 185)))
    canvas = Canvas(anatomy.ultrasound_fan(rng, side, side) if number % 5 == 4 else scene.frame(rng, 1.0, bool(number % 2)))
    fields, size = people.invent(rng, part), int(rng.integers(13, 21))
    overlays.write_corners(canvas, layouts[int(rng.integers(len(layouts)))], fields, fonts[int(rng.integers(len(fonts)))], size)
    if number % 2 == 0:
        remark = ("{last} {mrn}", "{vessel} aneurysm 6.2 mm")
        overlays.write_on_vessels(
            canvas, remark, fields, fonts[int(rng.integers(len(fonts)))], int(rng.integers(13, 17)), scene.density
        )
    return canvas


def _photo(rng, part, number) -> Canvas:
    lens = photos.Lens(float(rng.uniform(0, 9)), float(rng.uniform(0, 90)), float(rng.uniform(0.3, 0.9)), float(rng.uniform(1, 4)))
    hand, fields = font_files(part, "hand"), people.invent(rng, part)
    rows, columns = [(1200, 1600), (1350, 1800), (1500, 2000)][int(rng.integers(3))]
    canvas = photos.room(rng, rows, columns)
    screen = _screen(rng, part, number)
    sticker = photos.note(["[MRN] {mrn}  {last}"], fields, hand[0], int(rng.integers(26, 36)), (250, 236, 120), (20, 30, 90))
    case = photos.monitor(rng, screen, lens, [sticker] if number % 2 else [])
    width = columns * rng.uniform(0.72, 0.85)
    tilt = float(rng.uniform(-25, 25)) if number % 3 == 2 else float(rng.uniform(-9, 9))
    corners = photos.tilted(rng, (case.rows, case.columns), (columns * 0.45, rows * 0.6), width, tilt, float(rng.uniform(0, 0.12)))
    canvas.paste(case, corners)
    board = photos.note(
        ["{time}  {last} - {vessel}", "[Dr.] {staff}"], fields, hand[-1], int(rng.integers(44, 96)), (232, 234, 232), (30, 60, 150)
    )
    canvas.paste(board, photos.tilted(rng, (board.rows, board.columns), (columns * 0.8, rows * 0.1), columns * 0.36, 3, 0.02))
    return photos.exposed(rng, canvas, lens)


def _hard(rng, part, number) -> Canvas:
    """Tiny, faint, turned and single: text at the edge of what a person reads."""
    fonts, fields = font_files(part, "screen"), people.invent(rng, part)
    canvas = Canvas(anatomy.scene(rng, 768, 768, brightness=float(rng.uniform(90, 160))).frame(rng, 1.0, bool(number % 2)))
    templates = (
        "{LAST}, {FIRST}",
        "[ID] {mrn}",
        "{dob}",
        "{hospital}",
        "{side} {lao} {tilt} {cran}",
        "{date} {time}",
        "{age}",
        "{sex}",
    )
    for place in range(24):
        x, y = 20 + 240 * (place % 3), 24 + 90 * (place // 3)
        ground = float(np.median(canvas.pixels[y : y + 20, x : x + 160]))
        kind = (place + number) % 4
        size = int(rng.integers(9, 12)) if kind == 0 else int(rng.integers(14, 20))
        step = float(rng.uniform(28, 50)) * (1 if ground < 128 else -1)
        colour = (ground + step,) * 3 if kind == 1 else tuple(map(int, rng.permutation([255, 255, int(rng.integers(0, 120))])))
        template = templates[int(rng.integers(len(templates)))] if kind != 3 else "{sex}" if number % 2 else "{age}"
        turns = int(rng.choice([1, 3])) if kind == 2 else 0
        font = fonts[int(rng.integers(len(fonts)))]
        canvas.write(parts(template, fields), (x, y), font, size if turns == 0 else 14, colour, turns=turns)
    return canvas


def _free(rng, part, number) -> Canvas:
    side = int(rng.choice([512, 768, 1024]))
    if number % 5 == 3:
        return Canvas(np.clip((anatomy.slice_of_head(rng, side) + 10) / 90, 0, 1) * 255)
    if number % 5 == 4:
        return Canvas(anatomy.ultrasound_fan(rng, side, side))
    return Canvas(anatomy.scene(rng, side, side, brightness=float(rng.uniform(110, 185))).frame(rng, 1.0, bool(number % 2)))


_MAKERS = {"screens": _screen, "frames": _frame, "photos": _photo, "hard": _hard, "free": _free}


def run(part: str, number: int, frames: int = 60, side: int = 512) -> tuple[np.ndarray, tuple[Line, ...]]:
    """Make a run with captions that stand still, change with every frame, and show on six frames only."""
    rng = np.random.default_rng((5, number, len(part)))
    fonts, fields, size = font_files(part, "screen"), people.invent(rng, part), int(rng.integers(13, 17))
    font = fonts[int(rng.integers(len(fonts)))]

    def say(text: str, at: tuple[int, int], align: str = "left", colour: tuple[int, int, int] = (242, 242, 242)) -> runs.Draw:
        def draw(canvas: Canvas, index: int) -> None:
            filled = parts(text.replace("@", f"{index + 1:02d}"), fields)
            canvas.write(filled, at, font, size, colour, align=align, shadow=colour[0] > 128)

        return draw

    first = int(rng.integers(10, 40))
    captions = [
        runs.Caption((0, frames), say("{LAST}, {FIRST}", (8, 6))),
        runs.Caption((0, frames), say("[ID] {mrn}   {dob}", (8, 26))),
        runs.Caption((0, frames), say("{side} {lao}  {tilt} {cran}", (8, side - 30))),
        runs.Caption((0, frames), say("[Frame] @", (side - 8, side - 30), "right"), still=False),
        runs.Caption((first, first + 6), say("{hospital}", (side - 8, 6), "right")),
        runs.Caption((first + 6, first + 12), say("{date} {time}", (side - 8, 46), "right", (30, 30, 30))),
        runs.Caption((20, 26), say("{staff}", (140, 200), colour=(235, 235, 235))),
    ]
    scene = anatomy.scene(rng, side, side, noise=float(rng.uniform(2, 6)))
    pictures, lines = runs.filmed(scene, rng, frames, captions, subtract=bool(number % 2))
    return pictures, with_contrast(lines, pictures)


def covered(line: Line, mask: np.ndarray) -> float:
    """Share of a line's ink under a mask."""
    x0, y0, x1, y1 = line.box
    return float((mask[y0:y1, x0:x1] & line.ink).sum() / max(1, line.ink.sum()))


def masked(quads: Sequence, shape: tuple[int, int]) -> np.ndarray:
    """Draw quads as masks."""
    return cover([Region(quad, (0, 1)) for quad in quads], 0, shape)


def away(lines: Sequence[Line], shape: tuple[int, int]) -> np.ndarray:
    """Where no text is, nor the margin that any mask needs."""
    free = np.ones(shape, bool)
    for line in lines:
        x0, y0, x1, y1 = line.box
        margin = int(max(4, line.cap_height))
        free[max(0, y0 - margin // 2) : y1 + margin // 2, max(0, x0 - margin) : x1 + margin] = False
    return free


def measure(pictures: Sequence[Picture], engine: TextEngine) -> dict[str, Counter]:
    """Find, mask everything, look again; count a suite's lines found, area masked elsewhere, what the second look reports, time."""
    table: dict[str, Counter] = defaultdict(Counter)
    for picture in pictures:
        count, shape = table[picture.suite], picture.pixels.shape[:2]
        instance = Instance("png", Held((picture.pixels,)), camera=picture.suite == "photos")
        start = time.process_time()
        reading = find_text(instance, engine, Policy())
        middle = time.process_time()
        mask, free = masked([line.quad for line in reading.lines], shape), away(picture.lines, shape)
        black = picture.pixels.copy()
        black[mask] = 0
        regions = [Region(line.quad, (0, 1)) for line in reading.lines]
        again = look_again(Instance("png", WithCanary(Held((black,)), regions)), engine, Policy(), regions, photo=reading.photo)
        count.update(cpu=middle - start, megapixels=shape[0] * shape[1] / 1e6, pictures=1, photo=reading.photo)
        count.update(again=time.process_time() - middle, false_again=len(without_canary(again.lines, Held((black,)))))
        count.update(false=int((mask & free).sum()), free=int(free.sum()), unread=sum(not len(line.text) for line in reading.lines))
        for line in picture.lines:
            found = covered(line, mask) >= _FOUND
            count.update(all=1, all_found=found, legible=line.legible, legible_found=line.legible and found)
    return table


def leaks(pictures: Sequence[Picture], engine: TextEngine, share: float = 0.25) -> Counter:
    """Mask all lines but some, and count how many identifying ones of those left the second look reports."""
    count: Counter = Counter()
    for number, picture in enumerate(pictures):
        rng, shape = np.random.default_rng((9, number)), picture.pixels.shape[:2]
        left = [line for line in picture.lines if rng.random() < share]
        visible = ~away(left, shape)
        regions = []
        for line in picture.lines:
            x0, y0, x1, y1 = line.box
            if not visible[y0:y1, x0:x1].any():
                regions.append(Region.from_box((max(0, x0 - 3), max(0, y0 - 3), x1 + 3, y1 + 3), (0, 1)))
        black = picture.pixels.copy()
        black[cover(regions, 0, shape)] = 0
        again = look_again(
            Instance("png", WithCanary(Held((black,)), regions)), engine, Policy(), regions, photo=picture.suite == "photos"
        )
        seen = masked([line.quad for line in again.lines], shape)
        for line in left:
            if line.identifying:
                count.update(left=1, caught=covered(line, seen) >= 0.5)
    return count


def ablation(pictures: Sequence[Picture], engine: TextEngine) -> Iterator[tuple[str, float, float, float]]:
    """Yield passes, CPU seconds a megapixel, legible lines found and all lines found (percent), without reading anything."""
    passes = (PLAIN, HALF, QUARTER, Pass("normalised", 1.0, normalised), ENLARGED)
    cost, megapixels, seen = Counter(), 0.0, []
    for picture in pictures:
        by_name = {}
        for by in passes:
            start = time.process_time()
            by_name[by.name] = see(picture.pixels, by, engine).sights
            cost[by.name] += time.process_time() - start
        seen.append(by_name)
        megapixels += picture.pixels.shape[0] * picture.pixels.shape[1] / 1e6
    for names in (("plain",), ("half",), ("normalised",), ("enlarged",), ("plain", "half"), ("plain", "half", "quarter"),
                  ("plain", "half", "quarter", "normalised"), ("plain", "half", "quarter", "enlarged")):  # fmt: skip
        count: Counter = Counter()
        for picture, by_name in zip(pictures, seen, strict=True):
            lines = [sight.points for sight in joined([sight for name in names for sight in by_name[name]], picture.pixels)]
            shape = picture.pixels.shape[:2]
            quads = [
                outwards(within(covering_quad(*pair), shape)) for pair in zip(lines, rooms(lines, picture.pixels), strict=True)
            ]
            mask = masked(quads, shape)
            for line in picture.lines:
                found = covered(line, mask) >= _FOUND
                count.update(all=1, all_found=found, legible=line.legible, legible_found=line.legible and found)
        spent = sum(cost[name] for name in names) / megapixels
        yield " + ".join(names), spent, _percent(count, "legible_found", "legible"), _percent(count, "all_found", "all")


def _percent(count: Counter, part: str, whole: str) -> float:
    return 100.0 * count[part] / max(1, count[whole])


def _print_runs(part: str, number: int, engine: TextEngine) -> None:
    count: Counter = Counter()
    for index in range(number):
        pictures, lines = run(part, index)
        start = time.process_time()
        reading = find_text(Instance("dicom", Held(tuple(pictures)), cine=True), engine, Policy())
        count.update(cpu=time.process_time() - start, frames=len(pictures))
        mask = masked([line.quad for line in reading.lines], pictures.shape[1:3])
        for line in lines:
            count.update(lines=1, found=covered(line, mask) >= _FOUND)
        free = away(lines, pictures.shape[1:3])
        count.update(false=int((mask & free).sum()), free=int(free.sum()))
    found, false = _percent(count, "found", "lines"), _percent(count, "false", "free")
    print(f"cine     {found:.1f} % of {count['lines']} lines found, {false:.2f} % masked away from text")
    print(f"         {count['frames'] / count['cpu']:.0f} frames of 512 x 512 a CPU second, reading included")


def main() -> None:
    """Print the figures of docs/explain/finding.md."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--part", choices=("tune", "measure"), default="measure")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--count", type=int, default=4, help="pictures a suite")
    options.add_argument("--ablation", action="store_true", help="table by pass instead")
    options.add_argument("--engine", default="rapidocr")
    chosen = options.parse_args()
    engine = load_engine(chosen.engine)
    pictures = list(corpus(chosen.part, chosen.seed, chosen.count))
    if chosen.ablation:
        for names, spent, legible, every in ablation(pictures, engine):
            print(f"{names:42} {spent:5.2f} CPU s/MP   legible {legible:5.1f} %   all {every:5.1f} %", flush=True)
        return
    for suite, count in measure(pictures, engine).items():
        legible, every = _percent(count, "legible_found", "legible"), _percent(count, "all_found", "all")
        print(f"{suite:8} found: legible {legible:.1f} % of {count['legible']}, all {every:.1f} % of {count['all']}")
        print(f"         masked away from text {_percent(count, 'false', 'free'):.2f} %, unread {count['unread']}", end=", ")
        print(f"second look reports {count['false_again']}, taken for photos {count['photo']} of {count['pictures']}")
        first, again = (count[name] / count["megapixels"] for name in ("cpu", "again"))
        print(f"         CPU seconds a megapixel {first:.2f} + {again:.2f}", flush=True)
    caught = leaks(pictures, engine)
    print(f"second look reports {_percent(caught, 'caught', 'left'):.1f} % of {caught['left']} identifying lines left on purpose")
    _print_runs(chosen.part, max(1, chosen.count // 2), engine)


if __name__ == "__main__":
    main()
