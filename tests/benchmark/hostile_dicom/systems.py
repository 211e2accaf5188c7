"""The systems that are measured: ours, whole or header only, and two peers in an environment of their own."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deid import phi
from deid.errors import FileRefused
from deid.formats.dicom import Dicom
from deid.keys import Key
from deid.policy import load_policy
from deid.types import Plan

PEERS = Path(__file__).with_name("peers.py")


def lay_out(files, folder):
    """Write the files of the set into a folder."""
    for file in files:
        path = folder / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)


def header_only(files, policy_name):
    """Our header path without any look at pixels; returns outputs and CPU seconds."""
    policy, key, form = load_policy(policy_name), Key(b"b" * 32), Dicom()
    begin, outputs = time.process_time(), {}
    for file in files:
        try:
            instance = form.read(file.data, policy)
            cuts = phi.classify_header(instance.header_text, instance.known, policy)
            out = io.BytesIO()
            form.write(instance, instance.frames, Plan(header=cuts), key, instance.known, policy, out)
            outputs[file.name] = out.getvalue()
        except FileRefused:
            outputs[file.name] = None
    return outputs, time.process_time() - begin


def ours(files, policy_name):
    """The whole line on a folder, as a user runs it; returns outputs, CPU seconds and statuses."""
    import json

    from deid import redact

    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "in", Path(folder) / "out"
        lay_out(files, source)
        begin = time.perf_counter()
        for _ in redact(source, out, policy=policy_name, jobs=2):
            pass
        seconds = time.perf_counter() - begin
        lines = [json.loads(line) for line in (Path(folder) / "out-held" / "ledger.jsonl").read_text().splitlines()]
        outputs = {}
        for line in lines:
            name = str(Path(line["input"]).relative_to(source))
            outputs[name] = (out / line["output"]).read_bytes() if line.get("output") else None
        reasons = {str(Path(line["input"]).relative_to(source)): f"{line['status']} {line.get('reason')}" for line in lines}
    return outputs, seconds, reasons


def peer(files, name, python):
    """A peer on a folder, in the interpreter of its own environment; returns outputs and CPU seconds of the files alone."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "in", Path(folder) / "out"
        lay_out(files, source)
        out.mkdir()
        done = subprocess.run([python, str(PEERS), name, str(source), str(out)], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{name} did not run: {done.stderr[-400:]}")
        outputs = {file.name: (out / file.name).read_bytes() if (out / file.name).exists() else None for file in files}
    return outputs, float(done.stdout.rpartition("CPU ")[2])
