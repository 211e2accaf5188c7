"""The private memory of a clean folder: which input became what, which values are known in which case, what is left to do."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deid.batch.urls import told
from deid.batch.walk import Found
from deid.errors import FolderRefused
from deid.types import KnownValue, Outcome, PhiText, Reason, Source, Status

LEDGER_NAME: Final = "state.db"
_SCHEMA: Final = Path(__file__).with_name("ledger.sql")
_EVERYWHERE: Final = ""
# Failures that have to do with the day and not with the file: worth another try when the run is started again.
_TRANSIENT: Final = ("permission", "vanished", "disk-full", "write-failed", "codec-missing", "engine-failed", "withdrawn")
_PAGE: Final = 64
# `moved` of a row: the watcher put its source away; another file stands at its source's path.
PUT_AWAY: Final = 1
REPLACED: Final = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger: an input and what became of it."""

    id: int
    path: Path
    run: str
    number: int
    label: str
    stat: str
    survey_with: str
    input_id: str
    input_sha256: str
    kind: str
    case: str
    stem: str | None
    status: str
    reasons: tuple[Reason, ...]
    output: str | None
    output_sha256: str | None
    output_stat: str
    seq: int | None
    done_with: str
    done_in: str
    known_upto: int
    may_keep: int
    moved: int

    @property
    def source(self) -> Source:
        """The input as the pipeline knows it."""
        return Source(self.number, PhiText(str(self.path)))

    @property
    def may_pass(self) -> bool:
        """True where the input failed for the day and not for itself: another try may go better."""
        return any(reason.code in _TRANSIENT for reason in self.reasons)

    def outcome(self) -> Outcome:
        """What an earlier run, or an earlier part of this one, made of it."""
        return Outcome(
            self.source,
            Status(self.status),
            input_id=self.input_id,
            kind=self.kind,
            case=self.case,
            output=self.output,
            output_sha256=self.output_sha256,
            reasons=self.reasons,
        )


