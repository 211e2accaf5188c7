"""The library's verbs: the whole job, one picture, one data set, a look without writing, a line of text."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deid import formats, phi
from deid.batch import run
from deid.errors import NotProvenClean
from deid.formats.exchange import dataset_from_bytes, dataset_to_bytes
from deid.keys import load_key
from deid.phi.captions import CaptionReport
from deid.phi.captions import check_caption as caption_report
from deid.pipeline import Draft, Look, load_tools, look_at, look_in, open_source, prove, reasons_against, write_draft
from deid.policy import Policy, load_policy
from deid.types import Finding, KnownValue, Outcome, PhiText, Plan, TextSpan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

PathLike = str | Path


def redact(
    inputs: PathLike | Sequence[PathLike],
    out: PathLike,
    *,
    policy: str | Path | Policy = "posting",
    jobs: int = 0,
    fresh: bool = False,
) -> Iterator[Outcome]:
    """De-identify files and folders into `out`; yield an outcome an input, as they are finished.

    Parameters
    ----------
    inputs
        A file or a folder, or several; sources are never changed.
    out
        The clean folder; what needs a person goes to ``<out>-held``.
    policy
        A named policy, a TOML file, or a `Policy`.
    jobs
        Worker processes; 0 means one a core.
    fresh
        Do everything again, also what an earlier run finished.

    Raises
    ------
    UsageError
        Where there is no input, or the policy is wrong.
    FolderRefused
        Where `out` overlaps an input or is in use.
    EnvironmentBroken
        Where an engine or a model is missing.
    """
    paths = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    return run([Path(path) for path in paths], Path(out), load_policy(policy), jobs=jobs, fresh=fresh)


def inspect(path: PathLike, *, policy: str | Path | Policy = "posting") -> tuple[Finding, ...]:
    """Say what in a picture identifies someone; nothing is written.

    Raises
    ------
    FileRefused
        Where the file cannot be read.
    """
    return Deidentifier(policy).inspect(path)


def classify_text(
    text: str,
    left: str | None = None,
    above: str | None = None,
    known: Sequence[str] = (),
    policy: str | Path | Policy = "posting",
) -> tuple[TextSpan, ...]:
    """Say which parts of a line of text identify someone.

    Parameters
    ----------
    text
        The line, as an OCR engine or a person wrote it.
    left, above
        What stands left of it and above it: labels such as "Name:" tell what an unlabelled value is.
    known
        Values that are known to identify the patient; sought fuzzily.
    policy
        Decides which categories go.

    Returns
    -------
    Spans, half-open, in characters of `text`, from left to right.
    """
    values = tuple(KnownValue("UserList", PhiText(value)) for value in known)
    return phi.classify_text(text, left=left, above=above, known=values, policy=load_policy(policy))


def check_caption(text: str, *, policy: str | Path | Policy = "posting") -> CaptionReport:
    """Flag what a post's text gives away, propose a wording, and ask what only its author knows.

    The proposed wording is the author's text with the flagged parts replaced; it warns, it does not prove.
    """
    return caption_report(text, load_policy(policy))


class Deidentifier:
    """Models loaded once, for many pictures; safe to share between threads, which take turns.

    Parameters
    ----------
    policy
        A named policy, a TOML file, or a `Policy`.

    Raises
    ------
    EnvironmentBroken
        Where an engine or a model is missing or altered.
    """

    def __init__(self, policy: str | Path | Policy = "posting") -> None:
        self._tools = load_tools(load_policy(policy), load_key())
        self._turn = threading.Lock()

    def redact_image(
        self, pixels: NDArray[np.generic], known: Sequence[str] = ()
    ) -> tuple[NDArray[np.generic], tuple[Finding, ...]]:
        """Return a clean copy of a picture and what was found in it.

        Parameters
        ----------
        pixels
            (rows, columns) or (rows, columns, samples) of uint8 or uint16; grey, RGB or RGBA. It is not changed.
        known
            Values that are known to identify the patient.

        Raises
        ------
        NotProvenClean
            Where the second look doubts the result; nothing is returned then.
        """
        form, instance = formats.from_array(pixels)
        clean, findings = self._clean(look_in(form, instance, _as_known(known), self._tools), "picture.png")
        stored = form.read(clean, self._tools.policy).frames.stored(0).copy()
        return stored.reshape(pixels.shape), findings

    def redact_dataset(self, dataset: Dataset, known: Sequence[str] = ()) -> tuple[Dataset, tuple[Finding, ...]]:
        """Return a clean copy of a pydicom data set and what was found in its pixels; the data set given is not changed.

        Raises
        ------
        NotProvenClean
            Where the second look doubts the result.
        FileRefused
            Where the object is of a kind that cannot be cleaned.
        """
        look = look_at(dataset_to_bytes(dataset), "object.dcm", _as_known(known), self._tools)
        clean, findings = self._clean(look, "object.dcm")
        return dataset_from_bytes(clean), findings

    def inspect(self, path: PathLike, known: Sequence[str] = ()) -> tuple[Finding, ...]:
        """Say what in a picture identifies someone; nothing is written.

        Raises
        ------
        FileRefused
            Where the file cannot be read.
        """
        data = open_source(Path(path), self._tools.policy)
        with self._turn:
            return look_at(data, Path(path).name, _as_known(known), self._tools).plan.findings

    def _clean(self, look: Look, name: str) -> tuple[bytes, tuple[Finding, ...]]:
        def write(plan: Plan) -> Draft:
            file = io.BytesIO()
            changes = write_draft(look, plan, self._tools, file)
            return Draft(file.getvalue(), changes)

        with self._turn:
            proof = prove(look, self._tools, write, name)
        reasons = reasons_against(proof)
        if reasons:
            raise NotProvenClean(reasons)
        return proof.draft.data[:], proof.plan.findings


def _as_known(values: Sequence[str]) -> tuple[KnownValue, ...]:
    return tuple(KnownValue("UserList", PhiText(value)) for value in values)
