"""Loads networks from the wheels that carry them: by path, by hash, one thread each."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deid.errors import EnvironmentBroken
from deid.find import runtimes

if TYPE_CHECKING:
    from deid.find.runtimes import Loaded

_REINSTALL = "Install it again: pip install --force-reinstall rapidocr==3.10.0"
_WEIGHTS = tomllib.loads(Path(__file__).with_name("weights.toml").read_text(encoding="utf-8"))


def version(runtime: str) -> str:
    """Name weights and runtime for the audit log: package, version, the start of each hash, what computes with them."""
    hashes = " ".join(f"{purpose} {_WEIGHTS[purpose]['sha256'][:12]}" for purpose in ("detect", "read"))
    return f"{_WEIGHTS['package']} {_WEIGHTS['version']} {hashes} on {runtimes.described(runtime)}"


def missing(runtime: str) -> str | None:
    """Say what to install, or None where runtime and weights are there."""
    need = runtimes.missing(runtime)
    if need:
        return need
    if _folder() is None or not all((Path(str(_folder())) / _WEIGHTS[purpose]["file"]).is_file() for purpose in ("detect", "read")):
        return "pip install rapidocr==3.10.0"
    return None


def load(purpose: str, runtime: str) -> Loaded:
    """Load the network for a purpose ("detect" or "read") on a runtime ("onnxruntime" or "openvino").

    Raises
    ------
    EnvironmentBroken
        Where runtime or weights are missing, or the weights are not the ones that were measured.
    """
    need = missing(runtime)
    if need:
        raise EnvironmentBroken("The text engine rapidocr is not installed completely.", need)
    path = Path(str(_folder())) / _WEIGHTS[purpose]["file"]
    weights = path.read_bytes()
    if hashlib.sha256(weights).hexdigest() != _WEIGHTS[purpose]["sha256"]:
        raise EnvironmentBroken("The weights of the text engine rapidocr are not the ones that were measured.", _REINSTALL)
    return runtimes.compiled(_adapted(weights, _WEIGHTS[purpose]), runtime)


def _adapted(weights: bytes, how: Mapping[str, Any]) -> bytes:
    """Make a network faster: zeros for float32 that are too small to be normalised, and other bytes where they are named."""
    changed = bytearray(weights)
    for first, count in how.get("subnormal", ()):
        values = np.frombuffer(changed, "<f4", count, first)
        values[np.abs(values) < np.finfo(np.float32).tiny] = 0
    for place, before, after in how.get("change", ()):
        changed[place : place + len(before) // 2] = bytes.fromhex(after)
    return bytes(changed)


def _folder() -> Path | None:
    # find_spec of a top-level package does not import it: rapidocr's own stack would load a second OpenCV set-up and a logger.
    spec = find_spec(str(_WEIGHTS["package"]))
    return Path(spec.origin).parent if spec is not None and spec.origin else None
