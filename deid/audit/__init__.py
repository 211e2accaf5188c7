"""The audit log: hash-chained JSON lines, one current record an input, without anything that identifies anyone."""

from deid.audit.chain import ChainWalk, Head
from deid.audit.log import LOG_NAME, AuditLog
from deid.audit.record import RunFacts, record_from
from deid.audit.report import AuditReport, Fault, check, file_sha256, strangers

__all__ = [
    "LOG_NAME",
    "AuditLog",
    "AuditReport",
    "ChainWalk",
    "Fault",
    "Head",
    "RunFacts",
    "check",
    "file_sha256",
    "record_from",
    "strangers",
]
