"""What will be done, then doing it."""

from __future__ import annotations

from deid.redaction.pixels import Redacted, cover
from deid.redaction.plan import add_masks, make_plan
from deid.redaction.preview import preview

__all__ = ["Redacted", "add_masks", "cover", "make_plan", "preview"]
