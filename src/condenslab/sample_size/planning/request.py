"""What a plan is asked for: a kind of model with its sizes, and which sizes each kind needs and knows."""

from dataclasses import dataclass, fields, replace

from condenslab.errors import UserError, unknown

ALIASES = {
    "dense": "two-layer",
    "mlp": "deep",
    "convolution": "conv",
    "conv-full": "fully-connected",
    "full": "fully-connected",
    "matrix-factorisation": "matrix",
}
"""Other names of kinds."""

_SIZES = ("inputs", "width", "intrinsic")
NEEDS: dict[str, tuple[str, ...]] = {
    "two-layer": _SIZES,
    "deep": _SIZES,
    "conv": (*_SIZES, "kernel"),
    "conv-unshared": (*_SIZES, "kernel"),
    "fully-connected": (*_SIZES, "kernel"),
    "attention": ("inputs", "width", "intrinsic", "head_size"),
    "kan": ("inputs", "width", "intrinsic", "grid"),
    "matrix": ("inputs", "intrinsic"),
    "diagonal": ("inputs", "intrinsic"),
    "deep-diagonal": ("inputs", "intrinsic"),
    "linear": ("inputs",),
}
"""The sizes that each kind needs."""

KNOWS: dict[str, tuple[str, ...]] = {
    "two-layer": ("bias",),
    "deep": ("bias", "depth"),
    "conv": ("bias", "axes"),
    "conv-unshared": ("bias", "axes", "null_weights"),
    "fully-connected": ("bias", "axes", "null_weights"),
    "attention": ("value_size",),
    "kan": ("degree",),
    "matrix": ("width", "columns"),
    "diagonal": (),
    "deep-diagonal": ("depth",),
    "linear": ("bias",),
}
"""The further sizes that each kind takes."""


LEAST: dict[str, int] = {
    "inputs": 1,
    "width": 1,
    "intrinsic": 0,
    "kernel": 1,
    "axes": 1,
    "null_weights": 0,
    "depth": 1,
    "head_size": 1,
    "value_size": 1,
    "grid": 1,
    "degree": 0,
    "columns": 1,
}
"""The smallest number that each size can be."""


@dataclass(frozen=True)
class PlanRequest:
    """An architecture and the intrinsic size of a target. None stands for "not given".

    Attributes:
        kind: A key of `NEEDS`, or one of its `ALIASES`.
        inputs: Input dimension; pixels a side for convolutions, d_model for attention, rows for matrices.
        width: Hidden neurons; kernels; heads; inner dimension of a matrix product (by default the larger side).
        intrinsic: The same for the smallest model that expresses the target: neurons, kernels, heads; the rank of a
            matrix; the number of non-zero coefficients. Deep networks have it in every hidden layer.
        bias: Whether neurons (kernels) have biases, or a linear model a constant term.
        kernel: Pixels a side of a kernel.
        axes: 1 for signals on a line, 2 for images; by default 1.
        null_weights: Output weights of the target that are 0, by default none.
        depth: Hidden layers of a deep network (by default 2), factors of a deep diagonal one (by default 3).
        head_size: Attention dimension of a head.
        value_size: Value dimension of a head, by default `head_size`.
        grid: Grid intervals of every spline.
        degree: Degree of the splines, by default 3.
        columns: Columns of the matrix, by default as many as rows.
    """

    kind: str
    inputs: int | None = None
    width: int | None = None
    intrinsic: int | None = None
    bias: bool = False
    kernel: int | None = None
    axes: int | None = None
    null_weights: int | None = None
    depth: int | None = None
    head_size: int | None = None
    value_size: int | None = None
    grid: int | None = None
    degree: int | None = None
    columns: int | None = None

    def size(self, name: str, default: int = 0) -> int:
        """Returns a size, or a default where it is not given."""
        value = getattr(self, name)
        return default if value is None else value


def checked(request: PlanRequest) -> PlanRequest:
    """Returns the request under the kind's own name.

    Args:
        request: As the user gave it.

    Raises:
        UserError: No such kind (the nearest name is suggested), a size that the kind needs is missing, or one is given
            that it does not know, or is no whole number in its range.
    """
    kind = ALIASES.get(request.kind, request.kind)
    if kind not in NEEDS:
        raise unknown("kind", request.kind, [*NEEDS, *ALIASES])
    values = {field.name: getattr(request, field.name) for field in fields(request)}
    given = {name for name, value in values.items() if value is not None and value is not False} - {"kind"}
    missing = [option(name) for name in NEEDS[kind] if name not in given]
    if missing:
        needed = ", ".join(map(option, NEEDS[kind]))
        raise UserError(f"plan {request.kind} needs {needed}. Missing: {', '.join(missing)}")
    foreign = sorted(given - set(NEEDS[kind]) - set(KNOWS[kind]))
    if foreign:
        known = ", ".join(map(option, (*NEEDS[kind], *KNOWS[kind])))
        raise UserError(f"plan {request.kind} takes no {', '.join(map(option, foreign))}. It takes {known}")
    _check_sizes(kind, {name: values[name] for name in LEAST if values[name] is not None})
    return replace(request, kind=kind)


def _check_sizes(kind: str, given: dict[str, int]) -> None:
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < LEAST[name]:
            raise UserError(f"{option(name)} must be a whole number of at least {LEAST[name]}. Got {value}")
    if given.get("axes", 1) > 2:
        raise UserError(f"--axes must be 1, for signals on a line, or 2, for images. Got {given['axes']}")
    bounds = {"kernel": "a kernel must fit into the input"}
    if kind in ("diagonal", "deep-diagonal"):
        bounds["intrinsic"] = "no more coefficients than inputs can differ from 0"
    for name, why in bounds.items():
        if given.get(name, 0) > given["inputs"]:
            raise UserError(f"{option(name)} must be at most --inputs, {given['inputs']}: {why}. Got {given[name]}")


def option(name: str) -> str:
    """Returns the option of a size.

    Example:
        >>> option("head_size")
        '--head-size'
    """
    return "--" + name.replace("_", "-")
