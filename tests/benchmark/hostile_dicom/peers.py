"""Runs in a peer's own environment: ``python peers.py dicognito|dicom-anonymizer IN OUT``, file by file, names kept.

Prints the CPU seconds of the files alone, without those of starting and importing.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path


def _dicognito(paths, source, out):
    import pydicom
    from dicognito.anonymizer import Anonymizer

    anonymizer = Anonymizer(seed="benchmark")
    begin = time.process_time()
    for path in paths:
        target = _target(path, source, out)
        try:
            with pydicom.dcmread(path, force=False) as dataset:
                anonymizer.anonymize(dataset)
                dataset.save_as(target)
        except Exception:
            target.unlink(missing_ok=True)
    return time.process_time() - begin


def _dicom_anonymizer(paths, source, out):
    from dicomanonymizer import anonymize_dicom_file

    begin = time.process_time()
    for path in paths:
        target = _target(path, source, out)
        try:
            anonymize_dicom_file(str(path), str(target), {}, True)
        except Exception:
            target.unlink(missing_ok=True)
    return time.process_time() - begin


def _target(path, source, out):
    target = out / path.relative_to(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


if __name__ == "__main__":
    source, out = Path(sys.argv[2]), Path(sys.argv[3])
    found = sorted(path for path in source.rglob("*") if path.is_file())
    seconds = {"dicognito": _dicognito, "dicom-anonymizer": _dicom_anonymizer}[sys.argv[1]](found, source, out)
    print(f"CPU {seconds:.3f}")
