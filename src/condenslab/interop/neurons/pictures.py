"""Pictures for the page without a plotting library: a heat map as PNG, curves and points as SVG."""

import base64
import struct
import zlib

import numpy as np

_MOST = 160


def png(image: np.ndarray) -> str:
    """Returns an image as a data URI.

    Args:
        image: Shape (row, column, 3), uint8.
    """
    rows, columns, _ = image.shape
    raw = b"".join(b"\0" + row.tobytes() for row in image)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(data).decode()


def heat_map(cosines: np.ndarray) -> str:
    """Returns |cosines| between neurons as a picture, white at 0 and dark at 1, like neurons beside each other.

    Args:
        cosines: Shape (neuron, neuron).
    """
    shade = np.clip(np.abs(cosines), 0, 1)[..., None]
    light, dark = np.array([255, 255, 255.0]), np.array([8, 48, 107.0])
    return png(np.round(light + shade * (dark - light)).astype(np.uint8))


def ordered(directions: np.ndarray) -> np.ndarray:
    """Returns at most 160 directions so that like ones are neighbours: each is followed by the nearest that is left.

    Args:
        directions: Unit rows, shape (neuron, number).
    """
    some = directions[np.linspace(0, len(directions) - 1, min(len(directions), _MOST)).astype(int)]
    cosines = np.abs(some @ some.T)
    np.fill_diagonal(cosines, -1)
    order = [int(np.argmax(cosines.max(axis=1)))]
    left = np.ones(len(some), bool)
    left[order[0]] = False
    while left.any():
        order.append(int(np.argmax(np.where(left, cosines[order[-1]], -2))))
        left[order[-1]] = False
    return some[order]


def histogram(values: np.ndarray, null: np.ndarray, label: str) -> str:
    """Returns the distribution of nearest cosines, filled, with that of a null as a line, as SVG.

    Args:
        values: Of the layer.
        null: Of the null.
        label: Said to those who cannot see it.
    """
    bins = np.linspace(0, 1, 41)
    heights, reference = (np.histogram(np.clip(v, 0, 1), bins)[0] / max(len(v), 1) for v in (values, null))
    top = max(heights.max(initial=0), reference.max(initial=0), 1e-9)
    bars = "".join(
        f'<rect x="{10 + 6 * i}" y="{100 - 90 * h / top:.1f}" width="6" height="{90 * h / top:.1f}" fill="#4477aa"/>'
        for i, h in enumerate(heights)
    )
    line = " ".join(f"{10 + 6 * (i + d)},{100 - 90 * h / top:.1f}" for i, h in enumerate(reference) for d in (0, 1))
    ticks = "".join(
        f'<text x="{10 + 240 * t}" y="113" font-size="9" text-anchor="middle">{t:g}</text>' for t in (0, 0.5, 1)
    )
    return (
        f'<svg role="img" aria-label="{label}" viewBox="0 0 260 118" width="260" height="118">{bars}'
        f'<polyline points="{line}" fill="none" stroke="#cc3311" stroke-width="1.5"/>{ticks}</svg>'
    )


def orientations(directions: np.ndarray, amplitudes: np.ndarray, label: str) -> str:
    """Returns neurons as points in the plane of their two leading directions, as SVG: condensed ones lie on few rays.

    Args:
        directions: Unit rows, shape (neuron, number).
        amplitudes: A length for each.
        label: Said to those who cannot see it.
    """
    _, _, axes = np.linalg.svd(directions[:2000], full_matrices=False)
    plane = directions @ axes[:2].T if len(axes) > 1 else np.stack([directions @ axes[0], 0 * amplitudes], axis=1)
    plane = plane * (amplitudes / max(amplitudes.max(initial=0), 1e-30))[:, None]
    reach = max(np.abs(plane).max(initial=0), 1e-9)
    points = "".join(
        f'<circle cx="{60 + 52 * x / reach:.1f}" cy="{60 - 52 * y / reach:.1f}" r="1.6" fill="#4477aa99"/>'
        for x, y in plane[:400]
    )
    axes_lines = '<path d="M60 5V115M5 60H115" stroke="#bbb" stroke-width=".7"/>'
    head = f'<svg role="img" aria-label="{label}" viewBox="0 0 120 120" width="120" height="120">'
    return f"{head}{axes_lines}{points}</svg>"
