"""A case folder: walk, survey, resume, workers, one writer of the audit log."""

from deid.batch.session import Options, Progress, Session, exit_code, run, run_with, written_or_told
from deid.batch.shards import Shard, merge

__all__ = ["Options", "Progress", "Session", "Shard", "exit_code", "merge", "run", "run_with", "written_or_told"]
