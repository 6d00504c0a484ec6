"""The values of one field: a list, or a range with its spacing; and draws from ranges, random or Sobol."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from condenslab.errors import UserError

_SPACED = ("linear", "log", "range")
_DRAWN = ("uniform", "log", "integers", "choice")
_MOST = 10**8


def flattened(table: Mapping[str, Any], where: str, kinds: Sequence[str]) -> dict[str, Any]:
    """Returns the fields of a table by their dotted names; a table that is a range stays one.

    Args:
        table: As it stands in the file.
        where: The table's own path, for messages.
        kinds: Keys of which one makes a table a range.

    Raises:
        UserError: A field is named twice.
    """
    found: dict[str, Any] = {}
    for name, value in table.items():
        deeper = isinstance(value, Mapping) and not set(value) & set(kinds)
        own = (
            {f"{name}.{k}": v for k, v in flattened(value, f"{where}.{name}", kinds).items()}
            if deeper
            else {name: value}
        )
        for field, content in own.items():
            if field in found:
                raise UserError(f"{where}.{field} is given twice: keep one")
            found[field] = content
    return found


def axes(table: Mapping[str, Any], where: str) -> dict[str, list[Any]]:
    """Returns the values of every field of a grid.

    Args:
        table: Lists, `{linear = [a, b], count = n}`, `{log = [a, b], count = n}` or `{range = [a, b]}` (whole numbers
            from a up to b, b left out), by field.
        where: The table's path.

    Raises:
        UserError: A field is none of these; the message has its path.
    """
    return {name: _axis(value, f"{where}.{name}") for name, value in flattened(table, where, _SPACED).items()}


def drawn(table: Mapping[str, Any], where: str, method: str, count: int, seed: int) -> list[dict[str, Any]]:
    """Returns points drawn from ranges.

    Args:
        table: `{uniform = [a, b]}`, `{log = [a, b]}`, `{integers = [a, b]}` (ends included) or `{choice = […]}`.
        where: The table's path.
        method: `"random"`, or `"sobol"` for a scrambled Sobol sequence, which fills the space evenly.
        count: How many.
        seed: Of the draws.

    Raises:
        UserError: A field is none of these.
    """
    fields = ranges(table, where)
    if method == "sobol":
        from scipy.stats import qmc

        engine = qmc.Sobol(len(fields), scramble=True, rng=np.random.default_rng(seed))
        units = engine.random_base2(max(0, math.ceil(math.log2(count))))[:count]
    else:
        units = np.random.default_rng(seed).random((count, len(fields)))
    return [
        {name: at(kind, bounds, u) for (name, (kind, bounds)), u in zip(fields.items(), row, strict=True)}
        for row in units
    ]


def ranges(table: Mapping[str, Any], where: str) -> dict[str, tuple[str, list[Any]]]:
    """Returns kind and bounds of every field that is drawn or searched over.

    Args:
        table: See `drawn`.
        where: The table's path.

    Raises:
        UserError: A field is no such range.
    """
    found = {}
    for name, value in flattened(table, where, _DRAWN).items():
        path = f"{where}.{name}"
        if not isinstance(value, Mapping) or len(value) != 1 or next(iter(value)) not in _DRAWN:
            raise UserError(
                f"{path} must be one of {{uniform = [a, b]}}, {{log = [a, b]}}, {{integers = [a, b]}} and "
                f"{{choice = […]}}. Got {value!r}"
            )
        ((kind, bounds),) = value.items()
        found[name] = kind, _choice(bounds, path) if kind == "choice" else _ends(bounds, f"{path}.{kind}", kind)
    if not found:
        raise UserError(f"{where} needs at least one field")
    return found


def at(kind: str, bounds: Sequence[Any], unit: float) -> Any:
    """Returns the value of a range at a place.

    Args:
        kind: Of the range.
        bounds: Its ends, or the choices.
        unit: The place, in [0, 1).
    """
    if kind == "choice":
        return bounds[int(unit * len(bounds))]
    low, high = bounds
    if kind == "integers":
        return int(low + math.floor(unit * (high - low + 1)))
    if kind == "log":
        return float(low * (high / low) ** unit)
    return float(low + (high - low) * unit)


def _axis(value: Any, path: str) -> list[Any]:
    if isinstance(value, list):
        return _choice(value, path)
    if not isinstance(value, Mapping):
        raise UserError(f"{path} must be a list, or a range such as {{log = [1e-3, 1], count = 4}}. Got {value!r}")
    kinds = [kind for kind in _SPACED if kind in value]
    strange = sorted(set(value) - {*_SPACED, "count"})
    if len(kinds) != 1 or strange or ("count" in value) == (kinds == ["range"]):
        raise UserError(
            f"{path} must be {{linear = [a, b], count = n}}, {{log = [a, b], count = n}} or {{range = [a, b]}}. "
            f"Got {value!r}"
        )
    kind = kinds[0]
    low, high = _ends(value[kind], f"{path}.{kind}", kind)
    if kind == "range":
        if high - low > _MOST:
            raise UserError(f"{path}.range has {high - low} values: at most {_MOST} are taken")
        return list(range(low, high))
    count = value["count"]
    if type(count) is not int or not 1 <= count <= _MOST:
        raise UserError(f"{path}.count must be a whole number from 1 to {_MOST}. Got {count!r}")
    spaced = np.geomspace(low, high, count) if kind == "log" else np.linspace(low, high, count)
    return spaced.tolist()


def _ends(bounds: Any, path: str, kind: str) -> list[Any]:
    """Checks the two ends of a range."""
    whole = kind in ("range", "integers")
    wanted = "whole numbers" if whole else "positive numbers" if kind == "log" else "numbers"
    kinds = (int,) if whole else (int, float)
    good = isinstance(bounds, list) and len(bounds) == 2
    good = good and all(type(end) in kinds and math.isfinite(end) for end in bounds) and bounds[0] <= bounds[1]
    good = good and not (kind == "log" and bounds[0] <= 0) and not (kind == "range" and bounds[0] == bounds[1])
    if not good:
        raise UserError(f"{path} must be two {wanted}, the smaller one first. Got {bounds!r}")
    return bounds


def _choice(values: Any, path: str) -> list[Any]:
    """Checks a list of values."""
    if not isinstance(values, list) or not values:
        raise UserError(f"{path} must be a list with at least one entry. Got {values!r}")
    for number, value in enumerate(values):
        if type(value) not in (bool, int, float, str, list) or (type(value) is float and not math.isfinite(value)):
            raise UserError(f"{path}[{number}] must be a number, a string, true or false, or a list. Got {value!r}")
    return values
