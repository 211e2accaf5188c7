"""Values of an attribute by kind: texts, dates, ages, numbers; and what takes their place."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from pydicom.dataelem import DataElement
from pydicom.multival import MultiValue

_DATE: Final = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_SHAPES: Final = {
    "DA": re.compile(r"\d{8}|\d{4}\.\d{2}\.\d{2}"),
    "TM": re.compile(r"\d{2}(:?\d{2}(:?\d{2}(\.\d{1,6})?)?)?"),
    "DT": re.compile(r"\d{4}(\d{2}(\d{2}(\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?)?)?)?([+-]\d{4})?"),
    "AS": re.compile(r"\d{3}[DWMY]"),
    "IS": re.compile(r"[+-]?\d{1,12}"),
    "DS": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"),
    "UI": re.compile(r"[0-9.]{1,64}"),
}
_READABLE: Final = dict.fromkeys(("LO", "SH", "ST", "LT", "UT", "UC", "CS"), re.compile(r"[^\x1b]*"))
# What stands where PS3.15 asks for a dummy: a value that no reader takes for a real one.
_DUMMIES: Final[dict[str, Any]] = {
    "DA": "19000101",
    "TM": "000000",
    "DT": "19000101000000",
    "AS": "000Y",
    "DS": "0",
    "IS": "0",
    "UR": "urn:removed",
    "UI": "2.25.0",
    **dict.fromkeys(("US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT"), 0),
    **dict.fromkeys(("OB", "OW", "OF", "OD", "OL", "OV", "UN"), b"\0" * 8),
}
_OLDEST: Final = 89


def listed(path: Path) -> list[str]:
    """Read a list of terms, one a line; empty lines and those that begin with # say nothing."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def texts(element: DataElement) -> list[str]:
    """Return the values of an attribute as text, one by one; empty where it has none."""
    value = element.value
    if value is None:
        return []
    values = list(value) if isinstance(value, (MultiValue, list, tuple)) else [value]
    return [_text(one) for one in values]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1").strip(" \0")
    # Written numbers keep the text that they were written as.
    written = getattr(value, "original_string", value)
    return (written if isinstance(written, str) else str(value)).strip(" \0")


def well_formed(element: DataElement) -> bool:
    """Tell whether dates, ages, UIDs and written numbers have the shape that their VR demands: other text hides in none.

    Nor is a text well formed in which an escape sequence is left that no declared character set explains.
    """
    shape = _SHAPES.get(element.VR, _READABLE.get(element.VR))
    return shape is None or all(not text or shape.fullmatch(text) for text in texts(element))


def dummy(vr: str) -> Any:
    """Return a value that takes the place of one that may not be empty."""
    return _DUMMIES.get(vr, "REMOVED")


def shifted(text: str, days: int) -> str:
    """Move a date (DA) or the date part of a date and time (DT) back by `days`; empty where it holds no whole date."""
    found = _DATE.match(text)
    if found is None:
        return ""
    try:
        moved = date(int(found[1]), int(found[2]), int(found[3])) - timedelta(days=days)
    except (ValueError, OverflowError):
        return ""
    return f"{moved:%Y%m%d}".rjust(8, "0") + text[found.end() :]


def capped_age(text: str) -> str:
    """Return the age; over 89 years it becomes ``090Y``."""
    number, unit = text[:-1], text[-1:]
    years = int(number) / {"Y": 1, "M": 12, "W": 52.18, "D": 365.25}.get(unit, 1) if number.isdecimal() else 0
    return "090Y" if years > _OLDEST else text
