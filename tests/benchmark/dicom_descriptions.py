"""Descriptions that stay: ``python -m tests.benchmark.dicom_descriptions [--seed 1] [--show]``.

The lines of ``dicom_descriptions.txt`` identify nobody: how many are kept whole as SeriesDescription? Then an invented patient's
name, id, day of birth or physician is written into each in turn, as on a busy day: how many keep every word of their own, and is
anything of the person left?
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import pydicom

from tests.benchmark.hostile_dicom.build import base, file_of
from tests.benchmark.hostile_dicom.headers import variants
from tests.benchmark.hostile_dicom.people import people
from tests.benchmark.hostile_dicom.systems import header_only

LIST = Path(__file__).with_name("dicom_descriptions.txt")


def main():
    """Print the shares, and what was lost where wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--policy", default="research")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    lines = [line for line in LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    person = people(options.seed)[0]
    written = variants(person)
    mixed = [f"{line} {written[at % len(written)]}" for at, line in enumerate(lines)]
    kept = _cleaned(lines, person, options.policy)
    lost = [(before, after) for before, after in zip(lines, kept, strict=True) if before != after]
    print(f"{len(lines) - len(lost)} of {len(lines)} descriptions kept whole: {100 - 100 * len(lost) / len(lines):.1f} %")
    after = _cleaned(mixed, person, options.policy)
    harmed = [(line, left) for line, left in zip(lines, after, strict=True) if not set(line.split()) <= set(left.split())]
    print(f"with an identifier written in, {len(lines) - len(harmed)} keep every word of their own", end="")
    secrets = [secret.lower() for secret in (*person.secrets(), person.family, person.given)]
    print(f"; {sum(any(secret in left.lower() for secret in secrets) for left in after)} keep one of the person's")
    if options.show:
        for before, left in [*lost, *harmed]:
            print("  ", before, "->", left)


def _cleaned(texts, person, policy):
    files = []
    for number, text in enumerate(texts):
        dataset = base(person, number=number)
        dataset.SeriesDescription = text
        files.append(_File(str(number), file_of(dataset)))
    outputs, _ = header_only(files, policy)
    return [str(pydicom.dcmread(io.BytesIO(outputs[file.name])).get("SeriesDescription", "")) for file in files]


class _File:
    def __init__(self, name, data):
        self.name, self.data = name, data


if __name__ == "__main__":
    main()
