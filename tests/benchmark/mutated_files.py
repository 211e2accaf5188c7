"""Damaged files through the whole batch, from decoding to release, with an engine that sees nothing.

    python -m tests.benchmark.mutated_files --files 100000 --keep /tmp/odd

Small pictures of every kind with planted identifiers in their headers are damaged at random: bytes flipped, cut, doubled, spliced
with another file, sizes made huge. They go through in rounds of 2,000, each with a seed and folders of its own; `--keep` gathers
the files that a worker did not survive, or that took it long. Ends with status 1 where the run itself fails, a file is not
accounted for, a worker was lost, or a planted string is in the clean folder.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from deid.audit import check
from deid.batch import Options, run_with
from deid.formats.exchange import dataset_to_bytes, example_dataset
from deid.keys import load_key
from deid.policy import Policy
from deid.types import Outcome, Status
from tests.engines.blind_line import BLIND

PLANTED = ("QUIXOTEVALDEZ", "ZEPHYRINEWOOD", "MRN7718203945")
# The machine may be busy with other work: the limit is of the clock, and `longest` of the summary is of CPU.
POLICY = Policy(max_seconds=120.0, faces="never", barcodes=False)
ROUND = 2000
# A worker that was lost, or an error that nobody foresaw: the limits before decoding should have refused the file.
ODD = ("crash", "timeout", "memory", "unexpected")
# CPU seconds; the seeds take 0.02.
LONG = 10.0


@dataclass
class Tally:
    """What came of the files so far."""

    reasons: Counter[str] = field(default_factory=Counter)
    accounted: int = 0
    leaks: int = 0
    longest: float = 0.0
    odd: int = 0
    sound: bool = True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the files that a worker did not survive, or that took it long")
    chosen = parser.parse_args()
    tally = Tally()
    begin = time.monotonic()
    for first in range(0, chosen.files, ROUND):
        seed = chosen.seed + first // ROUND
        with tempfile.TemporaryDirectory() as folder:
            os.environ["DEID_STATE"] = f"{folder}/state"
            trial(Path(folder), min(ROUND, chosen.files - first), seed, chosen, tally)
        print(
            f"seed {seed}: {tally.accounted} files, {time.monotonic() - begin:.0f} s, {tally.odd} lost workers, "
            f"{tally.leaks} with planted strings, audit {'sound' if tally.sound else 'BROKEN'}",
            flush=True,
        )
    print(f"{chosen.files} files, seeds {chosen.seed} to {seed}: {dict(tally.reasons.most_common())}")
    print(
        f"{tally.accounted} accounted for; audit {'sound' if tally.sound else 'BROKEN'}; longest {tally.longest:.1f} s of CPU; "
        f"{tally.odd} lost workers; planted strings in {tally.leaks} clean files"
    )
    sys.exit(0 if tally.accounted == chosen.files and tally.sound and not tally.leaks and not tally.odd else 1)


def trial(folder: Path, files: int, seed: int, chosen: argparse.Namespace, tally: Tally) -> None:
    """One round."""
    make_case(folder / "case", files, random.Random(seed))
    outcomes = list(run_with([folder / "case"], folder / "clean", POLICY, Options(work=BLIND, jobs=chosen.jobs)))
    for outcome in outcomes:
        note(outcome, seed, chosen.keep, tally)
    tally.accounted += len({outcome.source.number for outcome in outcomes})
    tally.leaks += sum(1 for path in (folder / "clean").rglob("*") if path.is_file() and holds_planted(path))
    tally.sound &= check(folder / "clean", load_key()).sound


def make_case(case: Path, files: int, chance: random.Random) -> None:
    sound = seeds()
    for number in range(files):
        place = case / f"{number // 500:03}"
        place.mkdir(parents=True, exist_ok=True)
        suffix = chance.choice(list(sound))
        data = damaged(sound[suffix], list(sound.values()), chance) if number >= len(sound) else list(sound.values())[number]
        name = list(sound)[number] if number < len(sound) else suffix
        (place / f"{number:06}{name}").write_bytes(data)


def note(outcome: Outcome, seed: int, keep: Path | None, tally: Tally) -> None:
    code = outcome.reasons[0].code if outcome.reasons else outcome.status.value
    tally.reasons[code] += 1
    tally.longest = max(tally.longest, outcome.seconds)
    odd = outcome.status is Status.FAILED and code in ODD
    tally.odd += odd
    if keep is not None and (odd or outcome.seconds > LONG):
        keep.mkdir(parents=True, exist_ok=True)
        source = Path(outcome.source.path.reveal())
        shutil.copy(source, keep / f"{seed}-{code}-{outcome.seconds:.0f}s-{source.name}")


def seeds() -> dict[str, bytes]:
    """A small sound file of each kind, by suffix, with planted identifiers wherever its header takes text."""
    name, other, number = PLANTED
    noise = np.random.default_rng(3).integers(0, 255, (24, 32, 3), np.uint8)
    picture = Image.fromarray(noise)
    exif = Image.Exif()
    exif[0x013B], exif[0x010E], exif[0x8298] = name, f"{other} {number}", name
    text = PngInfo()
    text.add_text("Author", name)
    text.add_itxt("Comment", f"{other} {number}", zip=True)
    settings: dict[str, dict[str, object]] = {
        ".png": {"pnginfo": text, "exif": exif},
        ".jpg": {"exif": exif, "comment": f"{name} {number}".encode()},
        ".tif": {"exif": exif, "compression": "tiff_lzw"},
        ".webp": {"exif": exif, "xmp": f"<x>{name}</x>".encode()},
        ".gif": {"comment": f"{name} {number}".encode()},
        ".bmp": {},
    }
    made = {}
    for suffix, extra in settings.items():
        file = io.BytesIO()
        picture.save(file, {".jpg": "JPEG", ".tif": "TIFF"}.get(suffix, suffix[1:].upper()), **extra)
        made[suffix] = file.getvalue()
    dataset = example_dataset(noise[..., 0])
    dataset.PatientName, dataset.PatientID, dataset.StudyDescription = f"{name}^{other}", number, f"HEAD {name}"
    dataset.ReferringPhysicianName, dataset.PatientComments = other, f"{name} {number}"
    return {**made, ".dcm": dataset_to_bytes(dataset)}


def damaged(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Damage a file in one to four ways."""
    for _ in range(chance.randint(1, 4)):
        if not data:
            return data
        data = chance.choice(_WAYS)(data, others, chance)
    return data


def _flipped(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _early(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    changed = bytearray(data)
    changed[chance.randrange(min(len(changed), 200))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
    return bytes(changed)


def _cut(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _removed(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randint(1, 40) :]


def _doubled(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start : start + chance.randint(1, 200)] * 2 + data[start:]


def _spliced(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    other = chance.choice(others)
    return data[: chance.randrange(len(data))] + other[chance.randrange(len(other)) :]


def _huge(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    start = chance.randrange(min(len(data), 400))
    return (
        data[:start]
        + chance.choice((b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\xff\xff", b"\x00\x00\x00\x00"))
        + data[start + 4 :]
    )


def _appended(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    return data + chance.choice(others) + PLANTED[0].encode()


_WAYS = (_flipped, _early, _cut, _removed, _doubled, _spliced, _huge, _appended)


def holds_planted(path: Path) -> bool:
    data = path.read_bytes()
    return any(token.encode(code) in data for token in PLANTED for code in ("ascii", "utf-16-le", "utf-16-be"))


if __name__ == "__main__":
    main()
