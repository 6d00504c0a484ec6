"""The closed form of a request, and of the requests next to it: what more connections and more width would change."""

from collections.abc import Mapping
from dataclasses import replace

from condenslab.sample_size import optimistic
from condenslab.sample_size.optimistic import OptimisticSize
from condenslab.sample_size.optimistic.networks import Sharing
from condenslab.sample_size.planning.request import PlanRequest

SHARINGS: dict[str, Sharing] = {"conv": "shared", "conv-unshared": "unshared", "fully-connected": "full"}
_TIMES = 10
_Words = tuple[str, Mapping[str, int | bool | str | None]]


def closed_form(request: PlanRequest) -> OptimisticSize:
    """Returns the closed form of a checked request.

    Raises:
        ValueError: A size is out of range, for example an intrinsic width above the width.
    """
    d, m, k = (request.size(name) for name in ("inputs", "width", "intrinsic"))
    kind, bias = request.kind, request.bias
    if kind in SHARINGS:
        return optimistic.convolution(
            d,
            request.size("kernel"),
            m,
            k,
            axes=request.size("axes", 1),  # pyright: ignore[reportArgumentType]  # checked there
            sharing=SHARINGS[kind],
            bias=bias,
            null_weights=request.size("null_weights"),
        )
    if kind == "two-layer":
        return optimistic.two_layer(d, m, k, bias=bias)
    if kind == "deep":
        layers = request.size("depth", 2)
        return optimistic.deep((d, *(m,) * layers, 1), (k,) * layers, bias=bias)
    if kind == "attention":
        return optimistic.attention(d, request.size("head_size"), m, k, d_v=request.value_size)
    if kind == "kan":
        return _spline(request)
    if kind == "matrix":
        return optimistic.matrix(d, request.size("columns", d), k, inner=request.width)
    if kind == "linear":
        return optimistic.linear(d, offset=bias)
    return optimistic.diagonal(d, k) if kind == "diagonal" else optimistic.deep_diagonal(d, request.size("depth", 3), k)


def neighbours(request: PlanRequest) -> list[tuple[str, PlanRequest]]:
    """Returns requests that differ in one thing, with the change in words; those that cannot be are left out."""
    found = []
    for words, change in _changes(request):
        other = replace(request, **change)
        try:
            closed_form(other)
        except ValueError:
            continue
        found.append((words, other))
    return found


def _changes(request: PlanRequest) -> list[_Words]:
    kind, d, k = request.kind, request.size("inputs"), request.size("intrinsic")
    wider = {"width": _TIMES * request.size("width")}
    toggled = ("without biases" if request.bias else "with biases", {"bias": not request.bias})
    if kind in SHARINGS:
        kept = {"null_weights": None} if kind != "conv" else {}
        names = {"conv": "kernels shared", "conv-unshared": "every position its own kernel", "fully-connected": "full"}
        names["fully-connected"] = "fully connected"
        others = [(names[o], {"kind": o} | (kept if o == "conv" else {})) for o in SHARINGS if o != kind]
        size = request.size("kernel") + 1
        return [
            (f"{_TIMES} times the kernels", wider),
            *others,
            (f"kernels of {size} pixels a side", {"kernel": size}),
            toggled,
            ("a target of one more kernel", {"intrinsic": k + 1}),
        ]
    if kind in ("two-layer", "deep"):
        return [
            (f"{_TIMES} times the width", wider),
            ("one more input", {"inputs": d + 1}),
            toggled,
            ("a target of one more neuron" + " a layer" * (kind == "deep"), {"intrinsic": k + 1}),
        ]
    return _other_changes(request, wider)


def _other_changes(request: PlanRequest, wider: dict[str, int]) -> list[_Words]:
    kind, d, k = request.kind, request.size("inputs"), request.size("intrinsic")
    if kind == "attention":
        return [
            (f"{_TIMES} times the heads", dict(wider)),
            ("a target of heads one wider", {"head_size": request.size("head_size") + 1}),
            ("a target of one more head", {"intrinsic": k + 1}),
        ]
    if kind == "kan":
        return [
            ("two more hidden neurons", {"width": request.size("width") + 2}),
            ("twice the grid, and a target on it", {"grid": 2 * request.size("grid")}),
        ]
    if kind == "matrix":
        inner = request.size("width", max(d, request.size("columns", d)))
        return [
            ("twice the inner dimension", {"width": 2 * inner}),
            ("one more row and column", {"inputs": d + 1, "columns": request.size("columns", d) + 1}),
            ("a target of one more rank", {"intrinsic": k + 1}),
        ]
    if kind == "linear":
        return [("one more input", {"inputs": d + 1})]
    deeper = [] if kind == "diagonal" else [("one more factor", {"depth": request.size("depth", 3) + 1})]
    return [
        (f"{_TIMES} times the inputs", {"inputs": _TIMES * d}),
        *deeper,
        ("written as a linear model", {"kind": "linear", "intrinsic": None, "depth": None}),
        ("a target of one more coefficient", {"intrinsic": k + 1}),
    ]


def _spline(request: PlanRequest) -> OptimisticSize:
    width, intrinsic = request.size("width"), request.size("intrinsic")
    optimistic.two_layer(1, width, intrinsic)  # k > m is refused in the same words
    return optimistic.kan(request.size("inputs"), width, request.size("grid"), degree=request.size("degree", 3))
