"""One verb: is what a certificate claims proven?"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from condenslab.checker.carried import check_distinct, check_embedded
from condenslab.checker.compatible import check_compatible
from condenslab.checker.complete import check_complete
from condenslab.checker.pairs import check_pairs
from condenslab.checker.point import check_point
from condenslab.checker.ranks import check_rank
from condenslab.checker.reading import Refused, flint, need


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Attributes:
        verified: Whether the claim is proven.
        kind: What was claimed, or empty where that could not be read.
        sentence: What is proven, or why the certificate is refused.
    """

    verified: bool
    kind: str
    sentence: str


def verify(certificate: Any) -> Verdict:
    """Checks a certificate from scratch.

    Args:
        certificate: The plain values of its JSON.

    Returns:
        Whether the claim is proven, with a sentence; a damaged or changed certificate is refused, never an error.
    """
    kind = ""
    try:
        _sealed(certificate)
        kind = need(certificate, "kind", str)
        if kind not in _CHECKS:
            raise Refused(f"the kind {kind[:40]!r} is unknown; valid: {', '.join(_CHECKS)}")
        with _context():
            return Verdict(True, kind, _CHECKS[kind](certificate))
    except Refused as refusal:
        return Verdict(False, kind, f"refused: {refusal}")
    except (ArithmeticError, ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        return Verdict(False, kind, f"refused: the certificate cannot be followed ({type(error).__name__}: {error})")


@contextlib.contextmanager
def _context() -> Iterator[None]:
    before = flint.ctx.prec, flint.ctx.cap
    flint.ctx.cap = 3
    try:
        yield
    finally:
        flint.ctx.prec, flint.ctx.cap = before


def _sealed(certificate: Any) -> None:
    if need(certificate, "format", str) != "condenslab-certificate" or need(certificate, "version", int) != 1:
        raise Refused("this is no certificate of format condenslab-certificate, version 1")
    body = {key: value for key, value in certificate.items() if key != "sha256"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if hashlib.sha256(text.encode()).hexdigest() != need(certificate, "sha256", str):
        raise Refused("its digest does not fit: the file was changed or cut after it was made")


def _point(certificate: Any) -> str:
    point = check_point(certificate)
    alone = "exactly one critical point in the box" if point.isolated else "a critical point on the section"
    open_signs = certificate["claim"]["inertia"]["open"]
    return f"{alone}, inertia {point.inertia}" + (f" at least, {open_signs} signs open" if open_signs else "")


def _embedded(certificate: Any) -> str:
    point, claim = check_embedded(certificate), certificate["claim"]
    open_signs = claim["inertia"]["open"]
    more = f" at least, {open_signs} signs open" if open_signs else ""
    return (
        f"a critical point of width {claim['width']} in an affine space of critical points of dimension "
        f"{claim['dimension']}, inertia {point.inertia}{more}"
    )


def _compatible(certificate: Any) -> str:
    point, claim = check_compatible(certificate), certificate["claim"]
    open_signs = claim["inertia"]["open"]
    more = f" at least, {open_signs} signs open" if open_signs else ""
    return (
        f"a critical point of widths {claim['widths']} in a family of critical points of dimension "
        f"{claim['dimension']}, inertia {point.inertia}{more}"
    )


_CHECKS: dict[str, Callable[[Any], str]] = {
    "critical_point": _point,
    "embedded_point": _embedded,
    "compatible_point": _compatible,
    "distinct_functions": check_distinct,
    "model_rank": check_rank,
    "complete_width_1": check_complete,
    "critical_pairs": check_pairs,
}
