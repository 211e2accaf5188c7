"""PDF: every page is rendered as a viewer shows it and becomes a picture; text, layers, forms and attachments stay behind."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from deid.contents import Contents, as_file
from deid.errors import FileRefused
from deid.formats import pdf_file
from deid.formats.arrays import PixelFrames, red_first
from deid.formats.header import PictureHeader
from deid.formats.pillow import check_count, check_size
from deid.formats.raster import RasterFormat, grey_where_possible, instance_of
from deid.policy import Policy
from deid.types import HeaderChange, Instance

if TYPE_CHECKING:
    from deid.types import Stored

_POINTS_AN_INCH = 72
# Text of a page stays legible, and one page of paper has some four million pixels.
_LEAST_DPI = 200
# Finer pictures than this are shrunk on the page for looks; nobody reads more in them.
_MOST_DPI = 600
# Sizes in points are written with three decimals.
_NEARLY = 0.01


class Pdf(RasterFormat):
    """PDF documents, without a password."""

    kind = "pdf"

    def accepts(self, data: Contents) -> bool:
        """Tell by the header, which viewers look for in the first kilobyte."""
        return b"%PDF-" in data[:1024]

    def read(self, data: Contents, policy: Policy) -> Instance:
        """Open a document; each page is rendered when it is wanted, as finely as the pictures on it."""
        document = _opened(data)
        count = len(document)
        check_count(count, policy)
        if not count:
            raise FileRefused("broken")
        points = tuple(document.get_page_size(index) for index in range(count))
        shapes = [_shape(document[index], points[index]) for index in range(count)]
        for rows, columns in shapes:
            check_size(rows, columns, policy)
        frames = PixelFrames(shapes, lambda index: _rendered(document[index], shapes[index]))
        if not frames.stored(0).size:
            raise FileRefused("broken")
        hidden = document.count_attachments()
        dropped = (HeaderChange("EmbeddedFiles", "X", hidden),) if hidden else ()
        named = sum(1 for value in document.get_metadata_dict().values() if value)
        removed = (HeaderChange("DocumentInfo", "X", named),) if named else ()
        return instance_of(self.kind, frames, policy, PictureHeader("pdf", points=points, removed=removed), dropped=dropped)

    def strangers(self, data: Contents) -> tuple[str, ...]:
        """Make a written file again from its pictures and compare every byte."""
        return pdf_file.strangers(data)


def _opened(data: Contents) -> Any:
    try:
        import pypdfium2
    except ImportError:
        raise FileRefused("format-refused", "a PDF document; install pypdfium2") from None
    try:
        return pypdfium2.PdfDocument(data if isinstance(data, bytes) else as_file(data))
    except pypdfium2.PdfiumError as error:
        if "assword" in str(error):
            raise FileRefused("format-refused", "a PDF document with a password") from None
        raise FileRefused("broken") from None


def _shape(page: Any, points: tuple[float, float]) -> tuple[int, int]:
    """Rows and columns that show every picture of a page in its own resolution."""
    from pypdfium2 import raw

    pictures = list(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]))
    others = any(item.type != raw.FPDF_PAGEOBJ_IMAGE for item in page.get_objects())
    whole = pictures[0] if len(pictures) == 1 and not others else None
    if whole is not None and _fills(whole, points):
        columns, rows = whole.get_px_size()
        if rows * columns > 1 and abs(rows / columns - points[1] / points[0]) * columns < 1:
            return rows, columns
    finest = max([_LEAST_DPI, *map(_dpi, pictures)])
    scale = min(finest, _MOST_DPI) / _POINTS_AN_INCH
    return max(1, math.ceil(points[1] * scale)), max(1, math.ceil(points[0] * scale))


def _fills(picture: Any, points: tuple[float, float]) -> bool:
    left, bottom, right, top = picture.get_bounds()
    return bool(max(abs(left), abs(bottom), abs(right - points[0]), abs(top - points[1])) < _NEARLY)


def _dpi(picture: Any) -> float:
    left, bottom, right, top = picture.get_bounds()
    columns, rows = picture.get_px_size()
    inches = max(right - left, 1e-3) / _POINTS_AN_INCH, max(top - bottom, 1e-3) / _POINTS_AN_INCH
    return float(max(columns / inches[0], rows / inches[1]))


def _rendered(page: Any, shape: tuple[int, int]) -> Stored:
    """Render a page with its annotations on white, (rows, columns, samples): grey where nothing has colour."""
    import pypdfium2
    from pypdfium2 import raw

    rows, columns = shape
    bitmap = pypdfium2.PdfBitmap.new_native(columns, rows, raw.FPDFBitmap_BGR)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, columns, rows)
    raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, columns, rows, 0, raw.FPDF_ANNOT)
    rendered = red_first(bitmap.to_numpy())
    return np.array(grey_where_possible(rendered))
