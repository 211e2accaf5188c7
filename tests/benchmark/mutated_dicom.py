"""Damaged DICOM files: ``python -m tests.benchmark.mutated_dicom [--count 2000] [--seed 1]``.

Bytes are flipped, cut, repeated, and lengths made to lie. Each file must be cleaned or refused with a reason: no other error, none
that takes longer than ten seconds, and no planted string in what was written.
"""

from __future__ import annotations

import argparse
import io
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter

from deid import phi
from deid.errors import FileRefused
from deid.formats.dicom import Dicom
from deid.keys import Key
from deid.policy import Policy
from deid.types import Plan
from tests.benchmark.hostile_dicom.folder import hostile_files

LIMIT_SECONDS = 10
_LENGTHS = (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\xfe\xff\xff\xff", b"\1\0\0\0")


def mutated(data, rng):
    """Return damaged bytes and the name of the damage."""
    data = bytearray(data)
    kind = rng.choice(["flip", "flips", "cut", "hole", "length", "repeat", "zeros", "swap"])
    place = rng.randrange(132, max(133, min(len(data), 3000 if rng.random() < 0.8 else len(data))))
    if kind == "flip":
        data[place] ^= 1 << rng.randrange(8)
    elif kind == "flips":
        for _ in range(rng.randrange(2, 40)):
            data[rng.randrange(132, len(data))] = rng.randrange(256)
    elif kind == "cut":
        del data[place:]
    elif kind == "hole":
        del data[place : place + rng.randrange(1, 64)]
    elif kind == "length":
        data[place : place + 4] = rng.choice(_LENGTHS)
    elif kind == "repeat":
        piece = data[place : place + rng.randrange(8, 200)]
        data[place:place] = piece * rng.randrange(1, 200)
    elif kind == "zeros":
        size = rng.randrange(1, 200)
        data[place : place + size] = b"\0" * len(data[place : place + size])
    else:
        other = rng.randrange(132, len(data))
        data[place : place + 8], data[other : other + 8] = data[other : other + 8], data[place : place + 8]
    return bytes(data), kind


def through(data, policy, key, form):
    """Take a file through read, looks and write; return what was written."""
    instance = form.read(data, policy)
    for index in {0, instance.frames.count - 1} if instance.frames.count else ():
        list(instance.frames.looks(index))
        instance.frames.black(index)
    cuts = phi.classify_header(instance.header_text, instance.known, policy)
    out = io.BytesIO()
    form.write(instance, instance.frames, Plan(header=cuts), key, instance.known, policy, out)
    written = form.read(out.getvalue(), policy)
    strangers = form.strangers(out.getvalue())
    if strangers:
        raise AssertionError(f"strangers: {strangers}")
    if written.frames.count != instance.frames.count:
        raise AssertionError("frames lost")
    return out.getvalue()


def main():
    """Damage files, count what became of them, and fail where something did that may not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng, key, form = random.Random(options.seed), Key(b"m" * 32), Dicom()
    files = [file for file in hostile_files(options.seed) if len(file.data) < 200_000]
    signal.signal(signal.SIGALRM, _too_long)
    became, faults, longest = Counter(), Counter(), 0.0
    for number in range(options.count):
        file = rng.choice(files)
        data, kind = mutated(file.data, rng)
        policy = Policy().but(retain_modified_dates=rng.random() < 0.5, clean_graphics=rng.random() < 0.3)
        begin = time.process_time()
        signal.alarm(LIMIT_SECONDS)
        try:
            written = through(data, policy, key, form)
            became["written"] += 1
            # Bytes that the damage pushed into the picture are samples; the pipeline searches them and holds the file.
            header = written[: written.find(b"\xe0\x7f\x10\0")]
            known = " ".join(value.value.reveal() for value in form.read(data, policy).known)
            # A name that the damage took out of its attribute is known no more.
            left = [secret for secret in file.person.secrets() if secret in known and secret.encode() in header]
            if left:
                faults[f"{file.kind} / {kind}: string left"] += 1
                print("left", number, file.kind, kind, left)
        except FileRefused as refused:
            became[refused.reason.code] += 1
        except Exception as error:
            faults[f"{type(error).__name__} at {_place(error)}"] += 1
            print("fault", number, file.kind, kind, type(error).__name__, _place(error))
        finally:
            signal.alarm(0)
        longest = max(longest, time.process_time() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{options.count} files: {dict(became)}; longest {longest:.1f} s CPU; peak memory {peak:.0f} MB")
    for fault, count in faults.most_common():
        print(f"  FAULT {count}: {fault}")
    sys.exit(1 if faults else 0)


def _place(error):
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "/deid/" in frame.filename]
    return f"{ours[-1].filename.rpartition('/')[2]}:{ours[-1].lineno}" if ours else "outside"


def _too_long(signum, frame):
    raise TimeoutError


if __name__ == "__main__":
    main()
