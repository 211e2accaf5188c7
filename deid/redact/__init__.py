"""What will be done, then doing it."""

from __future__ import annotations

from deid.redact.pixels import Redacted, cover
from deid.redact.plan import add_masks, make_plan
from deid.redact.preview import preview

__all__ = ["Redacted", "add_masks", "cover", "make_plan", "preview"]
