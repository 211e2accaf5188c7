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
from deid.find.head import Head

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.find.runtimes import Network

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


def detector(runtime: str) -> Network:
    """Load the network that finds text, on a runtime ("onnxruntime" or "openvino").

    Raises
    ------
    EnvironmentBroken
        Where runtime or weights are missing, or the weights are not the ones that were measured.
    """
    network, _ = runtimes.compiled(_weights("detect", runtime), runtime)
    return network


def reader(runtime: str) -> tuple[Network, Head]:
    """Load the network that reads, and its last layer; raises as `detector` does."""
    weights = _weights("read", runtime)
    network, characters = runtimes.compiled(weights, runtime)
    # Class 0 is the blank, the last class the space.
    return network, Head(*_last_layer(weights), ("", *characters.splitlines(), " "))


def _weights(purpose: str, runtime: str) -> bytes:
    need = missing(runtime)
    if need:
        raise EnvironmentBroken("The text engine rapidocr is not installed completely.", need)
    weights = (Path(str(_folder())) / _WEIGHTS[purpose]["file"]).read_bytes()
    if hashlib.sha256(weights).hexdigest() != _WEIGHTS[purpose]["sha256"]:
        raise EnvironmentBroken("The weights of the text engine rapidocr are not the ones that were measured.", _REINSTALL)
    return _adapted(weights, _WEIGHTS[purpose])


def _last_layer(weights: bytes) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    told = _WEIGHTS["read"]["last_layer"]
    features, classes = told["features"], told["classes"]
    layer = np.frombuffer(weights, "<f4", features * classes, told["weights"]).reshape(features, classes)
    # A copy lets go of the rest of the file.
    return layer.copy(), np.frombuffer(weights, "<f4", classes, told["biases"]).copy()


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
