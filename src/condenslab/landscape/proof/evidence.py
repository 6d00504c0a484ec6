"""What a proof is written down as: balls as exact text, and the digest that shows that nothing was changed since."""

import hashlib
import json
from importlib import metadata
from typing import Any

from condenslab.landscape.proof.exact import dyadic_text, flint, fraction

FORMAT, VERSION = "condenslab-certificate", 1


def ball_text(value: Any) -> list[str]:
    """Returns a somewhat larger ball as [midpoint, radius], both exact.

    The radius is 4 times the ball's and 2^(−digits/2)·max(1, |midpoint|) more, so that an enclosure by another path,
    with other rounding, lies inside.

    Args:
        value: A finite ball.
    """
    room = flint.arb(2) ** (-(flint.ctx.prec // 2)) * abs(value.mid()).max(flint.arb(1))
    return [dyadic_text(value), dyadic_text((4 * value.rad() + room).upper())]


def number_text(value: float) -> str:
    """Returns a float64 as exact text.

    Args:
        value: The number.
    """
    return dyadic_text(flint.arb(value))


def number(text: str) -> float:
    """Returns the float64 nearest to an exact number of a certificate.

    Args:
        text: As `exact_text` takes it.
    """
    return float(fraction(text))


def sealed(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """Returns a certificate: the body with format, versions and the digest of all of it.

    Args:
        kind: What is claimed.
        body: Plain values.
    """
    versions = {"condenslab": metadata.version("condenslab"), "python-flint": flint.__version__}
    whole = {"format": FORMAT, "version": VERSION, "kind": kind, **body, "versions": versions}
    return {**whole, "sha256": digest(whole)}


def digest(values: dict[str, Any]) -> str:
    """Returns the SHA-256 of plain values in canonical JSON (sorted keys, no spaces, UTF-8).

    Args:
        values: The certificate without its digest.
    """
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
