"""Measures the caption check on captions that were not looked at while tuning. ``python -m tests.benchmark.captions``."""

from __future__ import annotations

import argparse
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from deid.phi.captions import CaptionFlag, check_caption
from deid.policy import Policy

_FILE = Path(__file__).with_suffix(".txt")
_MARK = re.compile(r"\[(?P<kind>[a-z]+):(?P<words>[^\]]+)\]")
# Kinds that only the author can judge: raising the question is enough, wherever in the words it begins.
_ASKED = ("unique", "hardware")
# Share of a span's letters and digits that must be flagged.
_CAUGHT = 0.9


@dataclass(frozen=True)
class Caption:
    """A caption and what in it gives someone away: (start, end, kind)."""

    text: str
    truths: tuple[tuple[int, int, str], ...]


def captions(part: str) -> list[Caption]:
    """The captions of a part: ``tune`` or ``measure``."""
    found, current = [], ""
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            current = line[3:]
        elif line and not line.startswith("#") and current == part:
            found.append(_parsed(line))
    return found


def _parsed(line: str) -> Caption:
    text, truths, at = "", [], 0
    for mark in _MARK.finditer(line):
        text += line[at : mark.start()]
        truths.append((len(text), len(text) + len(mark["words"]), mark["kind"]))
        text += mark["words"]
        at = mark.end()
    return Caption(text + line[at:], tuple(truths))


def caught(caption: Caption, truth: tuple[int, int, str], flags: tuple[CaptionFlag, ...]) -> bool:
    """Tell whether a truth was flagged: nearly whole, or at all where a question is enough."""
    start, end, kind = truth
    letters = [index for index in range(start, end) if caption.text[index].isalnum()]
    under = [index for index in letters if any(flag.start <= index < flag.end for flag in flags)]
    return bool(under) if kind in _ASKED else len(under) >= _CAUGHT * len(letters)


def score(part: str, show: bool) -> str:
    """The table of a part."""
    hits: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    clean = flagged = 0
    for caption in captions(part):
        flags = check_caption(caption.text, Policy()).flags
        for truth in caption.truths:
            shown[truth[2]] += 1
            hits[truth[2]] += caught(caption, truth, flags)
            if show and not caught(caption, truth, flags):
                print("missed", truth[2], "|", caption.text)
        if not caption.truths:
            clean += 1
            flagged += bool(flags)
            if show and flags:
                print("flagged", [caption.text[flag.start : flag.end] for flag in flags], "|", caption.text)
    rows = ["| kind | caught |", "|---|---|"]
    rows += [f"| {kind} | {hits[kind]} of {count} |" for kind, count in sorted(shown.items())]
    rows += [
        f"| **all** | **{sum(hits.values())} of {sum(shown.values())}** |",
        f"| clean captions flagged | {flagged} of {clean} |",
    ]
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("tune", "measure"), default="measure")
    parser.add_argument("--show", action="store_true", help="print what was missed or flagged in vain (of the tune part only)")
    options = parser.parse_args()
    print(score(options.part, options.show and options.part == "tune"))


if __name__ == "__main__":
    main()
