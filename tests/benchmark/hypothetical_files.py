"""Files that Hypothesis makes up, from decoding to release, with an engine that sees nothing; what fails is made small.

    python -m tests.benchmark.hypothetical_files --examples 20000 --seed 1

A picture of some size and kind with planted identifiers in its header, then any sequence of damage at any place. Each goes through
the survey and the line in a worker process like any other. Whatever the file is: the worker lives, what is released is clean and
holds no planted string, what is not clean is not released, and no answer quotes one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from deid.batch import tasks
from deid.batch.sandbox import Sandbox
from deid.batch.tasks import Surveyed, Task
from deid.batch.workers import Limits, Setup, Workers
from deid.keys import load_key
from deid.policy import Policy
from deid.types import Outcome, PhiText, Source, Status
from tests.benchmark.mutated_files import PLANTED, holds_planted
from tests.benchmark.mutated_files import seeds as sound_files
from tests.engines import blind_line

POLICY = Policy(faces="never", barcodes=False)
LIMITS = Limits(seconds=120.0, memory_mb=POLICY.max_memory_mb)

# A place is a share of the file, so that it stays one when other damage before it makes the file longer or shorter.
PLACES = st.integers(0, 9999)
NUMBERS = st.sampled_from([bytes(4), b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\xff\xff", b"\x80\x00\x00\x00", b"\x01"])


def _at(data: bytes, place: int) -> int:
    return len(data) * place // 10_000


def _put(place: int, new: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data[: _at(data, place)] + new + data[_at(data, place) + len(new) :]


def _insert(place: int, new: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data[: _at(data, place)] + new + data[_at(data, place) :]


def _remove(place: int, count: int) -> Callable[[bytes], bytes]:
    return lambda data: data[: _at(data, place)] + data[_at(data, place) + count :]


def _repeat(place: int, count: int) -> Callable[[bytes], bytes]:
    return lambda data: data[: _at(data, place)] + data[_at(data, place) : _at(data, place) + count] * 2 + data[_at(data, place) :]


def _splice(place: int, suffix: str) -> Callable[[bytes], bytes]:
    other = _sound()[suffix]
    return lambda data: data[: _at(data, place)] + other[_at(other, place) :]


@cache
def _sound() -> dict[str, bytes]:
    return sound_files()


SUFFIXES = st.sampled_from(sorted(_sound()))
ANYWHERE = [
    st.builds(_put, PLACES, NUMBERS),
    st.builds(_put, PLACES, st.binary(min_size=1, max_size=4)),
    st.builds(_insert, PLACES, st.binary(max_size=20)),
    st.builds(_remove, PLACES, st.integers(1, 200)),
    st.builds(_repeat, PLACES, st.integers(1, 200)),
]
WITH_NAMES = [
    st.builds(_insert, PLACES, st.sampled_from([token.encode() for token in PLANTED])),
    st.builds(_splice, PLACES, SUFFIXES),
]
# Their samples lie in the file as they are: a name that damage puts there is a pattern of grey, which no text engine reads.
RAW = (".bmp", ".dcm")
FILES = SUFFIXES.flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(st.one_of(ANYWHERE if kind in RAW else ANYWHERE + WITH_NAMES), max_size=5))
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        os.environ["DEID_STATE"] = f"{place}/state"
        found = trial(Path(place), chosen.examples, chosen.seed)
    seconds = time.monotonic() - began
    print(f"{found.total()} files in {seconds:.0f} s, none lost a worker or left a planted string: {dict(found.most_common())}")


def trial(folder: Path, examples: int, chance: int) -> Counter[str]:
    """Try so many files; raise with the smallest that fails."""
    sources, held = folder / "sources", folder / "held"
    sources.mkdir()
    held.mkdir()
    sandbox = Sandbox(read=(str(sources),), write=(str(held),))
    found: Counter[str] = Counter()
    with Workers(1, Setup(blind_line.load, (POLICY, load_key()), tasks.describe, sandbox), LIMITS) as workers:

        def call(function: Callable[..., object], task: Task) -> object:
            ((_, answer),) = workers.run(function, iter([task]))
            return answer

        @seed(chance)
        @settings(
            max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck), report_multiple_bugs=False
        )
        @given(FILES, SUFFIXES)
        def one(file: tuple[str, list[Callable[[bytes], bytes]]], named: str) -> None:
            kind, damage = file
            data = _sound()[kind]
            for change in damage:
                data = change(data)
            path = sources / f"file{named}"
            path.write_bytes(data)
            try:
                found[judged(call, path, held)] += 1
            finally:
                shutil.rmtree(held / "proven", ignore_errors=True)

        one()
    return found


def judged(call: Callable[..., object], path: Path, held: Path) -> str:
    """Take a file through survey and line, and check what must hold of any."""
    source = Source(1, PhiText(str(path)))
    surveyed = call(tasks.survey, Task(source, (PhiText(path.name),)))
    assert isinstance(surveyed, Surveyed), surveyed
    assert not told(surveyed)
    if surveyed.reasons:
        return surveyed.reasons[0].code
    known = (*surveyed.known, *surveyed.named)
    outcome = call(tasks.redact, Task(source, (), known, "case", "group/file", held / "proven", held))
    assert isinstance(outcome, Outcome), outcome
    assert not told(outcome)
    released = [place for place in (held / "proven").rglob("*") if place.is_file()]
    assert [place.relative_to(held / "proven").as_posix() for place in released] == ([outcome.output] if outcome.output else [])
    assert bool(released) == (outcome.status is Status.CLEAN)
    assert not any(map(holds_planted, released))
    assert "unexpected" not in [reason.code for reason in outcome.reasons], outcome.reasons
    return outcome.reasons[0].code if outcome.reasons else outcome.status.value


def told(answer: object) -> bool:
    """Tell whether an answer, as it would be logged, quotes a planted string."""
    return any(token in repr(answer) for token in PLANTED)


if __name__ == "__main__":
    main()
