"""Cases as data: canonical JSON and the content hash by which a record is found again."""

import dataclasses
import hashlib
import math
from typing import TYPE_CHECKING, Any, TypeGuard

import msgspec

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ID_DIGITS = 32
"""Hexadecimal digits of a case id: 128 bits, so that equal ids of unequal cases do not occur."""


def canonical(obj: Any) -> bytes:
    """Encodes a value as canonical JSON: equal values, and only they, give equal bytes.

    Keys are sorted. A number is written by its value, as in RFC 8785: `1` and `1.0` give the same bytes, and so do
    `0.0` and `-0.0`. A dataclass becomes an object of its fields plus `"@type"`, the name of its class, so that two
    methods with the same parameters differ; a field with metadata `{"hash": False}` is left out.

    Args:
        obj: None, a bool, int, float or str, a list or tuple, a dict with string keys, or a frozen dataclass of those.

    Returns:
        The UTF-8 bytes.

    Raises:
        TypeError: For any other type, NumPy scalars included: they print like Python's numbers but are rounded
            otherwise.
        ValueError: For a number that is not finite, which JSON cannot hold.

    Example:
        >>> canonical({"b": 1.0, "a": [0.5, None]})
        b'{"a":[0.5,null],"b":1}'
    """
    return msgspec.json.encode(_plain(obj, "case", hashed_only=True), order="sorted")


def described(case: Any) -> dict[str, Any]:
    """Turns a case into a dictionary for people and tables: every field, those outside the hash included.

    Args:
        case: A frozen dataclass; see `canonical` for what its fields may hold.

    Returns:
        Its fields by name, nested dataclasses as dictionaries with an `"@type"`.

    Raises:
        TypeError: If the case is not a frozen dataclass or a field is of another type.
        ValueError: If a number is not finite.
    """
    if not _is_frozen_dataclass(case):
        raise TypeError(f"a case must be an instance of a frozen dataclass. Got {case!r}.")
    return _plain(case, "case", hashed_only=False)


def case_id(study: str, revision: int, case: Any, precision: str) -> str:
    """Computes the id of a case: the SHA-256 of its study, the study's revision, its fields and the precision.

    Args:
        study: Name of the study.
        revision: The study's revision; it is raised when the same case would give other numbers.
        case: A frozen dataclass; see `canonical`.
        precision: `"float32"` or `"float64"`.

    Returns:
        The first 32 hexadecimal digits of the hash.

    Raises:
        TypeError: See `canonical`.
        ValueError: See `canonical`.
    """
    content = {"study": study, "revision": revision, "case": case, "precision": precision}
    return hashlib.sha256(canonical(content)).hexdigest()[:ID_DIGITS]


def _plain(value: Any, where: str, *, hashed_only: bool) -> Any:
    """Reduces a value to JSON's types, or say which part of it cannot be."""
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return _number(value, where)
    if type(value) in (list, tuple):
        return [_plain(item, f"{where}[{index}]", hashed_only=hashed_only) for index, item in enumerate(value)]
    if type(value) is dict and all(type(key) is str for key in value):
        return {key: _plain(item, f"{where}.{key}", hashed_only=hashed_only) for key, item in value.items()}
    if _is_frozen_dataclass(value):
        return {"@type": type(value).__name__} | {
            field.name: _plain(getattr(value, field.name), f"{where}.{field.name}", hashed_only=hashed_only)
            for field in dataclasses.fields(value)
            if field.metadata.get("hash", True) or not hashed_only
        }
    raise TypeError(_refusal(value, where))


def _number(value: float, where: str) -> int | float:
    """Writes a whole number that a float holds exactly as an integer."""
    if not math.isfinite(value):
        raise ValueError(f"{where} is {value}; JSON has no such number: use None or a finite value.")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _is_frozen_dataclass(value: Any) -> "TypeGuard[DataclassInstance]":
    parameters = getattr(type(value), "__dataclass_params__", None)
    return parameters is not None and parameters.frozen


def _refusal(value: Any, where: str) -> str:
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if type(value).__module__ == "numpy":
        return f"{where} is a {kind}: convert it with .item() or .tolist(), so that the id does not depend on NumPy."
    return f"{where} is a {kind}: use None, bool, int, float, str, or lists, dicts or frozen dataclasses of those."
