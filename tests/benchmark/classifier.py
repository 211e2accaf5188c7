"""Judges the classifier on lines that a real engine read from pictures; prints the table of docs/explain/accuracy.md.

``python -m tests.benchmark.classifier`` draws the lines of part `measure` (own templates, notations, names and fonts), has the
engine read them at four levels of difficulty, and asks which identifiers were caught and which technical words were lost.
"""

from __future__ import annotations

import argparse
import re
import time
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from rapidfuzz.distance import Levenshtein

from deid.phi import classifier, classify_text
from deid.phi.classifier import poorly_read, unread
from deid.phi.model import Belief
from deid.policy import Policy
from deid.types import KnownValue, PhiText, TextSpan
from tests.benchmark import hospital
from tests.benchmark.fonts import font_files
from tests.benchmark.identifiers import Maker, foreign_names
from tests.benchmark.line_pictures import LEVELS, Reading, read_lines

# A span counts as caught where so many of its letters and digits are covered.
_CAUGHT = 0.9
# Below this share of the letters read right, the engine read something else: where the identifier was is lost.
_READ = 0.4
_SHARES = (0.4, 0.3, 0.2, 0.1)
_KEYWORDS = {"name": "PatientName", "mrn": "PatientID", "accession": "AccessionNumber"}
_TECHNICAL = ("technical", "eponym")
_SCRIPTS = ("ja_JP", "zh_CN", "ko_KR", "ru_RU", "uk_UA", "el_GR", "ar_AA", "fa_IR", "he_IL", "hi_IN", "th_TH", "ka_GE", "hy_AM")
# Scripts of which the benchmark has a font.
_DRAWN = ("ja_JP", "zh_CN", "ru_RU", "el_GR", "he_IL", "th_TH")
_UNSURE = Belief(0.5, 0.4, 0.1)
_PARTS: dict[str, dict[str, object]] = {
    "model": {"deid.phi.unknown.believe": lambda _: _UNSURE, "deid.phi.closure.believe": lambda _: _UNSURE},
    "labels": {"deid.phi.judge.claims": lambda *_: [], "deid.phi.judge.claim": lambda *_: []},
    "known": {"deid.phi.judge.known_marks": lambda *_: []},
    "closure": {"deid.phi.judge.grown": lambda text, tokens, protected, labelled, marks: marks},
    "allow-list": {"deid.phi.judge.judge_unknown": lambda *_: ([], [])},
}
_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Truth:
    """A line as it was written: identifiers are (start, end, category)."""

    text: str
    group: str
    spans: tuple[tuple[int, int, str], ...]
    seen: bool
    left: str | None = None
    above: str | None = None
    known: tuple[KnownValue, ...] = ()
    garbled: bool = False


@dataclass
class Tally:
    """Counts of one row of the table."""

    spans: int = 0
    caught: int = 0
    judged: int = 0
    named: int = 0
    misses: list[str] = field(default_factory=list)


def make_lines(part: str, seed: int, each: int) -> list[Truth]:
    """Fill in every template of a part several times."""
    tables = tomllib.loads(Path(__file__).with_name("lines.toml").read_text(encoding="utf-8"))[part]
    maker = Maker(part, np.random.default_rng((seed, len(part))))
    return [
        _filled(template, table, maker)
        for table in tables
        for template in table["lines"]
        for _ in range(each if "{" in template or table["group"] in _TECHNICAL else 1)
    ]


def _filled(template: str, table: dict[str, str], maker: Maker) -> Truth:
    maker.next()
    text, spans, past, known = "", [], 0, []
    for match in _FIELD.finditer(template):
        value, category = maker.value(match[1])
        text += template[past : match.start()]
        spans.append((len(text), len(text) + len(value), category))
        text += value
        past = match.end()
        if table.get("known") and category in _KEYWORDS:
            whole = f"{maker.last}^{maker.first}" if category == "name" and match[1] != "trap" else value
            known.append(KnownValue(_KEYWORDS[category], PhiText(whole)))
    text += template[past:]
    return Truth(text, table["group"], tuple(spans), maker.all_seen, table.get("left"), table.get("above"), tuple(known))


