"""Tells the names of a hospital's computers and machines from the names of series."""

from __future__ import annotations

import re
from typing import Final

from deid.phi import tables
from deid.phi.tokens import STRONG, strength

# What stands in the names of a hospital's computers and machines.
_SERVES: Final = re.compile(r"(?:CT|MRI?|XA|US|DX|CR|DR|RF|NM|PET|RAD|ANGIO|CATH|NEURO|CARDIO|ROOM|LAB|WS|PC|PACS|RIS)\d{0,3}")
# Whose names no series bears.
_NETWORKED: Final = {
    "PACS",
    "RIS",
    "WS",
    "WKS",
    "HOST",
    "CLIENT",
    "PHILIPS",
    "SIEMENS",
    "TOSHIBA",
    "CANON",
    "XRAY",
    "LOGIQ",
}
# Words of rooms: behind them a number of the room stands, NEURO-A2.
_ROOMS: Final = {"NEURO", "CARDIO", "ANGIO", "CATH", "ROOM", "LAB", "SUITE"}


def is_computer(match: re.Match[str]) -> bool:
    """Tell AXIOM-01, WS-RAD-07, NEURO-A2 and GEHC-CT99 from CT_HEAD_2, M1-A2 and IM-0001."""
    parts = re.split(r"[-_]", match.group().upper())
    first, last = parts[0], parts[-1]
    technical = [part for part in parts[1:] if part.isalpha() and strength(part) == STRONG]
    if re.fullmatch(r"DESKTOP|LAPTOP|NOTEBOOK|WIN|WKS?|WS|PC|SRV|MEDPC", first) and any(map(str.isdigit, match.group())):
        # Phase contrast is PC as well.
        return first != "PC" or not technical
    if last[-1].isdigit() and (not _NETWORKED.isdisjoint(parts) or re.fullmatch(r"(?:PC|WKS?|WS|SRV|HOST|CLIENT)\d+", last)):
        return True
    if first.lower() in tables.words()["counted"] or not first.isalpha() or not last[-1].isdigit():
        return False
    serving = [part for part in parts if _SERVES.fullmatch(part)]
    words = [part for part in parts if part.isalpha() and part not in {*serving, *_ROOMS}]
    if len(parts) > len(words[:1]) + 1 and any(strength(word) == STRONG for word in words):
        return False
    zeroed = re.fullmatch(r"0\d{1,2}", last) is not None
    return zeroed or (bool(serving) and strength(first) != STRONG) or first in _ROOMS
