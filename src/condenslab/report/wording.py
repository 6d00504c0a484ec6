"""How the page writes numbers: as many digits as the tolerance asks for, lists that stay readable, null as a dash."""

import math
import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from condenslab.figures import readable

_FEW = 6
_DASH = "—"
_POWER = re.compile(r"(?<![\w.&#])(\d+(?:\.\d+)?)e([-+−]?)0*(\d+)(?![\w.]*\w)")
_INDEX = re.compile(
    r"(?<![^\W\d])(NN|[^\W\d_])_"
    r"(?:\{([\w+−-]{1,9})\}|([A-Za-zα-ω\d]{1,2}|(?<=[A-Z]_)[a-z]{3,5}|model|head)(?![A-Za-z\d_]))"
)
_NUMBER = r"[-−]?\d+(?:[./]\d+)?"
_EXPONENT = re.compile(rf"\^(?:\{{({_NUMBER})\}}|\(([−-]?[\w./]{{1,8}})\)|({_NUMBER}))")


def value(content: Any, tolerance: Any = None, expected: Any = None) -> str:
    """Writes a value of a claim: a number, a string, null, or a list with one value a seed.

    Args:
        content: What the store holds: a number, a string, None, or a list of these.
        tolerance: The claim's tolerance; numbers are written to two digits beyond its leading one, 3 to 10 significant
            ones in all; without a tolerance, 4.
        expected: The claim's expected value; a number more than ten times as large is far beyond any tolerance and gets
            4 digits.

    Returns:
        Plain text. Equal values of a list are written once, more than six as their range.

    Example:
        >>> value(0.1090227421, 1e-6), value([3, 3, 3]), value(None)
        ('0.10902274', '3 (each of 3)', '—')
    """
    if isinstance(content, dict):
        return ", ".join(f"{name} {value(part, tolerance, expected)}" for name, part in content.items()) or _DASH
    if not isinstance(content, list | tuple):
        far = _is_number(content) and _is_number(expected) and abs(content) > 10 * abs(expected)
        return _one(content, None if far else tolerance)
    parts = [value(part, tolerance, expected) for part in content]
    if not parts:
        return _DASH
    if len(parts) > 1 and len(set(parts)) == 1:
        return f"{parts[0]} (each of {len(parts)})"
    if len(parts) > _FEW and all(_is_number(part) for part in content):
        low, high = (value(end, tolerance, expected) for end in (min(content), max(content)))
        return f"{low} to {high} ({len(parts)} values)"
    return ", ".join(parts)


def exact(content: Any) -> str:
    """Writes a value with all its digits, for the reader who wants to compare.

    Example:
        >>> exact([0.1, None])
        '0.1, —'
    """
    if isinstance(content, list | tuple):
        return ", ".join(map(exact, content))
    return _DASH if content is None else str(content)


def margin(content: Any) -> str:
    """Writes a margin with its sign, at two digits.

    Example:
        >>> margin(0.957), margin(-0.2), margin(None)
        ('+0.96', '−0.2', '—')
    """
    text = _one(content, None, digits=2)
    return f"+{text}" if text[0].isdigit() else text


def seconds(duration: float) -> str:
    """Writes a duration in the unit that people would use.

    Example:
        >>> seconds(0.25), seconds(75.0), seconds(7260.0)
        ('0.25 s', '1 min 15 s', '2 h 1 min')
    """
    if duration < 60:
        return f"{readable(duration, 2)} s"
    minutes, rest = divmod(round(duration), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def prose(text: str) -> Markup:
    """Sets formulas in a text of a study as people write them: 1e-06 as 10⁻⁶, m^−0.2 raised, x_{s+1} lowered.

    Args:
        text: Any text; what is markup in it is shown, not obeyed.

    Example:
        >>> str(prose("std 1e-06 of m^−3 < 2.5e-3"))
        'std 10<sup>−6</sup> of m<sup>−3</sup> &lt; 2.5×10<sup>−3</sup>'
    """
    safe = _POWER.sub(_power, str(escape(text)))
    raised = _EXPONENT.sub(lambda found: f"<sup>{next(filter(None, found.groups())).replace('-', '−')}</sup>", safe)
    return Markup(_INDEX.sub(lambda found: f"{found[1]}<sub>{found[2] or found[3]}</sub>", raised))


def _power(found: re.Match[str]) -> str:
    factor = "" if float(found[1]) == 1 else f"{found[1]}×"
    return f"{factor}10<sup>{'−' if found[2] in '-−' and found[2] else ''}{int(found[3])}</sup>"


def moment(time: str) -> str:
    """Writes a UTC time of ISO 8601 as people do.

    Example:
        >>> moment("2026-01-31T09:05:00+00:00")
        '2026-01-31 09:05:00 UTC'
    """
    return time.replace("T", " ").replace("+00:00", " UTC")


def _one(content: Any, tolerance: Any, digits: int | None = None) -> str:
    if content is None:
        return _DASH
    if not _is_number(content):
        return str(content)
    if isinstance(content, int) and abs(content) < 10**9:
        return f"{content:,}".replace(",", "\u202f").replace("-", "−")
    return readable(float(content), digits or _digits(content, tolerance)).replace("-", "−")


def _is_number(content: Any) -> bool:
    return isinstance(content, int | float) and not isinstance(content, bool) and math.isfinite(content)


def _digits(number: float, tolerance: Any) -> int:
    known = _is_number(tolerance) and tolerance > 0 and number != 0
    return min(10, max(3, _leading(number) - _leading(tolerance) + 3)) if known else 4


def _leading(number: float) -> int:
    return math.floor(math.log10(abs(number)))


def expectation(claim: Mapping[str, Any]) -> str:
    """Writes what a claim expects, with the sign between measured and expected: "≤ 0.05", "= 0.11 ± 0.005".

    Args:
        claim: A row of the store; one of an older version says nothing of the sign.

    Example:
        >>> expectation({"relation": "=", "expected": 0.11, "tolerance": 0.005})
        '= 0.11 ± 0.005'
    """
    sign, tolerance = claim.get("relation", ""), claim["tolerance"]
    exact = isinstance(claim["expected"], int) or not _is_number(claim["expected"]) or not tolerance
    around = "" if sign != "=" or exact else f" ± {value(tolerance)}"
    return f"{sign} {value(claim['expected'], tolerance)}{around}".strip()


def span(content: Any, digits: int = 3) -> str:
    """Writes measured values for a sentence: one number, or the ends of their range.

    Args:
        content: A number, a string, None, or a list of these.
        digits: Significant digits.

    Example:
        >>> span([4.2555, None, 4.3448]), span([9, 9]), span(0.5)
        ('4.26 to 4.34', '9', '0.5')
    """
    if not isinstance(content, list | tuple):
        return _one(content, None, digits)
    numbers = [part for part in content if _is_number(part)]
    if not numbers:
        return _one(content[0], None, digits) if content else _DASH
    ends = [_one(end, None, digits) for end in (min(numbers), max(numbers))]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)
