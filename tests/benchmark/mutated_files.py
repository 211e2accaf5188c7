"""Damaged files through the whole batch, from decoding to release, with an engine that sees nothing.

    python -m tests.benchmark.mutated_files --files 100000

Small pictures of every kind with planted identifiers in their headers are damaged at random: bytes flipped, cut, doubled, spliced
with another file, sizes made huge. Ends with status 1 where the run itself fails, a file is not accounted for, or a planted string
is in the clean folder.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from deid.audit import check
from deid.batch import Options, run_with
from deid.formats.exchange import dataset_to_bytes, example_dataset
from deid.keys import load_key
from deid.policy import Policy
from tests.engines.blind_line import BLIND

PLANTED = ("QUIXOTEVALDEZ", "ZEPHYRINEWOOD", "MRN7718203945")
POLICY = Policy(max_seconds=20.0, faces="never", barcodes=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DEID_STATE"] = f"{folder}/state"
        sys.exit(trial(Path(folder), chosen.files, chosen.seed))


def trial(folder: Path, files: int, seed: int) -> int:
    chance = random.Random(seed)
    sound = seeds()
    case = folder / "case"
    for number in range(files):
        place = case / f"{number // 500:03}"
        place.mkdir(parents=True, exist_ok=True)
        suffix = chance.choice(list(sound))
        data = damaged(sound[suffix], list(sound.values()), chance) if number >= len(sound) else list(sound.values())[number]
        name = list(sound)[number] if number < len(sound) else suffix
        (place / f"{number:06}{name}").write_bytes(data)
    begin = time.monotonic()
    outcomes = list(run_with([case], folder / "clean", POLICY, Options(work=BLIND)))
    found = Counter(outcome.reasons[0].code if outcome.reasons else outcome.status.value for outcome in outcomes)
    numbers = {outcome.source.number for outcome in outcomes}
    leaks = [path.name for path in (folder / "clean").rglob("*") if path.is_file() and holds_planted(path)]
    sound_audit = check(folder / "clean", load_key()).sound
    print(f"{files} files in {time.monotonic() - begin:.0f} s: {dict(found.most_common())}")
    print(
        f"{len(numbers)} accounted for; audit {'sound' if sound_audit else 'BROKEN'}; planted strings in {len(leaks)} clean files"
    )
    return 0 if len(numbers) == files and sound_audit and not leaks else 1


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
