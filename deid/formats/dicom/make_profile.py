"""Make the profile table of PS3.15 Table E.1-1: ``python -m deid.formats.dicom.make_profile OPTIONS.tsv ADDED.json``.

`OPTIONS.tsv` holds the rows of edition 2024b with their ten option columns (the facts of innolitics/dicom-standard,
``standard/confidentiality_profile_attributes.json``, with commas in tags). `ADDED.json` maps the tags that edition 2026c
adds to ``[keyword, vr, name, basic action]`` (the facts of dicom-anonymizer's database for 2026c, which has no options).
The option cells of the added rows are derived from the kind of value, and the row says so in its last column.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

PROFILE = Path(__file__).with_name("ps3_15_table_e1_1_2026c.tsv")
OPTIONS = (
    "retain_safe_private",
    "retain_uids",
    "retain_device",
    "retain_institution",
    "retain_patient_characteristics",
    "retain_full_dates",
    "retain_modified_dates",
    "clean_descriptors",
    "clean_structured_content",
    "clean_graphics",
)
COLUMNS = ("tag", "keyword", "vr", "name", "basic", *OPTIONS, "edition", "derived")
# The rows of 2026c that say which device made the object, as their neighbours of 2024b do.
_DEVICES = ("0018,1010", "0018,1011")
# The rows of 2026c that describe the patient as EthnicGroup (0010,2160) does.
_CHARACTERISTICS = ("0010,2161", "0010,2162")


def derived(tag: str, vr: str) -> dict[str, str]:
    """Return the option cells of a row that has none, from its kind of value."""
    if vr in ("DA", "DT", "TM"):
        return {"retain_full_dates": "K", "retain_modified_dates": "C"}
    if vr == "UI":
        return {"retain_uids": "K"}
    if tag in _DEVICES:
        return {"retain_device": "K"}
    if tag in _CHARACTERISTICS:
        return {"retain_patient_characteristics": "K"}
    if tag.startswith("0070"):
        return {"clean_graphics": "C"}
    # Names and comments about a person stay removed: group 0010 holds them.
    if vr in ("LO", "SH", "ST", "LT", "UT", "UC") and not tag.startswith("0010"):
        return {"clean_descriptors": "C"}
    return {}


def main(options: Path, added: Path) -> None:
    """Write the table, sorted by tag."""
    with options.open(encoding="utf-8", newline="") as file:
        rows = [{**row, "derived": ""} for row in csv.DictReader(file, delimiter="\t")]
    for tag, (keyword, vr, name, basic) in json.loads(added.read_text(encoding="utf-8")).items():
        cells = {"tag": tag, "keyword": keyword, "vr": vr, "name": name, "basic": basic, "edition": "2026c", "derived": "derived"}
        rows.append({**dict.fromkeys(COLUMNS, ""), **cells, **derived(tag, vr)})
    with PROFILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter="\t", lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: row["tag"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
