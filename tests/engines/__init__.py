"""Text engines that fail in one way each, for tests of what stands behind them: nothing may leak because an engine misbehaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deid.protocols import TextBox, TextEngine
from deid.types import PhiText, Quad, TextLine, Word

if TYPE_CHECKING:
    from deid.types import Display


class Still:
    """An engine that answers without looking; the sabotaged ones differ from it in one answer each."""

    name = "still"
    version = "0"

    def missing(self) -> str | None:
        return None

    def detect(self, image: Display) -> tuple[TextBox, ...]:
        return ()

    def read_text(self, image: Display, quads: Sequence[Quad]) -> tuple[TextLine, ...]:
        return tuple(unread(quad, self.name) for quad in quads)


class Empty(Still):
    """Sees nothing, anywhere, and says so without an error."""

    name = "empty"


class Crashing(Still):
    """Fails on the first look, with a text of the picture in its message, as foreign code does."""

    name = "crashing"

    def detect(self, image: Display) -> tuple[TextBox, ...]:
        raise RuntimeError("cannot decode 'DOE^JANE 00123456'")


class CrashingReader(Still):
    """Sees what the engine it wraps sees, and fails when it should read."""

    name = "crashing-reader"

    def __init__(self, inner: TextEngine) -> None:
        self._inner = inner

    def detect(self, image: Display) -> tuple[TextBox, ...]:
        return self._inner.detect(image)

    def read_text(self, image: Display, quads: Sequence[Quad]) -> tuple[TextLine, ...]:
        raise RuntimeError("cannot spell 'DOE^JANE 00123456'")


class Garbage(CrashingReader):
    """Sees what the engine it wraps sees, and reads nonsense with full confidence."""

    name = "garbage"

    def read_text(self, image: Display, quads: Sequence[Quad]) -> tuple[TextLine, ...]:
        return tuple(TextLine(PhiText("~#"), quad, (Word(PhiText("~#"), quad, 0),), 1.0, (0, 1), self.name) for quad in quads)


class Silent(CrashingReader):
    """Sees what the engine it wraps sees, and cannot read any of it."""

    name = "silent"

    def read_text(self, image: Display, quads: Sequence[Quad]) -> tuple[TextLine, ...]:
        return tuple(unread(quad, self.name) for quad in quads)


class OffByOne(CrashingReader):
    """Every box and every word lies one pixel to the lower right of where the wrapped engine sees it."""

    name = "off-by-one"

    def detect(self, image: Display) -> tuple[TextBox, ...]:
        return tuple(TextBox(shifted(box.quad), box.score) for box in self._inner.detect(image))

    def read_text(self, image: Display, quads: Sequence[Quad]) -> tuple[TextLine, ...]:
        return tuple(
            TextLine(
                line.text,
                shifted(line.quad),
                tuple(Word(word.text, shifted(word.quad), word.start) for word in line.words),
                line.confidence,
                line.frames,
                self.name,
            )
            for line in self._inner.read_text(image, quads)
        )


class Wild(Still):
    """Boxes beyond the picture, empty, inside out, and as large as the picture."""

    name = "wild"

    def detect(self, image: Display) -> tuple[TextBox, ...]:
        rows, columns = image.shape[:2]
        quads: tuple[Quad, ...] = (
            ((-50, -50), (-10, -50), (-10, -20), (-50, -20)),
            ((5, 5), (5, 5), (5, 5), (5, 5)),
            ((40, 20), (10, 20), (10, 10), (40, 10)),
            ((0, 0), (columns, 0), (columns, rows), (0, rows)),
            ((columns - 3, rows - 3), (columns + 90, rows - 3), (columns + 90, rows + 40), (columns - 3, rows + 40)),
        )
        return tuple(TextBox(quad, 0.9) for quad in quads)


def unread(quad: Quad, name: str) -> TextLine:
    """A line that nobody could read."""
    return TextLine(PhiText(""), quad, (), 0.0, (0, 1), name)


def shifted(quad: Quad) -> Quad:
    """The quad one pixel further right and down."""
    a, b, c, d = ((x + 1, y + 1) for x, y in quad)
    return a, b, c, d
