"""A case folder: walk, survey, resume, workers, one writer of the audit log."""

from deid.batch.session import Options, Progress, Session, exit_code, run, run_with

__all__ = ["Options", "Progress", "Session", "exit_code", "run", "run_with"]
