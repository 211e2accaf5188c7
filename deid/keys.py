"""The secret key of this user, and everything that is derived from it: never a bare hash, never a guessable code."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from deid.contents import Contents, parts_of
from deid.errors import EnvironmentBroken

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Key:
    """A secret of 32 bytes; purposes are kept apart, so that a code made for one tells nothing about another."""

    secret: bytes = field(repr=False)

    @property
    def key_id(self) -> str:
        """Which key this is: eight hex digits that do not give the key away."""
        return self.mac("key-id").hex()[:8]

    def mac(self, purpose: str, *parts: Contents) -> bytes:
        """HMAC-SHA-256 over parts, each with its length, for one purpose."""
        digest = hmac.new(self.secret, digestmod=hashlib.sha256)
        for part in (purpose.encode(), *parts):
            digest.update(len(part).to_bytes(8, "big"))
            for piece in [part] if isinstance(part, bytes) else parts_of(part):
                digest.update(piece)
        return digest.digest()

    def code(self, purpose: str, *parts: bytes, length: int = 12) -> str:
        """A pseudonym of `length` lower-case base32 characters (at most 51)."""
        return base64.b32encode(self.mac(purpose, *parts)).decode().lower()[:length]

    def uid(self, original: str) -> str:
        """The UID that takes the place of `original`: 2.25 form (PS3.5 B.2), the same for the same key."""
        return f"2.25.{int.from_bytes(self.mac('uid', original.strip(chr(0) + ' ').encode())[:16], 'big')}"

    def days(self, patient: str) -> int:
        """The number of days, 1 to 3650, by which all dates of a patient go back."""
        return 1 + int.from_bytes(self.mac("days", patient.encode())[:8], "big") % 3650


def state_folder() -> Path:
    """The user's private state folder: ``$DEID_STATE``, else ``$XDG_STATE_HOME/deid``, else ``~/.local/state/deid``."""
    chosen = os.environ.get("DEID_STATE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "deid"


def private_folder(path: Path) -> None:
    """Make a folder that is this user's alone (mode 0700), with those around it that are missing."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)


def load_key(folder: Path | None = None) -> Key:
    """Read the key of the state folder; make one where there is none (mode 0600 in a folder of mode 0700).

    Raises
    ------
    EnvironmentBroken
        Where others may read the key, or the file is not a key.
    """
    place = folder or state_folder()
    path = place / "key"
    try:
        private_folder(place)
        _make_key(path)
        if path.stat().st_mode & 0o077:
            raise EnvironmentBroken(
                "The key of the state folder can be read by others.", "chmod 600 it, or replace it if it was seen."
            )
        secret = base64.b64decode(path.read_bytes(), validate=True)
    except (OSError, ValueError) as error:
        raise EnvironmentBroken("The key of the state folder cannot be read.", "Set DEID_STATE to a private folder.") from error
    if len(secret) != _KEY_BYTES:
        raise EnvironmentBroken("The key of the state folder is not a key.", "Restore it from its backup.")
    return Key(secret)


def _make_key(path: Path) -> None:
    """Write a new key whole or not at all; another process that was faster wins."""
    if path.exists():
        return
    draft = path.with_name(f"key-{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(_KEY_BYTES)))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
