"""A case folder: walk, survey, resume, workers, one writer of the audit log."""

from deid.batch.options import Options, Progress
from deid.batch.runs import exit_code, run, run_with
from deid.batch.session import Session
from deid.batch.shards import Shard, merge
from deid.batch.stopping import written_or_told
from deid.batch.takedown import Released, Trace, trace

__all__ = [
    "Options",
    "Progress",
    "Released",
    "Session",
    "Shard",
    "Trace",
    "exit_code",
    "merge",
    "run",
    "run_with",
    "trace",
    "written_or_told",
]
