"""The whole set, from a seed."""

from __future__ import annotations

from tests.benchmark.hostile_dicom import containers, corners, headers, objects, pixels
from tests.benchmark.hostile_dicom.people import people


def hostile_files(seed):
    """Return every file of the set; the same seed gives the same bytes. One patient has the whole of it, the others a part."""
    made = []
    for at, person in enumerate(people(seed)):
        makers = (headers, containers, objects, pixels, corners) if at == 0 else ((headers, objects) if at == 1 else (containers,))
        for step, maker in enumerate(makers):
            made += maker.entries(person, 100 * (step + 1))
        first = next(file for file in made if file.person is person)
        made.append(_first(person, first))
    for at, file in enumerate(made):
        if file.kind not in ("name in path", "no extension"):
            # The kind is no part of a name: words of names are sought in the files.
            file.name = f"{file.person.mrn}/{at:04d}.dcm"
    return made


def _first(person, like):
    from tests.benchmark.hostile_dicom.build import HostileFile, base, file_of

    # The image that reports and states of the patient refer to.
    return HostileFile(
        f"first/{person.mrn}.dcm", "plain", person, file_of(base(person, number=1)), keep={"SeriesDescription": "CT HEAD"}
    )
