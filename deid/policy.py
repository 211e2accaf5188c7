"""What the user wants: one declaration that is library argument, TOML key and command-line option at once."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from deid.errors import UsageError

NAMED_POLICIES: Final = ("posting", "research", "paranoid")


def _option(
    default: Any,
    help: str,
    *,
    why: str = "",
    choices: tuple[str, ...] = (),
    at_least: float | None = None,
    at_most: float | None = None,
    flag: str = "",
) -> Any:
    """Declare a field: its default, its help (a sentence), why the default is what it is, its range and, rarely, its flag."""
    return field(
        default=default,
        metadata={"help": help, "why": why, "choices": choices, "at_least": at_least, "at_most": at_most, "flag": flag},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The one declaration of what goes, what stays, and what happens in doubt.

    Every field carries its help, its reason and its range; the command line, the commented TOML, docs/reference/policy.md and
    `sha256` are generated from them. Precedence: default, then TOML, then option.
    """

    name: str = _option("posting", "Name of the policy, as the audit log says it.")

    # -- what identifies
    mask_all_text: bool = _option(False, "Mask every text line, whatever it says.")
    unsure: str = _option(
        "redact",
        "What happens to a word that is neither provably technical nor surely identifying.",
        why="A post cannot be taken back; a lost word can be asked for.",
        choices=("redact", "hold", "keep"),
    )
    redact_years: bool = _option(False, "Redact a year that stands alone.", why="45 CFR 164.514(b)(2)(i)(C) lets the year stay.")
    redact_sex: bool = _option(False, "Redact the patient's sex.", why="Sex is not among the eighteen identifiers.")
    redact_clock_times: bool = _option(
        True, "Redact clock times even where no date stands beside them.", why="The time of an exam narrows down whose it was."
    )
    redact_ages: str = _option(
        "all",
        "Which ages go: all of them, or those over 89 only.",
        why="The guidance for posts asks for ranges instead of exact ages; HIPAA asks for ages over 89.",
        choices=("all", "over-89"),
    )
    redact_staff: bool = _option(True, "Redact names of staff.", why="Staff have not consented to a post, and name the hospital.")
    redact_institution: bool = _option(True, "Redact hospitals, departments and rooms.", why="A place smaller than a state.")
    redact_devices: bool = _option(True, "Redact serial numbers and names of devices and stations.", why="HIPAA identifier 13.")
    always_file: str = _option("", "Text file of the site: a word or phrase a line that always goes.")
    never_file: str = _option(
        "", "Text file of the site: a word or phrase a line that stays; it cannot free a known value or a labelled name."
    )
    device_file: str = _option(
        "",
        "TOML file of the site: by device, boxes that are always covered (docs/guide/devices.md).",
        why="A banner that is always there need not be found; reading goes on everywhere else.",
    )

    # -- finding
    engine: str = _option(
        "rapidocr",
        "Text engine that finds and reads the text.",
        why="Blacking out every word that Tesseract reads leaves 48 % of the identifying lines (docs/explain/accuracy.md).",
        choices=("rapidocr", "rapidocr-openvino", "tesseract"),
    )
    witness: str = _option(
        "none",
        "A second engine that reads the written file once more.",
        why="It reads less than the default engine and costs a process a picture; an institution may want it all the same.",
        choices=("none", "tesseract"),
    )
    effort: str = _option(
        "thorough",
        "How hard to look: fast does without what small print, photos and doubtful sights ask for.",
        choices=("thorough", "fast"),
    )
    faces: str = _option("photos", "Where faces are sought and covered.", choices=("photos", "always", "never"))
    review_faces: bool = _option(
        True, "Hold a picture in which a face was found, for a person to check.", why="No detector finds every face."
    )
    barcodes: bool = _option(True, "Find and cover barcodes and QR codes; what they say is sought as text too.")

    # -- what comes out
    review: str = _option(
        "auto",
        "auto: what is not proven clean is held. all: everything waits for a person. none: nobody looks, so it is failed.",
        choices=("auto", "all", "none"),
    )
    require_consent: bool = _option(False, "Release nothing without a consent reference, which a review asks for.")
    names: str = _option("coded", "Names of clean files.", choices=("coded", "ordered", "keep"))
    write_as: str = _option("source", "Format of the clean file.", choices=("source", "png", "jpeg", "gif"), flag="--as")

    # -- DICOM header (PS3.15 Annex E; docs/reference/dicom-profile.md says attribute by attribute what each option does)
    retain_uids: bool = _option(
        False,
        "Keep UIDs as they are (PS3.15 Retain UIDs, 113110); otherwise each becomes a keyed UID, the same everywhere.",
        why="Archives find a patient by the UID of a study.",
    )
    retain_safe_private: bool = _option(
        False,
        "Keep private attributes that PS3.15 calls safe, of these numbers and codes only (113111); otherwise none stays.",
        why="Makers put names and ids into private attributes, too.",
    )
    retain_device: bool = _option(
        False,
        "Keep serial numbers, names and ids of devices and stations in the header (113109).",
        why="HIPAA identifier 13.",
    )
    retain_institution: bool = _option(
        False,
        "Keep names and addresses of institutions and departments in the header (113112).",
        why="A place smaller than a state.",
    )
    retain_patient_characteristics: bool = _option(
        False,
        "Keep the patient's sex, size, weight, ages up to 89 (older becomes 090Y), smoking and pregnancy status (113108).",
        why="Rare together, they single a person out; research needs them.",
    )
    retain_full_dates: bool = _option(
        False, "Keep dates and times of the header as they are (113106).", why="HIPAA identifier 3; only for a limited data set."
    )
    retain_modified_dates: bool = _option(
        False,
        "Move all dates of a patient back by one secret number of days, 1 to 3,650; times of day stay (113107). Without either "
        "option dates are emptied.",
        why="Intervals are kept in files, series and runs that share the key.",
    )
    clean_descriptors: bool = _option(
        True,
        "Keep descriptions, comments and protocol names after cutting what identifies (113105); otherwise they are removed.",
        why="'CT HEAD for Jane Doe' keeps 'CT HEAD'.",
    )
    clean_structured_content: bool = _option(
        True,
        "Keep the content of structured reports and acquisition contexts after cleaning it (113104); else reports are refused.",
        why="Measurements and codes are what a report is kept for.",
    )
    clean_graphics: bool = _option(
        False,
        "Keep overlays and graphic annotations, after reading what is drawn and cutting what identifies (113103); else they go.",
        why="Most hold a name or nothing that a post needs.",
    )

    # -- limits
    max_megapixels: float = _option(100.0, "Largest frame, in million pixels, checked before decoding.", at_least=0.01)
    max_frames: int = _option(2000, "Most frames or pages of one file.", at_least=1)
    max_file_mb: int = _option(2048, "Largest file, in MB.", at_least=1)
    max_seconds: float = _option(1800.0, "Longest time for one file, in seconds.", at_least=1)
    require_sandbox: bool = _option(
        False, "Refuse to run where the kernel cannot confine workers (Landlock and seccomp); `deid doctor` tells."
    )
    max_memory_mb: int = _option(4096, "Most memory for one worker, in MB; beyond it the file is failed.", at_least=512)
    tolerance_psnr: float = _option(45.0, "Least signal-to-noise ratio outside the masks of lossy files, in dB.", at_least=30)

    def __post_init__(self) -> None:
        for spec in fields(self):
            _check(spec.name, getattr(self, spec.name), spec.default, spec.metadata)

    @property
    def sha256(self) -> str:
        """Hash of all values: two policies with the same hash do the same."""
        values = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        for name in ("always_file", "never_file", "device_file"):
            values[name] = hashlib.sha256(_site_file(values[name])).hexdigest() if values[name] else ""
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def but(self, **changes: Any) -> Policy:
        """Return this policy with some values replaced.

        Raises
        ------
        UsageError
            Where a key or a value is not one of the policy's.
        """
        _refuse_unknown(changes)
        return replace(self, **changes)

    def toml(self) -> str:
        """Write the policy as TOML that explains every key."""
        lines = [f"# deid policy {self.name}; keys that are left out keep their default."]
        for spec in fields(self):
            lines.append("")
            lines.append(f"# {spec.metadata['help']}")
            if spec.metadata["why"]:
                lines.append(f"# Why: {spec.metadata['why']}")
            if spec.metadata["choices"]:
                lines.append(f"# One of: {', '.join(spec.metadata['choices'])}.")
            lines.append(f"{spec.name} = {json.dumps(getattr(self, spec.name))}")
        return "\n".join(lines) + "\n"


