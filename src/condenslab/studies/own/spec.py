"""The file of a sweep: what it may hold, decoded strictly, every mistake with the path of its field."""

import tomllib
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from condenslab.errors import UserError, unknown
from condenslab.studies.own.axes import axes, drawn, flattened
from condenslab.studies.settings import Count, CountOrZero
from condenslab.tasks.files import regular_size

LIBRARY = ("task", "network", "training", "measure")
"""The tables that describe a computation by the library's parts."""


class Draw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points drawn from ranges.

    Attributes:
        fields: Ranges by field; see `condenslab.studies.own.axes.drawn`.
        count: How many points.
        method: `random` or `sobol`.
        seed: Of the draws.
    """

    fields: dict[str, Any]
    count: Count
    method: Literal["random", "sobol"] = "random"
    seed: CountOrZero = 0


class Bisection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="bisection"):
    """The boundary at which a condition begins or ends to hold, between two ends of which it holds at one.

    Attributes:
        field: The field that varies.
        between: The two ends.
        value: Name of the value that the condition is about.
        below: It holds where the value is at most this.
        above: It holds where the value is at least this.
        tolerance: The boundary is located to this.
        log: Whether to bisect, and to measure the tolerance, in the logarithm (base 10).
        over: Further fields with lists or ranges, such as seeds: at each place all of these are computed.
        share: The share of them at which the condition must hold.
    """

    field: str
    between: tuple[float, float]
    value: str
    tolerance: Annotated[float, Meta(gt=0)]
    below: float | None = None
    above: float | None = None
    log: bool = False
    over: dict[str, Any] = {}
    share: Annotated[float, Meta(gt=0, le=1)] = 1.0


class Smallest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="smallest"):
    """The smallest whole number at which a condition holds.

    Attributes:
        field: The field that varies.
        between: The least and the largest number that are tried.
        value: As for a bisection, like the rest.
        below: As there.
        above: As there.
        over: As there.
        share: As there.
        monotone: Whether the condition holds from some number on: then it is found by bisection; else every number is
            tried in turn until one succeeds.
        parallel: How many numbers are tried at a time.
    """

    field: str
    between: tuple[int, int]
    value: str
    below: float | None = None
    above: float | None = None
    over: dict[str, Any] = {}
    share: Annotated[float, Meta(gt=0, le=1)] = 1.0
    monotone: bool = False
    parallel: Count = 1


class Tuning(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="optuna"):
    """The best values of some fields, by Optuna's sampler (TPE, or CMA-ES), with a seed.

    Attributes:
        fields: Ranges by field; see `condenslab.studies.own.axes.drawn`.
        value: Name of the value that is to be small, or large.
        trials: How many places are tried.
        direction: `minimize` or `maximize`.
        sampler: `tpe` or `cmaes`.
        seed: Of the sampler.
        parallel: How many places are tried at a time.
        over: Further fields, such as seeds: at each place all are computed, and the median counts.
    """

    fields: dict[str, Any]
    value: str
    trials: Count
    direction: Literal["minimize", "maximize"] = "minimize"
    sampler: Literal["tpe", "cmaes"] = "tpe"
    seed: CountOrZero = 0
    parallel: Count = 1
    over: dict[str, Any] = {}


Search = Bisection | Smallest | Tuning


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file of a sweep holds.

    Attributes:
        name: Under which the records are stored, as if it were a study.
        function: Your function as "module:function", searched in the current folder first; it gets the fields of a
            point as named arguments and returns a dictionary of numbers, texts and arrays.
        revision: To be raised when the function gives other numbers: old records are kept, not used.
        precision: In which JAX computes.
        batch: How many cases are stored together.
        together: Whether the function takes a list of points (dictionaries) and returns a list of dictionaries.
        varies: With `together`: fields in which the points of one call may differ; empty for all.
        fixed: Fields with one value.
        grid: Fields with lists or ranges: every combination.
        points: Points one by one.
        draw: Points drawn from ranges.
        search: What is looked for, at each point.
        task: The library's task: `name`, and its options.
        network: The library's network.
        training: How it is trained.
        measure: What is measured then.
    """

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
    function: Annotated[str, Meta(pattern=r"^[\w.]+:\w+$")] | None = None
    revision: Count = 1
    precision: Literal["float32", "float64"] = "float64"
    batch: Count = 10
    together: bool = False
    varies: list[str] = []
    fixed: dict[str, Any] = {}
    grid: dict[str, Any] = {}
    points: list[dict[str, Any]] = []
    draw: Draw | None = None
    search: Search | None = None
    task: dict[str, Any] | None = None
    network: dict[str, Any] | None = None
    training: dict[str, Any] | None = None
    measure: dict[str, Any] | None = None

    def base(self) -> list[dict[str, Any]]:
        """Returns the points of grid, list and draws, every combination, with the fixed fields.

        Raises:
            UserError: A field is given in two places, or a range cannot be read.
        """
        fixed = flattened(self.fixed, "fixed", ())
        for name in LIBRARY:
            table = getattr(self, name)
            if table is not None:
                fixed |= {f"{name}.{key}": value for key, value in flattened(table, name, ()).items()}
        spaced = axes(self.grid, "grid")
        draws = [{}]
        if self.draw is not None:
            draws = drawn(self.draw.fields, "draw.fields", self.draw.method, self.draw.count, self.draw.seed)
        given = [flattened(point, f"points[{number}]", ()) for number, point in enumerate(self.points)] or [{}]
        places = [("grid", spaced), ("draw.fields", draws[0]), *(("points", point) for point in given)]
        searched = {"search": dict.fromkeys(self.searched())}
        _apart([*places[:2], ("points", {k: 0 for point in given for k in point}), *searched.items()])
        grid = [dict(zip(spaced, values, strict=True)) for values in product(*spaced.values())]
        return [fixed | point | place | draw for point in given for place in grid for draw in draws]

    def searched(self) -> list[str]:
        """Returns the fields that the search sets."""
        if self.search is None:
            return []
        own = self.search.fields if isinstance(self.search, Tuning) else {self.search.field: None}
        return [
            *flattened(own, "search.fields", ("uniform", "log", "integers", "choice")),
            *axes(self.search.over, "search.over"),
        ]


