"""The two ends: files in, frames and header out; frames and header in, files out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deid.formats.recognition import recognise

if TYPE_CHECKING:
    from deid.policy import Policy
    from deid.protocols import Format
    from deid.types import Instance, Stored

__all__ = ["as_wanted", "check_site_files", "from_array", "recognise"]


def as_wanted(form: Format, instance: Instance, policy: Policy) -> tuple[Format, Instance]:
    """Return a DICOM instance as a picture where the policy's `write_as` asks for one; raster formats see to that themselves.

    Raises
    ------
    FileRefused
        Where the object has no pixels to show.
    """
    if instance.kind != "dicom" or policy.write_as == "source":
        return form, instance
    from deid.formats.postable import postable

    return postable(instance, policy)


def check_site_files(policy: Policy) -> None:
    """Read the site's device file, so that a mistake in it shows before the first picture.

    Raises
    ------
    UsageError
        Where it cannot be read, or says what nothing understands.
    """
    if policy.device_file:
        from deid.formats.dicom.devices import devices

        devices(policy.device_file)


def from_array(pixels: Stored) -> tuple[Format, Instance]:
    """Return a picture in memory, (rows, columns[, samples]) uint8 or uint16, as an instance, and the format that writes it.

    Raises
    ------
    ValueError
        Where the array is no picture.
    """
    from deid.formats.arrays import instance_from_array
    from deid.formats.png import Png

    return Png(), instance_from_array(pixels)
