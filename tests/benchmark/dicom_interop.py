"""Other people's programs on our DICOM output: ``python -m tests.benchmark.dicom_interop --tools FOLDER [--seed 1]``.

`FOLDER` is the ``bin`` of an environment with dicom3tools and SimpleITK installed; dcmtk comes from the system. Prints the table of
transfer syntaxes from pydicom's bundled files, and how many outputs dcmdump, dcmftest, dciodvfy and SimpleITK accept.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import pydicom
from pydicom.data import get_testdata_files
from pydicom.uid import UID

from deid import phi
from deid.errors import FileRefused
from deid.formats.dicom import Dicom
from deid.formats.dicom.codecs import can_encode
from deid.formats.dicom.quiet import quiet
from deid.keys import Key
from deid.policy import Policy
from deid.types import Plan
from tests.benchmark.hostile_dicom.folder import hostile_files

# One process for all pairs: importing SimpleITK takes longer than reading.
_SITK = """
import sys, pathlib, numpy, SimpleITK
SimpleITK.ProcessObject.GlobalWarningDisplayOff()
read = equal = 0
def pixels(path):
    try:
        return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    except RuntimeError:
        return None
for path in sorted(pathlib.Path(sys.argv[1]).glob("*-in.dcm")):
    before = pixels(path)
    if before is not None:
        after = pixels(str(path).replace("-in.dcm", "-out.dcm"))
        read, equal = read + 1, equal + (after is not None and numpy.array_equal(before, after))
print(f"SimpleITK reads {read} of the sources with pixels; {equal} of their outputs have equal pixels")
"""


def cleaned(data):
    """Clean a file without looks at its pixels; return the source and the output, or the reason of the refusal."""
    form, policy = Dicom(), Policy()
    if not form.accepts(data):
        return None, None, "no DICOM"
    try:
        instance = form.read(data, policy)
        for index in range(min(3, instance.frames.count)):
            instance.frames.stored(index)
        cuts = phi.classify_header(instance.header_text, instance.known, policy)
        out = io.BytesIO()
        form.write(instance, instance.frames, Plan(header=cuts), Key(b"i" * 32), instance.known, policy, out)
        return instance, out.getvalue(), ""
    except FileRefused as refused:
        return None, None, f"{refused.reason.code}: {refused.reason.detail}".strip(": ")


def bundled():
    """Pydicom's bundled files, each once."""
    found = {}
    for name in sorted(get_testdata_files()):
        path = Path(name)
        if path.is_file() and path.suffix not in (".py", ".txt", ".json", ".gz", ".md", ".zip"):
            found[str(path)] = path.read_bytes()
    return found


def main():
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tools", required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    # One file of each kind: the programs take longer than the cleaning.
    sources = bundled() | {file.kind: file.data for file in hostile_files(options.seed)}
    results = {name: cleaned(data) for name, data in sources.items()}
    _syntaxes({name: results[name] for name in bundled()}, sources)
    with tempfile.TemporaryDirectory() as folder:
        chosen = {name: result for name, result in results.items() if "dicomdirtests" not in name}
        _programs(sources, chosen, Path(options.tools), Path(folder))


def _syntaxes(results, sources):
    table, refused = {}, Counter()
    for name, (instance, _, reason) in results.items():
        if instance is None:
            refused[f"{_syntax(sources[name])} | {reason}"] += 1
        elif instance.frames.count:
            row = table.setdefault(instance.frames.layout.syntax, Counter())
            row["cleaned"] += 1
            row["encode"] = max(row["encode"], instance.frames.layout.native or can_encode(instance.frames.layout))
        else:
            table.setdefault("without pixels", Counter())["cleaned"] += 1
    print("| transfer syntax | cleaned | a touched frame is written in it |\n|---|---|---|")
    for syntax, row in sorted(table.items()):
        print(f"| {UID(syntax).name if syntax[0].isdigit() else syntax} | {row['cleaned']} | {'yes' if row['encode'] else '-'} |")
    print("\nrefused:")
    for reason, count in refused.most_common():
        print(f"  {count}  {reason}")


def _syntax(data):
    with quiet():
        try:
            return UID(pydicom.dcmread(io.BytesIO(data), force=True, stop_before_pixels=True).file_meta.TransferSyntaxUID).name
        except Exception:
            return "none"


def _programs(sources, results, tools, folder):
    counts, worse = Counter(), []
    for number, (name, (instance, output, _)) in enumerate(results.items()):
        if instance is None:
            continue
        before, after = folder / f"{number}-in.dcm", folder / f"{number}-out.dcm"
        before.write_bytes(sources[name])
        after.write_bytes(output)
        counts["outputs"] += 1
        counts["dcmdump"] += _runs("dcmdump", "-q", after)
        counts["dcmftest"] += _runs("dcmftest", after)
        errors = [_errors(tools / "dciodvfy", path) for path in (before, after)]
        counts["dciodvfy: no new kind of error"] += not errors[1] - errors[0]
        worse += sorted(errors[1] - errors[0])
        if not instance.frames.count:
            before.unlink()
    command = [str(tools / "python"), "-c", _SITK, str(folder)]
    print(subprocess.run(command, capture_output=True, text=True, check=False, timeout=300).stdout.strip())
    for name, count in counts.items():
        print(f"{name}: {count}")
    for error, count in Counter(worse).most_common(40):
        print(f"  new dciodvfy error in {count}: {error}")


def _runs(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, check=False).returncode == 0


def _errors(dciodvfy, path):
    """The kinds of error that dciodvfy names, without values."""
    done = subprocess.run([str(dciodvfy), str(path)], capture_output=True, text=True, errors="replace", check=False)
    lines = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    return {line.split(" - ")[0][:40] + " - " + line.rpartition(" - ")[2][:90] for line in lines}


if __name__ == "__main__":
    main()
