"""Take-down: which files were released from a source, or for a patient, and whether they are still in the clean folder."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from deid.audit import LOG_NAME, ChainWalk, file_sha256
from deid.batch.ledger import LEDGER_NAME, Ledger
from deid.batch.survey import patient_code
from deid.batch.urls import local
from deid.batch.walk import walk
from deid.errors import UsageError
from deid.keys import Key, load_key
from deid.types import PhiText, Status

_WORD: Final = re.compile(r"[^\W_]+")


class Because(StrEnum):
    """Why a released file is named, the surest first."""

    SOURCE = "made from the source that was given"
    OUTPUT = "it is the file that was given"
    PATIENT = "its header names the patient"
    CASE = "its source lies in a folder of the patient"


@dataclass(frozen=True, slots=True)
class Released:
    """A file that was released once. `there` is true where it still is in the clean folder as it was released then.

    `time` is RFC 3339 UTC; `sources` are known to the owner of DIR-held only.
    """

    output: str
    output_sha256: str
    time: str
    because: Because
    there: bool
    sources: tuple[PhiText, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """The answer. `inputs` counts the inputs that fit, released or not; `fault` says what is wrong with the audit log."""

    released: tuple[Released, ...]
    inputs: int
    fault: str = ""


def trace(out: Path, sources: Sequence[Path] = (), patients: Sequence[PhiText] = ()) -> Trace:
    """Find what was released from sources, or for patients.

    Parameters
    ----------
    out
        A clean folder.
    sources
        Files or folders: the sources themselves, copies of them, or files of the clean folder that came back from somewhere.
        A source that is gone is found by its path.
    patients
        An id, or words of a name, each; every word must be in a value that a header, a name or a picture told.

    Raises
    ------
    UsageError
        Where no run has made the folder, or nothing is sought.
    """
    if not sources and not patients:
        raise UsageError(
            "Nothing is sought.", "Name a source, or a file with the patient's id or name: --patient FILE, or - for stdin."
        )
    out = local(out)
    log = out / LOG_NAME
    if not log.is_file():
        raise UsageError("No run has made this folder.", "Name the folder that was given to `deid redact --out`.")
    key = load_key()
    wanted = _Wanted(key, sources, patients)
    with contextlib.ExitStack() as stack:
        held = out.resolve().with_name(f"{out.resolve().name}-held")
        ledger = stack.enter_context(Ledger(held)) if (held / LEDGER_NAME).is_file() else None
        if ledger is not None:
            wanted.ask(ledger)
        walked = ChainWalk(key)
        found: dict[tuple[str, str], tuple[str, Because, str]] = {}
        inputs: set[str] = set()
        for record in walked.records(log):
            because = wanted.because(record)
            if because is None:
                continue
            input_id = str(record.get("input_id") or "")
            inputs.add(input_id)
            if record.get("status") == Status.CLEAN:
                name = str(record["output"]), str(record["output_sha256"])
                found.setdefault(name, (str(record.get("time", "")), because, input_id))
        released = tuple(
            Released(
                output,
                sha256,
                time,
                because,
                file_sha256(out / output) == sha256,
                ledger.paths_of(input_id) if ledger is not None else (),
            )
            for (output, sha256), (time, because, input_id) in sorted(found.items(), key=lambda item: item[1][0])
        )
    return Trace(released, len(inputs), walked.fault.text if walked.fault else "")


class _Wanted:
    """What is sought in the audit log: identities of sources, hashes of outputs, pseudonyms of patients."""

    def __init__(self, key: Key, sources: Sequence[Path], patients: Sequence[PhiText]) -> None:
        self._patients = [words(patient.reveal()) for patient in patients]
        self._cases = {patient_code(key, patient.reveal().strip()) for patient in patients}
        self._gone = [path for path in sources if not path.exists()]
        self._ids: dict[str, Because] = {}
        self._outputs: set[str] = set()
        for found in walk([path for path in sources if path.exists()]):
            if found.path.is_file() and not found.path.is_symlink():
                data = found.path.read_bytes()
                self._ids[_input_id(data, key)] = Because.SOURCE
                self._outputs.add(file_sha256(found.path))

    def ask(self, ledger: Ledger) -> None:
        """Learn from the private ledger which inputs are meant."""
        for path in self._gone:
            for input_id in ledger.ids_at(path.absolute()):
                self._ids.setdefault(input_id, Because.SOURCE)
        if any(self._patients):
            for input_id, named in ledger.who_knows(lambda value: fits(self._patients, value)):
                self._ids.setdefault(input_id, Because.PATIENT if named else Because.CASE)

    def because(self, record: dict[str, Any]) -> Because | None:
        """Why a record is one of those, None where it is not."""
        because = self._ids.get(str(record.get("input_id") or "-"))
        if because is Because.SOURCE:
            return because
        if record.get("output_sha256") in self._outputs:
            return Because.OUTPUT
        return Because.PATIENT if record.get("case") in self._cases else because


def fits(patients: Collection[frozenset[str]], value: str) -> bool:
    """Tell whether all words of any of the patients are in a value."""
    present = words(value)
    return any(patient and patient <= present for patient in patients)


def words(text: str) -> frozenset[str]:
    """The words and numbers of a text, without case, accents and leading zeros."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return frozenset(word.lstrip("0") or word for word in _WORD.findall(plain.casefold()))


def _input_id(data: bytes, key: Key) -> str:
    from deid.pipeline import source_id

    return source_id(data, key)
