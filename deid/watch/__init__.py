"""A drop folder: files that are put in come out clean."""

from deid.watch.drop_folder import Times
from deid.watch.watcher import WatchOptions, systemd_unit, watch

__all__ = ["Times", "WatchOptions", "systemd_unit", "watch"]
