"""Measures finding: which lines are covered, at what cost, by which pass, beside peers. ``python -m tests.benchmark.finding``."""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deid.find import find_text, load_engine, look_again, passes
from deid.find.canary import WithCanary, without_canary
from deid.find.covering import covering_quad, rooms
from deid.find.geometry import outwards, within
from deid.find.lines import joined
from deid.find.passes import see
from deid.phi import load_classifier
from deid.policy import Policy
from deid.protocols import TextEngine
from deid.redaction import cover
from deid.types import Instance, Reading, Region
from tests.benchmark import films
from tests.benchmark.finding_peers import covered_by
from tests.benchmark.finding_pictures import SUITES, Picture, corpus
from tests.benchmark.truth import Line

_EVERYTHING = Policy(name="paranoid", mask_all_text=True)

# Share of a line's ink that must lie under boxes for the line to count as found.
_FOUND = 0.9
# A left line counts as reported where this share of its ink lies under what the second look saw.
_CAUGHT = 0.5


@dataclass(frozen=True)
class Held:
    """Frames in memory."""

    pictures: Sequence[np.ndarray]
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


def score(picture: Picture, mask: np.ndarray) -> Counter:
    """Count the lines of a picture that a mask covers: legible, all, identifying; and the area that it takes elsewhere."""
    free, count = away(picture.lines, mask.shape), Counter()
    count.update(false=int((mask & free).sum()), free=int(free.sum()))
    for line in picture.lines:
        found = covered(line, mask) >= _FOUND
        count.update(all=1, all_found=found, legible=line.legible, legible_found=line.legible and found)
        count.update(identifying=line.identifying, identifying_found=line.identifying and found)
    return count


def measure(picture: Picture, engine: TextEngine) -> Counter:
    """Find and mask everything as `paranoid` does; then mask what identifies and look again, as `posting` does; count and time."""
    start = time.process_time()
    reading = find_text(Instance("png", Held((picture.pixels,)), camera=picture.suite == "photos"), engine, Policy())
    spent = time.process_time() - start
    shape = picture.pixels.shape[:2]
    masks = [found.region for found in load_classifier(_EVERYTHING).classify(reading.lines, (), _EVERYTHING)]
    count = score(picture, cover(masks, 0, shape))
    count.update(first=spent, megapixels=shape[0] * shape[1] / 1e6, unread=sum(not len(line.text) for line in reading.lines))
    names = [line for line in picture.lines if line.identifying]
    regions = [region for region in masks if any(_meet(region, name) for name in names)]
    start = time.process_time()
    again = _again(picture, regions, reading, engine)
    return count + Counter(again=time.process_time() - start, reported=len(again.lines))


def _meet(region: Region, line: Line) -> bool:
    (x0, y0, x1, y1), (left, top, right, bottom) = region.box, line.box
    return x0 < right and left < x1 and y0 < bottom and top < y1


def _again(picture: Picture, regions: Sequence[Region], first: Reading, engine: TextEngine) -> Reading:
    black = picture.pixels.copy()
    black[cover(regions, 0, black.shape[:2])] = 0
    written = Held((black,))
    instance = Instance("png", WithCanary(written, regions))
    again = look_again(instance, engine, Policy(), regions, photo=first.photo, read=first.lines)
    return Reading(without_canary(again.lines, written), again.passes, again.photo)


def leaks(pictures: Sequence[Picture], engine: TextEngine, share: float = 0.25) -> Counter:
    """Leave some lines out, as a first look that missed them would, and count the identifying ones that the second look reports."""
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
        again = _again(picture, regions, Reading((), (), photo=picture.suite == "photos"), engine)
        seen = masked([line.quad for line in again.lines], shape)
        for line in left:
            if line.identifying:
                count.update(left=1, caught=covered(line, seen) >= _CAUGHT)
    return count


def filmed(part: str, kind: str, number: int, engine: TextEngine) -> Counter:
    """Find the text of a film; a line counts where its ink is covered on the first and the last frame that it shows on."""
    film = films.film(part, kind, number)
    shape, reader, reading_time = film.frames.shape[1:3], engine.read_text, [0.0]

    def timed(image, quads):
        start = time.process_time()
        lines = reader(image, quads)
        reading_time[0] += time.process_time() - start
        return lines

    engine.read_text = timed
    start = time.process_time()
    reading = find_text(Instance("dicom", Held(film.frames), cine=True), engine, Policy())
    spent = time.process_time() - start
    del engine.read_text
    count = Counter(cpu=spent, detection=spent - reading_time[0], frames=len(film.frames))
    for line in film.lines:
        shown = (line.frames[0], line.frames[1] - 1)
        masks = [masked([seen.quad for seen in reading.lines if seen.frames[0] <= at < seen.frames[1]], shape) for at in shown]
        count.update(all=1, all_found=all(covered(line, mask) >= _FOUND for mask in masks))
    mask, free = masked([line.quad for line in reading.lines], shape), away(film.lines, shape)
    return count + Counter(false=int((mask & free).sum()), free=int(free.sum()))


