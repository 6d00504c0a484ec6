"""Colours of figures in light and dark: each is a CSS variable, whose dark value keeps hue and contrast."""

import re
from collections.abc import Iterable

import numpy as np

_VARIABLE = re.compile(r"var\(--c([0-9a-f]{6})\)")
_GREY, _TINT, _LEAST = 0.02, 0.9, 0.66

# OKLab, an even space of lightness and two opponent colours (Ottosson 2020): linear RGB → cones → Lab.
_CONES = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]])
_LAB = np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]])


def variable(colour: str) -> str:
    """Returns the CSS variable that stands for a colour.

    Args:
        colour: Six hexadecimal digits after "#".

    Example:
        >>> variable("#0072B2")
        'var(--c0072b2)'
    """
    return f"var(--c{colour.lower().lstrip('#')})"


def used(texts: Iterable[str]) -> list[str]:
    """Returns the colours whose variables occur in texts, sorted.

    Args:
        texts: SVG or HTML.

    Example:
        >>> used(["fill: var(--cffffff)", "stroke: var(--c000000)"])
        ['#000000', '#ffffff']
    """
    return sorted({f"#{digits}" for text in texts for digits in _VARIABLE.findall(text)})


def dark(colour: str) -> str:
    """Returns what stands for a colour on a dark page: greys and tints turn round, strong colours are lightened.

    Args:
        colour: Six hexadecimal digits after "#", made for a white page.

    Example:
        >>> dark("#ffffff"), dark("#000000")
        ('#1f2125', '#ededed')
    """
    if colour.lower() == "#ffffff":
        return "#1f2125"
    lightness, *opponent = _to_lab(colour)
    chroma = float(np.hypot(*opponent))
    if chroma < _GREY or lightness > _TINT:
        lightness, opponent = 0.945 - 0.68 * lightness, [0.8 * part for part in opponent]
    else:
        lightness = max(lightness, _LEAST)
    return _to_hex(np.array([lightness, *opponent]))


def _to_lab(colour: str) -> np.ndarray:
    channels = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(channels > 0.04045, ((channels + 0.055) / 1.055) ** 2.4, channels / 12.92)
    return _LAB @ np.cbrt(_CONES @ linear)


def _to_hex(lab: np.ndarray) -> str:
    linear = np.clip(np.linalg.solve(_CONES, np.linalg.solve(_LAB, lab) ** 3), 0, 1)
    channels = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    return "#" + "".join(f"{round(255 * float(channel)):02x}" for channel in channels)
