"""Names of attributes: a standard keyword, else eight hex digits; ``RequestAttributesSequence[0].StudyID`` within items."""

from __future__ import annotations

from functools import lru_cache

from pydicom.datadict import keyword_for_tag


def keyword(tag: int) -> str:
    """Return the standard keyword of a tag, else its eight hex digits."""
    # A plain number: pydicom's tags compare slowly.
    return _keyword(int(tag))


@lru_cache(maxsize=8192)
def _keyword(tag: int) -> str:
    return keyword_for_tag(tag) or f"{tag:08X}"


def item_path(path: str, tag: int, index: int) -> str:
    """Return the path of an item of the sequence `tag` below `path`."""
    return f"{path}{keyword(tag)}[{index}]."


def value_path(path: str, tag: int, index: int, count: int) -> str:
    """Return the path of one value of an attribute: numbered only where there are several."""
    return f"{path}{keyword(tag)}" if count == 1 else f"{path}{keyword(tag)}[{index}]"
