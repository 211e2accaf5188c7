"""deid finds what identifies a patient in medical images, removes it, and proves it by reading the result again.

The names below are the whole public library; they load what they need on first use, so that ``import deid`` stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deid.errors import DeidError, ExitCode, NotProvenClean
    from deid.library import Deidentifier, check_caption, classify_text, inspect, redact
    from deid.policy import Policy
    from deid.types import Finding, Outcome, PhiCategory, Status, TextSpan

__version__ = "0.1.0"

__all__ = [
    "DeidError",
    "Deidentifier",
    "ExitCode",
    "Finding",
    "NotProvenClean",
    "Outcome",
    "PhiCategory",
    "Policy",
    "Status",
    "TextSpan",
    "check_caption",
    "classify_text",
    "inspect",
    "redact",
]

_HOMES = {
    "DeidError": "errors",
    "Deidentifier": "library",
    "ExitCode": "errors",
    "Finding": "types",
    "NotProvenClean": "errors",
    "Outcome": "types",
    "PhiCategory": "types",
    "Policy": "policy",
    "Status": "types",
    "TextSpan": "types",
    "check_caption": "library",
    "classify_text": "library",
    "inspect": "library",
    "redact": "library",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'deid' has no attribute {name!r}")
    return getattr(import_module(f"deid.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