def ablation(pictures: Sequence[Picture], engine: TextEngine) -> Iterator[tuple[str, float, float, float]]:
    """Yield passes, CPU seconds a megapixel, legible lines found and all lines found (percent), without reading anything."""
    known = {one.name: one for one in (*passes.AT_PHOTOS, passes.ENLARGED)}
    cost, megapixels, seen = Counter(), 0.0, []
    for picture in pictures:
        by_name = {}
        for by in known.values():
            start = time.process_time()
            by_name[by.name] = see(picture.pixels, by, engine).sights
            cost[by.name] += time.process_time() - start
        seen.append(by_name)
        megapixels += picture.pixels.shape[0] * picture.pixels.shape[1] / 1e6
    always = [by.name for by in passes.AT_SCREENS]
    growing = [tuple(always[: size + 1]) for size in range(1, len(always))]
    for names in [(name,) for name in known] + growing + [(*always, name) for name in known if name not in always]:
        count: Counter = Counter()
        for picture, by_name in zip(pictures, seen, strict=True):
            lines = [sight.points for sight in joined([sight for name in names for sight in by_name[name]], picture.pixels)]
            shape, room = picture.pixels.shape[:2], rooms(lines, picture.pixels)
            quads = [outwards(within(covering_quad(*pair), shape)) for pair in zip(lines, room, strict=True)]
            count += score(picture, masked(quads, shape))
        spent = sum(cost[name] for name in names) / megapixels
        yield " + ".join(names), spent, _percent(count, "legible"), _percent(count, "all")


def _percent(count: Counter, whole: str) -> float:
    return 100.0 * count[f"{whole}_found"] / max(1, count[whole])


def _print_suites(
    pictures: Sequence[Picture], engine: TextEngine, peers: Mapping[str, tuple[Mapping[str, np.ndarray], float]]
) -> None:
    others = "".join(f" {name}: all, identifying |" for name in peers)
    print(f"| suite | legible lines | all lines | masked away from text | unread | CPU s/MP: first + second look |{others}")
    print("|---|---|---|---|---|---|" + "---|" * len(peers))
    for suite in dict.fromkeys(picture.suite for picture in pictures):
        own = [picture for picture in pictures if picture.suite == suite]
        count = sum((measure(picture, engine) for picture in own), Counter())
        cells = [suite, _share(count, "legible"), _share(count, "all"), f"{100 * count['false'] / count['free']:.2f} %"]
        cells += [str(count["unread"]), " + ".join(f"{count[name] / count['megapixels']:.2f}" for name in ("first", "again"))]
        for masks, _ in peers.values():
            theirs = sum((score(picture, masks[picture.name]) for picture in own), Counter())
            cells.append(f"{_share(theirs, 'all')}, {_share(theirs, 'identifying')}")
        print(f"| {' | '.join(cells)} |", flush=True)
    for name, (_, spent) in peers.items():
        print(f"{name}: {spent:.2f} CPU seconds a megapixel, writing included")


def _share(count: Counter, whole: str) -> str:
    return f"{_percent(count, whole):.1f} % of {count[whole]}" if count[whole] else ""


def _print_films(part: str, number: int, engine: TextEngine) -> None:
    print("| film | lines on their frames | masked away from text | frames a CPU second: finding, with reading |")
    print("|---|---|---|---|")
    for kind in films.KINDS:
        count = sum((filmed(part, kind, index, engine) for index in range(number)), Counter())
        speeds = ", ".join(f"{count['frames'] / count[name]:.0f}" for name in ("detection", "cpu"))
        print(f"| {kind} | {_share(count, 'all')} | {100 * count['false'] / count['free']:.2f} % | {speeds} |", flush=True)


def main() -> None:
    """Print the figures of docs/explain/finding.md."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--part", choices=("tune", "measure"), default="measure")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--count", type=int, default=3, help="pictures a suite")
    options.add_argument("--suites", nargs="+", choices=SUITES, default=SUITES)
    options.add_argument("--engine", default="rapidocr")
    options.add_argument(
        "--peers", nargs="*", choices=("presidio", "tesseract"), default=(), help="see accuracy.md for their place"
    )
    options.add_argument("--ablation", action="store_true", help="table by pass instead")
    options.add_argument("--films", type=int, default=1, help="films of each kind")
    chosen = options.parse_args()
    engine = load_engine(chosen.engine)
    pictures = list(corpus(chosen.part, chosen.seed, chosen.count, chosen.suites))
    if chosen.ablation:
        print("| passes | CPU s/MP | legible lines | all lines |\n|---|---|---|---|")
        for names, spent, legible, every in ablation(pictures, engine):
            print(f"| {names} | {spent:.2f} | {legible:.1f} % | {every:.1f} % |", flush=True)
        return
    with tempfile.TemporaryDirectory() as work:
        peers = {name: covered_by(name, pictures, Path(work) / name) for name in chosen.peers}
        _print_suites(pictures, engine, peers)
    caught = leaks(pictures, engine)
    share = 100 * caught["caught"] / max(1, caught["left"])
    print(f"second look reports {share:.1f} % of {caught['left']} identifying lines left out")
    if chosen.films:
        _print_films(chosen.part, chosen.films, engine)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB with {engine.version}")


if __name__ == "__main__":
    main()
