"""``python -m tests.benchmark.hostile_dicom [--seed N] [--header-only] [--peers PYTHON] [--verbose]`` prints the table."""

from __future__ import annotations

import argparse
from collections import Counter

from tests.benchmark.hostile_dicom.folder import hostile_files
from tests.benchmark.hostile_dicom.score import score
from tests.benchmark.hostile_dicom.systems import header_only, ours, peer


def main():
    """Run the systems and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--header-only", action="store_true", help="our header path alone: no text is read in pixels")
    parser.add_argument("--policy", default="research")
    parser.add_argument("--peers", help="python of an environment with dicognito and dicom-anonymizer installed")
    parser.add_argument("--only", default="", help="only files whose kind holds this word: burned, report ...")
    parser.add_argument("--verbose", action="store_true", help="say what was left and lost")
    options = parser.parse_args()
    files = [file for file in hostile_files(options.seed) if options.only in file.kind]
    results = {}
    if options.header_only:
        outputs, seconds = header_only(files, options.policy)
        results[f"deid header ({options.policy})"] = score(files, outputs), seconds
    else:
        outputs, seconds, reasons = ours(files, options.policy)
        results[f"deid ({options.policy})"] = score(files, outputs), seconds
        if options.verbose:
            for file in files:
                if outputs.get(file.name) is None and not file.refuse:
                    print("  not written:", file.kind, reasons.get(file.name))
    for name in ("dicognito", "dicom-anonymizer") if options.peers else ():
        outputs, seconds = peer(files, name, options.peers)
        results[name] = score(files, outputs), seconds
    for name, (result, seconds) in results.items():
        _print(name, result, seconds, options.verbose)


def _print(name, result, seconds, verbose):
    print(f"\n{name}: {result.files} files in {seconds:.1f} s")
    print(f"  written {result.written}, of these wrongly {result.wrongly_written}; lost {result.lost}")
    print(f"  refused rightly {result.refused_rightly}")
    print(f"  planted strings left: {len(result.left)} of {result.strings}")
    print(f"  burned-in text left: {len(result.burned_left)} of {result.burned}; changed elsewhere: {len(result.changed_outside)}")
    print(f"  useful values kept: {result.kept[True]} of {result.kept.total()}")
    print(f"  de-identification not stated: {result.unstated}")
    print(f"  references right: {result.relations[True]} of {result.relations.total()}; patients {result.patients}")
    print(f"  intervals kept: {result.intervals[True]} of {result.intervals.total()}")
    if verbose:
        for (kind, what), count in sorted(Counter(result.left).items()):
            print("    left:", kind, "|", what, count)
        print("    burned left:", sorted(Counter(result.burned_left).items()))
        print("    changed outside:", Counter(result.changed_outside))
        print("    lacking:", Counter(result.lacking))
        print("    lost:", Counter(result.lost_kinds))


if __name__ == "__main__":
    main()
