"""Walk a dataset, nested sequences included, and hand out each attribute with its path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final, TypeAlias

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.valuerep import STANDARD_VR, VR

from deid.errors import FileRefused
from deid.formats.dicom.paths import item_path

# Deeper nesting is found in attacks only; Python's stack ends at about 300 levels of pydicom.
_DEEPEST = 40
_VRS: Final = frozenset(vr.value for vr in STANDARD_VR if vr != VR.UN)

Wanted: TypeAlias = Callable[[BaseTag, str], bool]
"""Tells from tag and VR whether anybody asks for the value of an attribute: what nobody asks for is not read."""


def tags_of(dataset: Dataset) -> list[BaseTag]:
    """Return the tags of one level, in order."""
    return sorted(dataset.keys(), key=int)


def told_vr(dataset: Dataset, tag: BaseTag) -> str:
    """Return the VR of an attribute as far as it can be told without reading the value; empty where it cannot."""
    element = dataset.get_item(tag, keep_deferred=True)
    vr = "" if element is None else element.VR
    return (vr if vr in _VRS else "") if vr else _usual_vr(int(tag))


def element_of(dataset: Dataset, tag: BaseTag) -> DataElement | None:
    """Read an attribute; None where its value cannot be read as what it claims to be."""
    try:
        return dataset[tag]
    except RecursionError:
        raise FileRefused("broken", "nesting") from None
    except Exception:
        return None


def elements(dataset: Dataset, wanted: Wanted | None = None) -> Iterator[tuple[BaseTag, DataElement | None]]:
    """Yield the attributes of one level that are wanted; None where a value cannot be read as what it claims to be."""
    for tag in tags_of(dataset):
        if wanted is not None and (vr := told_vr(dataset, tag)) and not wanted(tag, vr):
            continue
        yield tag, element_of(dataset, tag)


@lru_cache(maxsize=8192)
def _usual_vr(tag: int) -> str:
    """Return the VR of an attribute whose file names none; empty where the dictionary leaves a choice."""
    try:
        vr: str = dictionary_VR(tag)
    except KeyError:
        return ""
    return vr if vr in _VRS else ""


def value_of(dataset: Dataset, name: str) -> Any:
    """Return the value of an attribute; None where it is missing, empty or cannot be read."""
    try:
        return dataset.get(name)
    except Exception:
        return None


def items_of(dataset: Dataset, name: str) -> list[Dataset]:
    """Return the items of a sequence; none where it is missing or cannot be read."""
    value = value_of(dataset, name)
    return [item for item in value if isinstance(item, Dataset)] if isinstance(value, Sequence) else []


def text_of(dataset: Dataset, name: str) -> str:
    """Return the value of an attribute as text; empty where it is missing or cannot be read."""
    value = value_of(dataset, name)
    return "" if value is None else str(value).strip(" \0")


def walk(
    dataset: Dataset, path: str = "", depth: int = 0, wanted: Wanted | None = None
) -> Iterator[tuple[str, Dataset, DataElement]]:
    """Yield every readable attribute that is wanted, depth first, as (path of its dataset, dataset, attribute).

    Sequences must be wanted for what is in them.
    """
    if depth > _DEEPEST:
        raise FileRefused("broken", "nesting")
    for tag, element in elements(dataset, wanted):
        if element is None:
            continue
        yield path, dataset, element
        if element.VR == "SQ":
            for index, item in enumerate(element.value or ()):
                yield from walk(item, item_path(path, tag, index), depth + 1, wanted)
