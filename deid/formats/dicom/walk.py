"""Walk a dataset, nested sequences included, and hand out each attribute with its path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from deid.errors import FileRefused
from deid.formats.dicom.paths import item_path

# Deeper nesting is found in attacks only; Python's stack ends at about 300 levels of pydicom.
_DEEPEST = 40


def elements(dataset: Dataset) -> Iterator[tuple[BaseTag, DataElement | None]]:
    """Yield the attributes of one level; None where a value cannot be read as what it claims to be."""
    for tag in sorted(dataset.keys()):
        try:
            yield tag, dataset[tag]
        except RecursionError:
            raise FileRefused("broken", "nesting") from None
        except Exception:
            yield tag, None


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


def walk(dataset: Dataset, path: str = "", depth: int = 0) -> Iterator[tuple[str, Dataset, DataElement]]:
    """Yield every readable attribute, depth first, as (path of its dataset, dataset, attribute)."""
    if depth > _DEEPEST:
        raise FileRefused("broken", "nesting")
    for tag, element in elements(dataset):
        if element is None:
            continue
        yield path, dataset, element
        if element.VR == "SQ":
            for index, item in enumerate(element.value or ()):
                yield from walk(item, item_path(path, tag, index), depth + 1)
