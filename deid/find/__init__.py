"""Where could something be? Image in, regions and text lines out.

The names below load what they need on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deid.find.engines import load_engine
    from deid.find.instances import find_text, look_again
    from deid.find.marks import find_marks, load_detectors
    from deid.find.small_print import has_unread_print

__all__ = ["find_marks", "find_text", "has_unread_print", "load_detectors", "load_engine", "look_again"]

_HOMES = {
    "find_marks": "marks",
    "find_text": "instances",
    "has_unread_print": "small_print",
    "load_detectors": "marks",
    "load_engine": "engines",
    "look_again": "instances",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'deid.find' has no attribute {name!r}")
    return getattr(import_module(f"deid.find.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
