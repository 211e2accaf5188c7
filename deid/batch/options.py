"""How a run goes about its work: what the user may choose beside the policy, and what is told while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deid.batch.shards import Shard
from deid.batch.tasks import Work
from deid.types import KnownValue


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; `seconds` since it began.

    `phase` is "survey" or "redact", with URLs "fetch" and "publish" too; "stopping", once, after the first Ctrl-C.
    """

    phase: str
    done: int
    total: int
    held: int
    failed: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How a run goes about its work; what it does is the policy's.

    `jobs` 0 means a worker a core. `known` are values that the user knows. `fresh` does everything again. `dry_run` plans and
    writes nothing but, where it is given, pictures of the plans into the folder `preview`. `progress` is called after every file.
    `shard` does one part of the inputs. `scheduler` is the address of a Dask scheduler whose machines do the work. `origins` says
    of local copies behind which URL their originals lie.
    """

    jobs: int = 0
    known: tuple[KnownValue, ...] = ()
    fresh: bool = False
    dry_run: bool = False
    preview: Path | None = None
    progress: Callable[[Progress], None] | None = None
    shard: Shard | None = None
    scheduler: str = ""
    origins: Mapping[Path, str] = field(default_factory=dict)
    work: Work = field(default_factory=Work)
