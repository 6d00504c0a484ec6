"""Images inside a drawing, made small: a heat map or a cloud of marks has few colours, and may have them by number."""

import base64
import io
import re

from PIL import Image

_IMAGE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")
_COLOURS = 128
_LEAST = 2048
"""Bytes below which an image stays as it is: icons, and colour bars, whose steps would be seen."""


def lighter(link: str) -> str:
    """Returns a data link to a PNG image with the same picture in at most 128 colours; any other link as it is.

    Args:
        link: What an `image` of an SVG refers to.
    """
    found = _IMAGE.fullmatch(link)
    if found is None or len(content := base64.b64decode(found[1])) < _LEAST:
        return link
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(content)) as picture:
        opaque = picture.mode == "RGB" or picture.convert("RGBA").getchannel("A").getextrema() == (255, 255)
        plain = picture.convert("RGB" if opaque else "RGBA")
    method = Image.Quantize.MEDIANCUT if opaque else Image.Quantize.FASTOCTREE
    plain.quantize(_COLOURS, method=method, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    small = buffer.getvalue()
    return link if len(small) >= len(content) else f"data:image/png;base64,{base64.b64encode(small).decode()}"
