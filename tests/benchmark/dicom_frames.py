"""What a touched frame costs in each syntax, and what it changes: ``python -m tests.benchmark.dicom_frames``.

CPU seconds of one thread, the best of three: decoding and coding one 512 x 512 frame with a masked box, and writing pydicom's real
30-frame ultrasound clip (JPEG, colour) with one touched frame; for that the ratio of signal to change outside the box.
"""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
from pydicom.data import get_testdata_file

from deid.formats.dicom import Dicom
from deid.keys import Key
from deid.policy import Policy
from deid.types import Plan
from tests.benchmark.hostile_dicom.build import base, encapsulated
from tests.benchmark.hostile_dicom.people import people
from tests.dicom_samples import Masked, picture

SYNTAXES = {
    "JPEG Baseline": "1.2.840.10008.1.2.4.50",
    "JPEG Lossless": "1.2.840.10008.1.2.4.70",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
    "RLE": "1.2.840.10008.1.2.5",
}
BOX = (40, 24, 200, 56)
_POLICY, _KEY = Policy(), Key(b"f" * 32)


def main():
    """Print both tables."""
    print("| syntax | bits | decode, ms | write with the box, ms | untouched frames bit-identical |\n|---|---|---|---|---|")
    person = people(1)[0]
    for name, syntax in SYNTAXES.items():
        for bits, top in ((8, 250), (16, 4000)):
            if bits == 16 and name == "JPEG Baseline":
                continue
            pixels = picture(512, 512, frames=2, dtype=np.dtype(f"u{bits // 8}"), top=top)
            data = encapsulated(base(person), pixels, syntax)
            print(f"| {name} | {bits} | {_decode(data):.0f} | {_write(data, 0)[0]:.0f} | {_same(data)} |")
    clip = Path(get_testdata_file("examples_ybr_color.dcm")).read_bytes()
    seconds, before, after = _write(clip, 7)
    print(
        f"\n30-frame clip, one touched frame: {seconds:.0f} ms beyond detection; {_ratio(before, after, 7):.1f} dB outside the box;"
    )
    print(f"untouched frames bit-identical: {_same(clip, 7)}")


def _best(work):
    times = []
    for _ in range(3):
        begin = time.process_time()
        result = work()
        times.append(time.process_time() - begin)
    return min(times) * 1000, result


def _decode(data):
    return _best(lambda: Dicom().read(data, _POLICY).frames.stored(0))[0]


def _write(data, touched):
    def work():
        instance = Dicom().read(data, _POLICY)
        frames, out = Masked(instance.frames, BOX, (touched,)), io.BytesIO()
        Dicom().write(instance, frames, Plan(), _KEY, (), _POLICY, out)
        return instance.frames, out.getvalue()

    milliseconds, (before, written) = _best(work)
    return milliseconds, before, Dicom().read(written, _POLICY).frames


def _same(data, touched=0):
    _, before, after = _write(data, touched)
    others = [index for index in range(before.count) if index != touched]
    return f"{sum(before.source(index) == after.source(index) for index in others)} of {len(others)}"


def _ratio(before, after, index):
    outside = np.ones(before.shape(index), bool)
    outside[BOX[1] : BOX[3], BOX[0] : BOX[2]] = False
    change = before.stored(index)[outside].astype(float) - after.stored(index)[outside]
    return 10 * np.log10(255**2 / max(1e-9, np.square(change).mean()))


if __name__ == "__main__":
    main()
