"""The systems that are compared: each takes a folder, leaves files in another, and says which output belongs to which input."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image


@dataclass
class Run:
    """What a system made of the entries: an output path or None for each name, what was held, and its log."""

    outputs: dict[str, Path | None]
    held: set[str] = field(default_factory=set)
    recorded: set[str] = field(default_factory=set)
    log: bytes = b""


def product(folder, out):
    """This product, the whole line with its text engine, as a user runs it."""
    environment = {**os.environ, "DEID_STATE": str(out.parent / "state"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "deid", "redact", str(folder), "--out", str(out), "--jobs", "2", "--quiet"]
    subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL)
    return _from_ledger(folder, out)


def _from_ledger(folder, out):
    run = Run({}, log=(out / "audit.jsonl").read_bytes())
    for line in (out.parent / f"{out.name}-held" / "ledger.jsonl").read_text().splitlines():
        record = json.loads(line)
        name = str(Path(record["input"]).resolve().relative_to(folder.resolve()))
        run.recorded.add(name)
        run.outputs[name] = out / record["output"] if record.get("output") else None
        if record["status"] == "held":
            run.held.add(name)
    return run


def formats(folder, out):
    """This product's formats alone: recognise, read, write, walk; no text engine, so that pixels stay as they are."""
    from deid.errors import FileRefused
    from deid.formats import recognise
    from deid.keys import Key
    from deid.policy import Policy
    from deid.types import Plan

    run, policy = Run({}), Policy()
    for number, name in enumerate(_names(folder)):
        run.recorded.add(name)
        data = (folder / name).read_bytes()
        try:
            form = recognise(data, Path(name).name)
            instance = form.read(data, policy)
            draft = io.BytesIO()
            form.write(instance, instance.frames, Plan(), Key(bytes(32)), (), policy, draft)
            strange = recognise(draft.getvalue(), "draft").strangers(draft.getvalue())
        except FileRefused:
            run.outputs[name] = None
            continue
        if strange:
            run.held.add(name)
        run.outputs[name] = None if strange else _put(out / f"{number:04d}{form.extension(instance, policy)}", draft.getvalue())
    return run


def exiftool(folder, out):
    """``exiftool -all=``."""
    return _copied(folder, out, lambda source, target: ["exiftool", "-q", "-q", "-all=", "-o", str(target), str(source)])


def mat2(folder, out):
    """``mat2``."""

    def command(source, target):
        target.write_bytes(source.read_bytes())
        return ["mat2", "--inplace", str(target)]

    return _copied(folder, out, command)


def _copied(folder, out, command):
    """Run a command a file; what it fails on has no output."""
    run = Run({})
    for name in _names(folder):
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(command(folder / name, target), capture_output=True, check=False, timeout=60)
        good = done.returncode == 0 and b"[-]" not in done.stdout + done.stderr and target.exists()
        if not good:
            target.unlink(missing_ok=True)
        run.outputs[name] = target if good else None
    return run


def pillow(folder, out):
    """Open and save with Pillow, the script that everybody writes first."""
    run = Run({})
    for name in _names(folder):
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with Image.open(folder / name) as image:
                image.save(target)
            run.outputs[name] = target
        except Exception:  # whatever Pillow raises on the broken ones
            target.unlink(missing_ok=True)
            run.outputs[name] = None
    return run


def _names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


SYSTEMS = {"deid": product, "formats": formats, "exiftool": exiftool, "mat2": mat2, "pillow": pillow}


def available(name):
    """Tell whether a system can run here."""
    return name in ("deid", "formats", "pillow") or shutil.which(name) is not None