def mapped(truth: Truth, read: str) -> list[tuple[int, int, str]]:
    """Where the identifiers are in what was read."""
    places: list[int] = []
    for code in Levenshtein.opcodes(truth.text, read):
        size, width = code.src_end - code.src_start, code.dest_end - code.dest_start
        places += [code.dest_start + (index * width) // max(1, size) for index in range(size)]
    places.append(len(read))
    return [(places[start], max(places[start], places[end - 1] + 1), category) for start, end, category in truth.spans]


class Score:
    """Counts over all lines."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Tally] = defaultdict(Tally)
        self.tokens = self.lost = 0
        self.lines: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.lost_words: list[str] = []
        self.unread = 0

    def add(self, truth: Truth, level: str, reading: Reading, spans: Sequence[TextSpan]) -> None:
        read = reading.text
        covered = [False] * (len(read) + 1)
        for span in spans:
            covered[span.start : span.end] = [True] * (span.end - span.start)
        wanted = [False] * (len(read) + 1)
        for start, end, category in mapped(truth, read):
            wanted[start:end] = [True] * (end - start)
            counts = str.isdigit if category == "age" else str.isalnum
            letters = [index for index in range(start, min(end, len(read))) if counts(read[index])]
            if not letters:
                continue
            share = sum(covered[index] for index in letters) / len(letters)
            named = any(span.start < end and start < span.end and _agree(category, span.category.value) for span in spans)
            for row in _rows(truth, level, category):
                self._count(row, share >= _CAUGHT, named, f"{read!r} [{read[start:end]}]", judged=not truth.garbled)
        self._technical(truth, level, read, covered, wanted)

    def add_whole(self, truth: Truth, level: str) -> None:
        """Count a line that goes whole, because nobody could read it."""
        self.unread += len(truth.spans)
        for *_, category in truth.spans:
            for row in _rows(truth, level, category):
                self.rows[row].spans += 1
                self.rows[row].caught += 1
        if truth.group in _TECHNICAL and level in ("clean", "light"):
            self.lines[truth.group][0] += 1
            self.lines[truth.group][1] += 1

    def _count(self, row: tuple[str, str], caught: bool, named: bool, what: str, *, judged: bool) -> None:
        tally = self.rows[row]
        tally.spans += 1
        tally.caught += caught
        tally.judged += caught and judged
        tally.named += caught and judged and named
        if not caught:
            tally.misses.append(what)

    def _technical(self, truth: Truth, level: str, read: str, covered: list[bool], wanted: list[bool]) -> None:
        if level in ("medium", "heavy"):
            return
        flagged = False
        for match in re.finditer(r"[^\W_]+", read):
            if any(wanted[match.start() : match.end()]):
                continue
            self.tokens += 1
            lost = any(covered[match.start() : match.end()])
            self.lost += lost
            flagged |= lost
            if lost:
                self.lost_words.append(f"{match.group()}  in  {read}")
        if truth.group in _TECHNICAL:
            self.lines[truth.group][0] += 1
            self.lines[truth.group][1] += flagged


def _agree(category: str, found: str) -> bool:
    """Whether the category is right, as the audit log would say it."""
    alike = {
        "physician": ("name",),
        "location": ("location", "institution"),
        "institution": ("institution", "location"),
        "other_id": ("other_id", "mrn", "accession"),
    }
    return found in alike.get(category, (category,))


def _rows(truth: Truth, level: str, category: str) -> Iterable[tuple[str, str]]:
    yield "all", "all"
    yield "level", level
    yield "group", truth.group
    if level in ("clean", "light"):
        yield "category", category
        if category == "name":
            yield "names", "seen" if truth.seen else "unseen"


def evaluate(
    lines: Sequence[Truth], levels: Sequence[str], readings: Sequence[Reading], policy: Policy
) -> tuple[Score, list[float]]:
    """Judge every line that was read; return the score and the CPU milliseconds of each line.

    A line that was read as something else altogether is caught only where all of it goes.
    """
    score, times = Score(), []
    for truth, level, reading in zip(lines, levels, readings, strict=True):
        if unread(reading.text, reading.confidence) or poorly_read(reading.text, reading.confidence):
            score.add_whole(truth, level)
            continue
        if Levenshtein.normalized_similarity(truth.text, reading.text) < _READ:
            truth = replace(
                truth,
                text=reading.text,
                spans=tuple((0, len(reading.text), category) for *_, category in truth.spans),
                garbled=True,
            )
        began = time.thread_time()
        spans = classify_text(reading.text, left=truth.left, above=truth.above, known=truth.known, policy=policy)
        times.append((time.thread_time() - began) * 1000)
        score.add(truth, level, reading, spans)
    return score, times


@contextmanager
def without(part: str | None) -> Iterator[None]:
    """Switch a part of the classifier off: what is left says what the part is worth."""
    with ExitStack() as patches:
        for target, replacement in _PARTS[part].items() if part else ():
            patches.enter_context(patch(target, replacement))
        classifier._marks.cache_clear()
        yield
    classifier._marks.cache_clear()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="measure", choices=("tune", "measure"))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--each", type=int, default=8)
    parser.add_argument("--engine", default="rapidocr", choices=("rapidocr", "tesseract", "none"))
    parser.add_argument("--misses", action="store_true", help="list what was missed and what was lost (for the part `tune`)")
    parser.add_argument("--level", choices=LEVELS, help="draw every line at this level")
    parser.add_argument(
        "--ablation", action="store_true", help="also leave each part of the classifier out, to see what it is worth"
    )
    asked = parser.parse_args()
    lines = make_lines(asked.part, asked.seed, asked.each)
    rng = np.random.default_rng(asked.seed)
    shares = [float(level == asked.level) for level in LEVELS] if asked.level else _SHARES
    levels = [str(level) for level in rng.choice(LEVELS, len(lines), p=shares)]
    texts = [line.text for line in lines]
    if asked.engine == "none":
        readings = [Reading(text, 1.0) for text in texts]
    else:
        readings = read_lines(texts, levels, font_files(asked.part, "screen"), rng, asked.engine)
    score, times = evaluate(lines, levels, readings, Policy())
    _print(score, times, len(lines), asked)
    _print_scripts(asked.seed, asked.engine)
    print("\n" + "\n".join(hospital.rows(Policy(), asked.engine, asked.seed)))
    if asked.ablation:
        _print_ablation(lines, levels, readings)


def _print_scripts(seed: int, engine: str) -> None:
    """Names of other scripts, as written and as the engine reads them, which knows few of these scripts."""
    print(
        "\n| names in other scripts | names | gone whole, as written | read from pictures, clean | heavy |\n|---|---|---|---|---|"
    )
    for locale in _SCRIPTS:
        names = [name for name in foreign_names(locale, seed, 60) if not name.isascii()]
        shares = [_gone_whole([Reading(name, 1.0) for name in names])]
        if engine != "none" and locale in _DRAWN:
            for level in ("clean", "heavy"):
                rng, fonts = np.random.default_rng(seed), font_files("scripts", locale)
                shares.append(_gone_whole(read_lines(names, [level] * len(names), fonts, rng, engine)))
        cells = [f"{share:.1%}" for share in shares] + ["-"] * (3 - len(shares))
        print(f"| {locale} | {len(names)} | {' | '.join(cells)} |")


def _gone_whole(readings: Sequence[Reading]) -> float:
    """Share of lines of which no letter or digit stays."""
    return sum(map(_is_gone, readings)) / len(readings)


def _is_gone(reading: Reading) -> bool:
    if unread(reading.text, reading.confidence) or poorly_read(reading.text, reading.confidence):
        return True
    gone = {at for span in classify_text(reading.text, policy=Policy()) for at in range(span.start, span.end)}
    return all(at in gone for at, char in enumerate(reading.text) if char.isalnum())


def _print_ablation(lines: Sequence[Truth], levels: Sequence[str], readings: Sequence[Reading]) -> None:
    print(
        "\n| left out | identifiers caught | names caught | category right | technical words lost | technical, eponym lines hit |"
    )
    print("|---|---|---|---|---|---|")
    for part in (None, *_PARTS):
        with without(part):
            score, _ = evaluate(lines, levels, readings, Policy())
        every = score.rows["all", "all"]
        names = [score.rows["names", kind] for kind in ("seen", "unseen")]
        share = sum(tally.caught for tally in names) / sum(tally.spans for tally in names)
        hit = ", ".join(f"{flagged / count:.1%}" for count, flagged in (score.lines[group] for group in _TECHNICAL))
        print(
            f"| {part or 'nothing'} | {every.caught / every.spans:.2%} | {share:.2%} | {every.named / every.judged:.1%}"
            f" | {score.lost / score.tokens:.2%} | {hit} |"
        )


def _print(score: Score, times: list[float], lines: int, asked: argparse.Namespace) -> None:
    print(f"{lines} lines of part {asked.part}, seed {asked.seed}, read by {asked.engine};", end=" ")
    print(f"{score.unread} identifiers went with their line, which was read badly")
    print("| rows | | identifiers | caught | category right |\n|---|---|---|---|---|")
    for (kind, name), tally in sorted(score.rows.items()):
        print(f"| {kind} | {name} | {tally.spans} | {tally.caught / tally.spans:.2%} | {tally.named / max(1, tally.judged):.1%} |")
    print(f"\ntechnical words lost at clean and light: {score.lost / max(1, score.tokens):.2%} of {score.tokens}")
    for group, (count, flagged) in score.lines.items():
        print(f"{group} lines with anything lost: {flagged / count:.2%} of {count}")
    times.sort()
    print(f"CPU a line: median {times[len(times) // 2]:.2f} ms, p99 {times[int(len(times) * 0.99)]:.2f} ms")
    if asked.misses:
        print("\n".join(["", "MISSED", *score.rows[("all", "all")].misses, "", "LOST", *score.lost_words]))


if __name__ == "__main__":
    main()
