"""The text engines by name."""

from __future__ import annotations

from deid.errors import EnvironmentBroken
from deid.protocols import TextEngine


def load_engine(name: str) -> TextEngine:
    """Load a text engine, once a worker.

    Raises
    ------
    EnvironmentBroken
        Where the engine is unknown, or something of it is missing or altered; the message says what to install.
    """
    engine: TextEngine
    if name == "rapidocr":
        from deid.find.rapidocr import RapidOcr

        engine = RapidOcr()
    elif name == "rapidocr-openvino":
        from deid.find.rapidocr import RapidOcr

        engine = RapidOcr(name, "openvino")
    elif name == "tesseract":
        from deid.find.tesseract import Tesseract

        engine = Tesseract()
    else:
        raise EnvironmentBroken("There is no such text engine.", "Choose rapidocr, rapidocr-openvino or tesseract.")
    need = engine.missing()
    if need:
        raise EnvironmentBroken(f"The text engine {name} is not installed completely.", need)
    return engine
