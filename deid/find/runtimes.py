"""The runtimes that compute with networks, one thread each: onnxruntime everywhere, OpenVINO where it is installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version as package_version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Network: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.float32]]
    """Batch in (n, samples, rows, columns), first output out."""
    Loaded: TypeAlias = tuple[Network, str]
    """A network and the characters that it reads, a line each; none where it reads nothing."""

# Where the network's file names the characters that it reads.
_CHARACTERS: Final = "character"


def missing(runtime: str) -> str | None:
    """Say what to install for a runtime, or None where it is there."""
    return None if find_spec(runtime) else f"pip install {runtime}"


def described(runtime: str) -> str:
    """Name a runtime for the audit log; another one may round otherwise."""
    precision = f" {_precision()}" if runtime == "openvino" else ""
    return f"{runtime} {package_version(runtime)}{precision}"


def compiled(weights: bytes, runtime: str) -> Loaded:
    """Make a network of the bytes of an ONNX file."""
    return _RUNTIMES[runtime](weights)


def onnx_session(weights: bytes) -> Any:
    """Open the bytes of an ONNX file on onnxruntime, for one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One process a core, one thread a process: two threads in one process gained nothing on a busy machine.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Spinning burns the other workers' time (0.41 to 0.65 CPU seconds a megapixel).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])


def _on_onnxruntime(weights: bytes) -> Loaded:
    session = onnx_session(weights)
    name = session.get_inputs()[0].name

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        answer: Any = session.run(None, {name: batch})[0]
        return np.asarray(answer, np.float32)

    return run, session.get_modelmeta().custom_metadata_map.get(_CHARACTERS, "")


def _on_openvino(weights: bytes) -> Loaded:
    core = _openvino().Core()
    model = core.read_model(weights)
    options = {
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": _precision(),
        # It keeps what it made for each width of a crop: 5,000 pieces unless told otherwise, which took a worker beyond 1.5 GB.
        "CPU_RUNTIME_CACHE_CAPACITY": 500,
    }
    request = core.compile_model(model, "CPU", options).create_infer_request()

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        # Its answer lies in memory that the next call overwrites.
        return np.array(request.infer({0: batch})[0], np.float32)

    place = ["framework", _CHARACTERS]
    return run, model.get_rt_info(place).astype(str) if model.has_rt_info(place) else ""


def _precision() -> str:
    """Half of the digits take half of the time where the processor can do it, and find and read the same lines."""
    capabilities = _openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "bf16" if "BF16" in capabilities else "f32"


def _openvino() -> Any:
    # On import, OpenVINO's model converter reports over the network that it is in use. Nobody here needs the converter.
    sys.modules.setdefault("openvino.tools.ovc", None)  # type: ignore[arg-type]
    import openvino

    return openvino


_RUNTIMES: Final[dict[str, Callable[[bytes], Loaded]]] = {"onnxruntime": _on_onnxruntime, "openvino": _on_openvino}
