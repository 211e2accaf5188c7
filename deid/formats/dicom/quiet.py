"""Keep pydicom from quoting values: its warnings and log lines hold what the file holds."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom import config


@contextmanager
def quiet() -> Iterator[None]:
    """Run pydicom without warnings, log lines and checks of values; its settings come back afterwards."""
    reading, writing = config.settings.reading_validation_mode, config.settings.writing_validation_mode
    silenced = config.logger.disabled
    try:
        config.settings.reading_validation_mode = config.IGNORE
        config.settings.writing_validation_mode = config.IGNORE
        config.logger.disabled = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        config.settings.reading_validation_mode, config.settings.writing_validation_mode = reading, writing
        config.logger.disabled = silenced
