"""How many small files a second the header path cleans: ``python -m tests.benchmark.dicom_headers --peers PYTHON [--rounds 3]``.

Read, judge the free text, scrub, write; no look at pixels, which the peers do not take. Two sets: a CT and an MR series (pydicom's
small files, each slice with numbers of its own, 2 x 150 files) and the hostile set, where no two files are alike. Rounds of
all systems take turns on the same machine; CPU seconds of the files alone, the best round of each.
"""

from __future__ import annotations

import argparse
import io

import pydicom
from pydicom.data import get_testdata_file

from tests.benchmark.hostile_dicom.build import HostileFile
from tests.benchmark.hostile_dicom.folder import hostile_files
from tests.benchmark.hostile_dicom.systems import header_only, peer

_SLICES = 150
PEERS = ("dicognito", "dicom-anonymizer")


def series(count=_SLICES):
    """A CT and an MR series of small slices, as an archive exports them."""
    files = []
    for name in ("CT_small.dcm", "MR_small.dcm"):
        dataset = pydicom.dcmread(get_testdata_file(name))
        root = str(dataset.SOPInstanceUID).rpartition(".")[0]
        for slice_number in range(count):
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{root}.{slice_number + 1}"
            dataset.InstanceNumber, dataset.SliceLocation = slice_number + 1, f"{slice_number * 2.5:.1f}"
            dataset.SeriesDescription, dataset.ProtocolName = "HEAD AXIAL 5.0 mm", "1.1 ROUTINE HEAD"
            dataset.StudyDescription = f"CT HEAD for {dataset.PatientName}"
            out = io.BytesIO()
            dataset.save_as(out)
            files.append(HostileFile(f"{name[:2]}/{slice_number:04d}.dcm", name[:2], None, out.getvalue()))
    return files


def main():
    """Print files a CPU second of each system on each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", help="python of an environment with dicognito and dicom-anonymizer installed")
    parser.add_argument("--policy", default="research")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    systems = {"deid": lambda files: header_only(files, options.policy)[1]}
    for name in PEERS if options.peers else ():
        systems[name] = lambda files, name=name: peer(files, name, options.peers)[1]
    sets = {"a CT and an MR series": series(), "the hostile set": hostile_files(7)}
    print("| files a CPU second | " + " | ".join(systems) + " |\n|---|" + "---|" * len(systems))
    for title, files in sets.items():
        best = dict.fromkeys(systems, float("inf"))
        for _ in range(options.rounds):
            for name, run in systems.items():
                best[name] = min(best[name], run(files))
        print(f"| {title}, {len(files)} files | " + " | ".join(f"{len(files) / best[name]:.0f}" for name in systems) + " |")


if __name__ == "__main__":
    main()
