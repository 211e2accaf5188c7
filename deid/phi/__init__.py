"""Is it identifying? Lines and their neighbours in, findings out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deid.phi.classifier import classify_text, load_classifier
    from deid.phi.header import classify_header
    from deid.phi.known import find_known
    from deid.phi.seeds import collect, known_from_list, known_from_name
    from deid.phi.spellings import byte_forms

__all__ = [
    "byte_forms",
    "classify_header",
    "classify_text",
    "collect",
    "find_known",
    "known_from_list",
    "known_from_name",
    "load_classifier",
]

_HOMES = {
    "byte_forms": "spellings",
    "classify_header": "header",
    "classify_text": "classifier",
    "collect": "seeds",
    "find_known": "known",
    "known_from_list": "seeds",
    "known_from_name": "seeds",
    "load_classifier": "classifier",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'deid.phi' has no attribute {name!r}")
    return getattr(import_module(f"deid.phi.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
