"""Loads networks from the wheels that carry them: by path, by hash, one thread each."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deid.errors import EnvironmentBroken

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Network: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.float32]]
    """Batch in (n, samples, rows, columns), first output out."""

_REINSTALL = "Install it again: pip install --force-reinstall rapidocr==3.10.0"
_WEIGHTS = tomllib.loads(Path(__file__).with_name("weights.toml").read_text(encoding="utf-8"))


def version() -> str:
    """Name the weights for the audit log: their package, its version, the start of each hash."""
    hashes = " ".join(f"{purpose} {_WEIGHTS[purpose]['sha256'][:12]}" for purpose in ("detect", "read"))
    return f"{_WEIGHTS['package']} {_WEIGHTS['version']} {hashes}"


def missing() -> str | None:
    """Say what to install, or None where runtime and weights are there."""
    if find_spec("onnxruntime") is None:
        return "pip install onnxruntime"
    if _folder() is None or not all((Path(str(_folder())) / _WEIGHTS[purpose]["file"]).is_file() for purpose in ("detect", "read")):
        return "pip install rapidocr==3.10.0"
    return None


def load(purpose: str) -> tuple[Network, dict[str, str]]:
    """Load the network for a purpose ("detect" or "read") and what it says about itself.

    Raises
    ------
    EnvironmentBroken
        Where runtime or weights are missing, or the weights are not the ones that were measured.
    """
    need = missing()
    if need:
        raise EnvironmentBroken("The text engine rapidocr is not installed completely.", need)
    path = Path(str(_folder())) / _WEIGHTS[purpose]["file"]
    weights = path.read_bytes()
    if hashlib.sha256(weights).hexdigest() != _WEIGHTS[purpose]["sha256"]:
        raise EnvironmentBroken("The weights of the text engine rapidocr are not the ones that were measured.", _REINSTALL)
    return _session(weights)


def _folder() -> Path | None:
    # find_spec of a top-level package does not import it: rapidocr's own stack would load a second OpenCV set-up and a logger.
    spec = find_spec(str(_WEIGHTS["package"]))
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def _session(weights: bytes) -> tuple[Network, dict[str, str]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One process a core, one thread a process: two threads in one process gained nothing on a busy machine.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Spinning burns the other workers' time (0.41 to 0.65 CPU seconds a megapixel).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        answer: Any = session.run(None, {name: batch})[0]
        return np.asarray(answer, np.float32)

    return run, dict(session.get_modelmeta().custom_metadata_map)
