"""What will be done, then doing it."""

from __future__ import annotations

from deid.redaction.decided import decide, may_be_removed
from deid.redaction.pixels import REACH, Redacted, cover
from deid.redaction.plan import add_masks, make_plan
from deid.redaction.preview import places, preview

__all__ = ["REACH", "Redacted", "add_masks", "cover", "decide", "make_plan", "may_be_removed", "places", "preview"]