def load_policy(name_or_file: str | Path | Policy) -> Policy:
    """Return a named policy, or the one in a TOML file.

    Raises
    ------
    UsageError
        Where the policy does not exist, is not TOML, or holds an unknown key or value.
    """
    if isinstance(name_or_file, Policy):
        return name_or_file
    if str(name_or_file) in NAMED_POLICIES:
        path = Path(__file__).with_name("policies") / f"{name_or_file}.toml"
    else:
        path = Path(name_or_file)
    if not path.is_file():
        raise UsageError("There is no such policy.", f"Name one of {', '.join(NAMED_POLICIES)}, or a TOML file.")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UsageError("The policy file is not readable TOML.", "`deid policy show posting` prints one.") from error
    return Policy().but(**{"name": path.stem, **values})


def _refuse_unknown(values: dict[str, Any]) -> None:
    known = {spec.name for spec in fields(Policy)}
    for key in values:
        if key not in known:
            raise UsageError(f"The policy has no key {key!r}.", f"Keys are: {', '.join(sorted(known))}.")


def _check(name: str, value: Any, default: Any, metadata: Any) -> None:
    wanted: type | tuple[type, ...] = (int, float) if isinstance(default, float) else type(default)
    if not isinstance(value, wanted) or (isinstance(value, bool) and not isinstance(default, bool)):
        raise UsageError(f"The policy's {name} wants a {type(default).__name__}.", metadata["help"])
    choices, low, high = metadata["choices"], metadata["at_least"], metadata["at_most"]
    if choices and value not in choices:
        raise UsageError(f"The policy's {name} cannot be that.", f"Choose one of: {', '.join(choices)}.")
    if (low is not None and value < low) or (high is not None and value > high):
        raise UsageError(f"The policy's {name} is out of range.", f"At least {low}{'' if high is None else f', at most {high}'}.")


def _site_file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError("A file named by the policy cannot be read.", "Check always_file, never_file and device_file.") from error
