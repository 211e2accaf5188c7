"""GIF: frames composed whole and upright; written back as GIF where its palettes can hold them, else as animated PNG."""

from __future__ import annotations

from PIL import Image

from deid.contents import Contents
from deid.formats import gif_file
from deid.formats.film import film_of
from deid.formats.header import PictureHeader
from deid.formats.pillow import check_count, decoding, open_picture
from deid.formats.raster import RasterFormat, counted, instance_of
from deid.policy import Policy
from deid.types import Instance


class Gif(RasterFormat):
    """GIF87a and GIF89a."""

    kind = "gif"

    def accepts(self, data: Contents) -> bool:
        """Tell by the signature."""
        return data.startswith(gif_file.SIGNATURES)

    def read(self, data: Contents, policy: Policy) -> Instance:
        """Decode a GIF; every frame is shown whole, as a viewer composes it."""
        with decoding():
            image = open_picture(data, "GIF", policy)
            check_count(getattr(image, "n_frames", 1), policy)
            frames, durations = film_of(image, lambda: open_picture(data, "GIF", policy))
            fits = all(gif_file.holds(frames.stored(index)) for index in range(frames.count))
            removed = counted(gif_file.removed_parts(data))
            header = PictureHeader("gif" if fits else "png", durations, _plays(image), removed=removed)
            return instance_of(self.kind, frames, policy, header)

    def strangers(self, data: Contents) -> tuple[str, ...]:
        """Walk a written file block by block."""
        return gif_file.strangers(data)


def _plays(image: Image.Image) -> int:
    """How often the film plays, 0 for ever: once without the loop block, once more than the number in it."""
    loop = image.info.get("loop")
    return 1 if loop is None else (int(loop) + 1 if loop else 0)
