"""Settings of a study: the fields of a preset, and strict changes to them."""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from condenslab.errors import UserError, unknown

Settings = TypeVar("Settings")

Count = Annotated[int, msgspec.Meta(ge=1)]
"""How many, at least one."""
CountOrZero = Annotated[int, msgspec.Meta(ge=0)]
"""How many, which may be none."""
Positive = Annotated[float, msgspec.Meta(gt=0)]
"""A number above 0."""
Numbers = Annotated[tuple[float, ...], msgspec.Meta(min_length=1)]
"""Numbers, at least one."""


def changed(settings: Settings, overrides: Mapping[str, Any]) -> Settings:
    """Returns settings with some fields changed.

    Args:
        settings: An instance of a frozen dataclass.
        overrides: New values by field name. A value must have the field's type; a string is read as on the command
            line: as JSON of the field's type (`0.01`, `true`, `null`, `[1,2]`), as a list without brackets and quotes
            (`1,2`, `tanh,relu`), or, where the field takes text, as that text.

    Raises:
        UserError: There is no such field, or the value does not fit it or is an empty list.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Grid:
        ...     width: int = 500
        ...     rates: tuple[float, ...] = (0.1,)
        >>> changed(Grid(), {"width": "40", "rates": "0.1,0.2"})
        Grid(width=40, rates=(0.1, 0.2))
    """
    types = get_type_hints(type(settings), include_extras=True)
    values: dict[str, Any] = {}
    for name, value in overrides.items():
        if name not in types:
            raise unknown("setting", name, types)
        values[name] = (
            _parse(name, value, types[name]) if isinstance(value, str) else _convert(name, value, types[name])
        )
        if values[name] in ((), [], {}, frozenset()) and getattr(settings, name):
            raise UserError(f"the setting {name!r} needs at least one entry: an empty list leaves nothing to compute")
    try:
        return dataclasses.replace(settings, **values)  # type: ignore[type-var]
    except ValueError as error:
        raise UserError(f"these settings do not fit together: {error}") from error


def assignments(texts: list[str]) -> dict[str, str]:
    """Splits `KEY=VALUE` texts.

    Raises:
        UserError: One has no `=` or no key, or a key is given twice.

    Example:
        >>> assignments(["width=40", "name=a=b"])
        {'width': '40', 'name': 'a=b'}
    """
    pairs: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UserError(f"--set needs KEY=VALUE, for example --set width=100. Got {text!r}")
        if key in pairs:
            raise UserError(f"--set names {key!r} twice, as {pairs[key]!r} and {value!r}: keep one")
        pairs[key] = value
    return pairs


def as_dict(settings: Any) -> dict[str, Any]:
    """Returns every field of some settings by name, as JSON would hold it."""
    return msgspec.json.decode(msgspec.json.encode(settings))


def _parse(name: str, text: str, kind: Any) -> Any:
    """Reads a text as JSON of a type (`True` passes for `true`), as a list without brackets or quotes, or as itself."""
    if get_origin(kind) is Literal and set(map(type, get_args(kind))) == {str} and text not in get_args(kind):
        raise unknown(f"{name} (a setting)", text, get_args(kind))
    problem, inner = "", (*get_args(kind), None)[0]
    words = [word.strip().strip("\"'") for word in text.strip().removeprefix("[").removesuffix("]").split(",")]
    wrong = [word for word in words if word and get_origin(inner) is Literal and word not in map(str, get_args(inner))]
    if wrong:
        raise unknown(f"entry of {name} (a setting)", wrong[0], map(str, get_args(inner)))
    for number, candidate in enumerate((text, text.lower(), f"[{text}]", msgspec.json.encode(words).decode())):
        try:
            return msgspec.json.decode(candidate, type=kind)
        except msgspec.ValidationError as error:
            problem = str(error) if number == 0 else problem
        except msgspec.DecodeError:
            continue
    try:
        return msgspec.convert(text, type=kind)
    except msgspec.ValidationError as error:
        raise _misfit(name, text, problem or str(error)) from error


def _convert(name: str, value: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(value, type=kind)
    except msgspec.ValidationError as error:
        raise _misfit(name, value, str(error)) from error


def _misfit(name: str, value: Any, problem: str) -> UserError:
    reason = problem.replace("`", "").rstrip(".")
    return UserError(f"the setting {name!r} cannot be {value!r}: {reason[:1].lower()}{reason[1:]}")