def read_spec(path: str | Path) -> Spec:
    """Reads the file of a sweep.

    Args:
        path: The TOML file.

    Raises:
        UserError: It cannot be read, is no TOML, or holds what a sweep does not know; the message has the path of the
            field.
    """
    regular_size(path)
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"the file {str(path)!r} cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no TOML: {error}") from error
    try:
        spec = msgspec.convert(content, Spec)
    except msgspec.ValidationError as error:
        raise _explained(path, error, content) from error
    library = [name for name in LIBRARY if getattr(spec, name) is not None]
    if (spec.function is None) == (not library):
        raise UserError(
            f'{path} needs either a function = "module:function" of yours, or the tables [task], [network], [training] '
            "and [measure] of the library's parts"
        )
    if isinstance(spec.search, Bisection | Smallest) and (spec.search.below is None) == (spec.search.above is None):
        raise UserError(f"{path}: search needs a condition, either below = … or above = …")
    return spec


def _apart(places: list[tuple[str, dict[str, Any]]]) -> None:
    seen: dict[str, str] = {}
    for place, fields in places:
        for name in fields:
            if name in seen:
                raise UserError(f"the field {name!r} is in {seen[name]} and in {place}: keep one")
            seen[name] = place


def _explained(path: str | Path, error: msgspec.ValidationError, content: dict[str, Any]) -> UserError:
    """Turns msgspec's message, which ends in the path of the field, into a sentence."""
    text, _, place = str(error).replace("`", "").partition(" - at $")
    strange = text.partition("unknown field ")[2]
    if strange and not place:
        return UserError(f"{path}: {unknown('field', strange, Spec.__struct_fields__)}")
    value: Any = content
    for part in place.strip(".").replace("[", ".[").split("."):
        if part.startswith("[") and isinstance(value, list) and part[1:-1].isdigit():
            value = value[int(part[1:-1])]
        elif isinstance(value, dict):
            value = value.get(part, value)
    got = "" if isinstance(value, dict) else f" (got {value!r})"
    return UserError(f"{path}: {place.strip('.') or 'the file'}{got}: {text[:1].lower()}{text[1:]}")