class Ledger:
    """The ledger of one clean folder, in DIR-held; ``Ledger(None)`` is one in memory.

    Raises
    ------
    FolderRefused
        Where it cannot be opened.
    """

    def __init__(self, held: Path | None) -> None:
        self._held = held
        path = ":memory:"
        try:
            if held is not None:
                path = str(held / LEDGER_NAME)
                os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
            # One thread at a time uses it, but a generator may be driven from several.
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;")
            self._db.executescript(_SCHEMA.read_text(encoding="utf-8"))
        except (sqlite3.DatabaseError, OSError) as error:
            raise FolderRefused(
                "The private ledger in DIR-held cannot be opened.", "Move state.db away; everything is done again then."
            ) from error
        self._run = ""
        self._met = 0

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Make many changes one."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # a full disk has rolled back already
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # -- the audit log's current records

    def take_records(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Take over the audit log, which is read whenever it is opened; what it does not hold any more was not done."""
        with self.together():
            self._db.execute("DELETE FROM records")
            for record in records:
                self.take_record(record)
            self._db.execute(
                "UPDATE files SET status = '', reasons = '[]', output = NULL, output_sha256 = NULL, draft = '', seq = NULL "
                "WHERE seq IS NOT NULL AND seq NOT IN (SELECT seq FROM records)"
            )

    def take_record(self, record: Mapping[str, Any]) -> None:
        """Take over one record."""
        self._db.execute("DELETE FROM records WHERE seq = ?", (record.get("supersedes"),))
        self._db.execute(
            "INSERT INTO records VALUES (?, ?, ?, ?)",
            (record["seq"], record.get("input_id") or "", record["status"], record.get("output")),
        )

    def explains(self, output: str) -> bool:
        """Tell whether a current record names an output."""
        return self._db.execute("SELECT 1 FROM records WHERE output = ?", (output,)).fetchone() is not None

    def expects(self, output: str) -> bool:
        """Tell whether an output is one that an input of this ledger would get."""
        stem = output.rpartition(".")[0]
        return self._db.execute("SELECT 1 FROM files WHERE stem = ?", (stem,)).fetchone() is not None

    def drafts(self) -> set[str]:
        """Names of the drafts that held files wait with."""
        return {row[0] for row in self._db.execute("SELECT draft FROM files WHERE status = 'held' AND draft != ''")}

    # -- inputs

    def note_roots(self, roots: Iterable[Path]) -> None:
        """Note what the user named as sources."""
        self._db.executemany("INSERT OR IGNORE INTO roots VALUES (?)", [(os.fsencode(root.resolve()),) for root in roots])

    def roots(self) -> tuple[Path, ...]:
        """Everything that was ever named as a source here: files of earlier runs may have to be done again."""
        return tuple(Path(os.fsdecode(row[0])) for row in self._db.execute("SELECT path FROM roots"))

    def note_origins(self, origins: Mapping[Path, str]) -> None:
        """Note behind which URLs the originals of copies lie."""
        rows = [(os.fsencode(copy), url) for copy, url in origins.items()]
        self._db.executemany("INSERT OR REPLACE INTO origins VALUES (?, ?)", rows)

    def begin(self, run: str, met: int = 0) -> None:
        """Begin a run, or a round of one that has met so many inputs already."""
        self._run = run
        self._met = met

    def meet(self, number: int, found: Found) -> bool:
        """Note that this run met an input; tell whether it is the first time in this run."""
        path = os.fsencode(found.path)
        row = self._db.execute("SELECT id, run FROM files WHERE path = ?", (path,)).fetchone()
        if row is not None and row[1] == self._run:
            return False
        self._db.execute(
            "INSERT INTO files (path, run, number, label, todo) VALUES (?1, ?2, ?3, ?4, 0) "
            "ON CONFLICT (path) DO UPDATE SET run = ?2, number = ?3, label = ?4, todo = 0",
            (path, self._run, number, found.label),
        )
        file = row[0] if row else self._db.execute("SELECT last_insert_rowid()").fetchone()[0]
        self._db.executemany(
            "INSERT OR REPLACE INTO scopes VALUES (?, ?, ?)",
            [(file, f"folder:{folder}", depth) for depth, folder in enumerate(found.folders, start=1)],
        )
        return True

    def met(self, where: str = "1") -> Iterator[Entry]:
        """Yield the inputs of this run in their order; what is changed meanwhile is seen changed."""
        number = 0
        while page := self._entries(f"run = ? AND number > ? AND {where} ORDER BY number LIMIT {_PAGE}", (self._run, number)):
            yield from page
            number = page[-1].number

    def todo(self) -> Iterator[Entry]:
        """Yield the inputs of this run that are left to do, in their order."""
        return self.met("todo = 1")

    def count(self, where: str = "1") -> int:
        """Number of inputs of this run."""
        query = f"SELECT count(*) FROM files WHERE run = ? AND {where}"  # noqa: S608 - conditions are constants of this module
        return int(self._db.execute(query, (self._run,)).fetchone()[0])

    def entry(self, file: int) -> Entry:
        """One row."""
        return self._entries("id = ?", (file,))[0]

    def numbered(self, number: int) -> Entry:
        """The input with a number of this run."""
        return self._entries("run = ? AND number = ?", (self._run, number))[0]

    def at(self, path: Path) -> Entry | None:
        """The row of a path."""
        return next(iter(self._entries("path = ?", (os.fsencode(path),))), None)

    def with_status(self, status: Status) -> tuple[Entry, ...]:
        """The inputs of any run whose current record says this."""
        return tuple(self._entries("status = ? ORDER BY path", (status.value,)))

    def ids_at(self, path: Path) -> tuple[str, ...]:
        """Identities of what lay at a path, or below it, whatever lies there now."""
        begin = os.fsencode(path)
        query = (
            "SELECT DISTINCT input_id FROM files WHERE input_id != '' AND "
            "(path = ? OR (path >= ? AND path < ?) OR (path >= ? AND path < ?))"
        )
        rows = self._db.execute(query, (begin, begin + b"\0", begin + b"\1", begin + b"/", begin + b"0"))
        return tuple(row[0] for row in rows)

    def paths_of(self, input_id: str) -> tuple[PhiText, ...]:
        """Where a file with this identity lay when it was met last."""
        rows = self._db.execute("SELECT path FROM files WHERE input_id = ? ORDER BY path", (input_id,))
        return tuple(PhiText(os.fsdecode(row[0].partition(b"\0")[0])) for row in rows)

    def set(self, file: int, **values: Any) -> None:
        """Change columns of a row."""
        names = ", ".join(f"{name} = ?" for name in values)
        query = f"UPDATE files SET {names} WHERE id = ?"  # noqa: S608 - names are keyword arguments
        self._db.execute(query, (*values.values(), file))

    def forget_result(self, file: int) -> None:
        """Make a row as if its input had not been done; its record stays named in `seq`."""
        self.set(file, status="", reasons="[]", output=None, output_sha256=None, output_stat="", draft="", done_with="")

    def leave_behind(self, entry: Entry) -> int:
        """Keep a released output whose source is another file now, and return the row for that new file."""
        gone = os.fsencode(entry.path) + b"\0%d" % entry.id
        self._db.execute("UPDATE files SET path = ?, run = '', moved = ? WHERE id = ?", (gone, REPLACED, entry.id))
        self._db.execute(
            "INSERT INTO files (path, run, number, label) VALUES (?, ?, ?, ?)",
            (os.fsencode(entry.path), self._run, entry.number, entry.label),
        )
        new = int(self._db.execute("SELECT last_insert_rowid()").fetchone()[0])
        self._db.execute("INSERT INTO scopes SELECT ?, scope, depth FROM scopes WHERE file = ? AND depth > 0", (new, entry.id))
        return new

    def moved(self, old: Path, new: Path, stat: str) -> None:
        """Note that a finished source was moved."""
        self._db.execute("DELETE FROM files WHERE path = ?", (os.fsencode(new),))
        query = "UPDATE files SET path = ?, stat = ?, moved = ? WHERE path = ?"
        self._db.execute(query, (os.fsencode(new), stat, PUT_AWAY, os.fsencode(old)))

    def owner(self, stem: str) -> Entry | None:
        """The row that owns the name of an output."""
        return next(iter(self._entries("stem = ?", (stem,))), None)

    def inherit(self, heir: int, owner: int) -> None:
        """Hand everything that was made of a source over to the row of the place that it moved to."""
        columns = (
            "stem, status, reasons, output, output_sha256, output_stat, draft, seq, done_with, done_in, known_upto, kept_known"
        )
        values = self._db.execute(f"SELECT {columns} FROM files WHERE id = ?", (owner,)).fetchone()  # noqa: S608 - constants
        self._db.execute("UPDATE kept SET file = ? WHERE file = ?", (heir, owner))
        self._db.execute("DELETE FROM files WHERE id = ?", (owner,))
        self.set(heir, **dict(zip(columns.split(", "), values, strict=True)))

    def take_over(self, heir: int, input_id: str) -> bool:
        """Hand the record of a file that never got as far as a name over to where it moved to; tell whether there was one."""
        rows = self._db.execute("SELECT id, path FROM files WHERE input_id = ? AND stem IS NULL AND seq IS NOT NULL", (input_id,))
        for owner, path in rows if input_id else ():
            if owner != heir and not os.path.lexists(path):
                self.inherit(heir, owner)
                return True
        return False

    def last_number(self, group: str) -> int:
        """The highest number of an ordered name in a group; 0 where there is none."""
        prefix = f"{group}/"
        query = (
            "SELECT coalesce(max(CAST(substr(stem, ?) AS INTEGER)), 0) FROM files "
            "WHERE stem >= ? AND stem < ? AND stem GLOB '*/[0-9][0-9][0-9][0-9]*-*'"
        )
        return int(self._db.execute(query, (len(prefix) + 1, prefix, f"{group}0")).fetchone()[0])

    def unclaimed_record(self, input_id: str) -> int | None:
        """A current record of the same content that no row names: its run was killed before the ledger knew."""
        row = self._db.execute(
            "SELECT seq FROM records WHERE input_id = ?1 AND seq NOT IN "
            "(SELECT seq FROM files WHERE seq IS NOT NULL AND input_id = ?1)",
            (input_id,),
        ).fetchone()
        return int(row[0]) if input_id and row else None

    # -- cases and what is known in them

    def set_patient(self, file: int, patient: str) -> None:
        """Note which patient a file's header names; empty for none."""
        self._db.execute("DELETE FROM scopes WHERE file = ? AND depth = 0", (file,))
        if not patient:
            return
        scope = f"patient:{patient}"
        self._db.execute("INSERT OR IGNORE INTO patients SELECT scope, ? FROM scopes WHERE file = ? AND depth > 0", (scope, file))
        self._db.execute("INSERT OR REPLACE INTO scopes VALUES (?, ?, 0)", (file, scope))

    def learn(self, file: int | None, values: Iterable[KnownValue]) -> None:
        """Note values for all cases that a file belongs to; for the whole run where there is no file."""
        query = "SELECT scope FROM scopes WHERE file = ?"
        scopes = [_EVERYWHERE] if file is None else [row[0] for row in self._db.execute(query, (file,))]
        rows = [(scope, value.keyword, value.value.reveal()) for value in values for scope in scopes]
        self._db.executemany(
            "INSERT INTO known (scope, keyword, value) SELECT ?1, ?2, ?3 WHERE NOT EXISTS "
            "(SELECT 1 FROM known WHERE scope = ?1 AND keyword = ?2 AND value = ?3)",
            rows,
        )

    def known(self, file: int, after: int = 0) -> tuple[KnownValue, ...]:
        """Values to seek in a file, learnt after the one given.

        They are those of its patient, of its folder, of every folder around that as long as the headers in it name one patient
        at most, and of the whole run.
        """
        rows = self._db.execute(
            "SELECT DISTINCT keyword, value FROM known WHERE id > ? AND (scope = '' OR scope IN "
            "(SELECT scope FROM scopes WHERE file = ? AND (depth < 2 OR "
            "(SELECT count(*) FROM patients WHERE patients.scope = scopes.scope) < 2))) ORDER BY keyword, value",
            (after, file),
        )
        return tuple(KnownValue(keyword, PhiText(value)) for keyword, value in rows)

    def who_knows(self, fits: Callable[[str], bool]) -> Iterator[tuple[str, bool]]:
        """Yield the identities of files in whose cases a value fits, and whether their own header names that patient.

        A file whose header names another patient is not meant, whatever lies beside it.
        """
        scopes = {scope for scope, value in self._db.execute("SELECT scope, value FROM known") if fits(value)}
        rows = self._db.execute(
            "SELECT files.input_id, scopes.scope, own.scope FROM scopes JOIN files ON files.id = scopes.file "
            "LEFT JOIN scopes AS own ON own.file = files.id AND own.depth = 0 "
            "WHERE files.input_id != '' AND (scopes.depth < 2 OR "
            "(SELECT count(*) FROM patients WHERE patients.scope = scopes.scope) < 2) ORDER BY scopes.depth"
        )
        for input_id, scope, own in rows:
            if scope in scopes and (own is None or own in scopes):
                yield input_id, own is not None

    def every_known(self) -> tuple[KnownValue, ...]:
        """Every value of every case."""
        rows = self._db.execute("SELECT DISTINCT keyword, value FROM known ORDER BY keyword, value")
        return tuple(KnownValue(keyword, PhiText(value)) for keyword, value in rows)

    def newest_known(self) -> int:
        """Number of the newest value."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM known").fetchone()[0])

    def outdated(self) -> Iterator[Entry]:
        """Yield the clean files, of any run, for whose cases values were learnt after they were released."""
        checked = self._db.execute("SELECT coalesce(max(upto), 0) FROM checked").fetchone()[0]
        rows = self._db.execute(
            "SELECT DISTINCT files.id FROM known JOIN scopes ON scopes.scope = known.scope JOIN files ON files.id = scopes.file "
            "WHERE known.id > ?1 AND status = 'clean' AND known_upto < known.id "
            "UNION SELECT files.id FROM known JOIN files ON status = 'clean' AND known_upto < known.id "
            "WHERE known.id > ?1 AND known.scope = ''",
            (checked,),
        ).fetchall()
        for (file,) in rows:
            yield self.entry(file)

    def set_checked(self, upto: int) -> None:
        """Note that every clean file was looked at for all values up to this one."""
        self._db.execute("INSERT INTO checked VALUES (?)", (upto,))
        self._db.execute("DELETE FROM checked WHERE upto < ?", (upto,))

    def keep_text(self, file: int, texts: Iterable[PhiText] | None) -> None:
        """Note the text that was left visible in a file; None where nobody knows it."""
        self._db.execute("DELETE FROM kept WHERE file = ?", (file,))
        self._db.executemany("INSERT INTO kept VALUES (?, ?)", [(file, text.reveal()) for text in texts or ()])
        self.set(file, kept_known=int(texts is not None))

    def kept_text(self, file: int) -> tuple[PhiText, ...] | None:
        """The text that was left visible in a file; None where nobody knows it."""
        if not self._db.execute("SELECT kept_known FROM files WHERE id = ?", (file,)).fetchone()[0]:
            return None
        return tuple(PhiText(text) for (text,) in self._db.execute("SELECT text FROM kept WHERE file = ?", (file,)))

    def join_run(self, file: int) -> None:
        """Give a row of an earlier run the next number of this one."""
        query = "UPDATE files SET run = ?1, number = (SELECT coalesce(max(number), ?3) + 1 FROM files WHERE run = ?1) WHERE id = ?2"
        self._db.execute(query, (self._run, file, self._met))

    # -- the list for the owner of the sources

    def write_list(self) -> None:
        """Write DIR-held/ledger.jsonl: one line an input."""
        if self._held is None:
            return
        draft = self._held / "ledger.jsonl.new"
        handle = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            for line in self._lines():
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        draft.replace(self._held / "ledger.jsonl")

    def _lines(self) -> Iterator[dict[str, Any]]:
        origins = {Path(os.fsdecode(copy)): url for copy, url in self._db.execute("SELECT copy, url FROM origins")}
        query = "SELECT path, input_sha256, input_id, output, status, reasons FROM files WHERE status != '' ORDER BY path"
        for path, sha256, input_id, output, status, reasons in self._db.execute(query):
            codes = [code for code, _ in json.loads(reasons)]
            yield {
                "input": told(Path(os.fsdecode(path.partition(b"\0")[0])), origins).encode("utf-8", "replace").decode(),
                "input_sha256": sha256 or None,
                "input_id": input_id or None,
                "output": output,
                "status": status,
                "reason": codes[0] if codes else None,
            }

    def _entries(self, where: str, values: tuple[Any, ...]) -> list[Entry]:
        query = f"SELECT {_COLUMNS} FROM files WHERE {where}"  # noqa: S608 - conditions are constants of this module
        return [_entry(row) for row in self._db.execute(query, values)]


_COLUMNS: Final = (
    "id, path, run, number, label, stat, survey_with, input_id, input_sha256, kind, case_code, stem, status, reasons, output, "
    "output_sha256, output_stat, seq, done_with, done_in, known_upto, may_keep, moved"
)


def _entry(row: tuple[Any, ...]) -> Entry:
    values = list(row)
    values[1] = Path(os.fsdecode(row[1].partition(b"\0")[0]))
    values[13] = tuple(Reason(code, detail) for code, detail in json.loads(row[13]))
    return Entry(*values)
