"""Operators that sum, average or take the largest along axes, and pooling, which does so over positions."""

from condenslab.interop.structure.analysis import Value
from condenslab.interop.structure.expressions import Atom, one, tag
from condenslab.interop.structure.operators.table import Call, rule


@rule("mean", "sum", "amax", "amin", "var", "std", "prod", "all", "any", "logsumexp", "linalg_vector_norm", "norm")
def reduction(call: Call) -> Value | None:
    """Removes axes; along them the number of units matters."""
    axes, dims = call.axes("self"), call["dim"]
    chosen = range(len(axes)) if dims is None or dims == [] else dims if isinstance(dims, list | tuple) else [dims]
    at = {axis % len(axes) for axis in chosen} if axes else set()
    for axis in at:
        tag(axes[axis], "reduced")
    if len(call.shape) == len(axes):
        return Value([one() if k in at else axis for k, axis in enumerate(axes)], call.value("self").forms)
    return Value([axis for k, axis in enumerate(axes) if k not in at], call.value("self").forms)


_POOLS = [
    f"{kind}_pool{n}d" for kind in ("max", "avg", "adaptive_avg", "adaptive_max", "_adaptive_avg") for n in (1, 2, 3)
]


@rule(*_POOLS, "upsample_nearest2d", "upsample_bilinear2d", "upsample_bicubic2d", "interpolate")
def pooling(call: Call) -> Value | None:
    """Acts on the positions of each channel by itself."""
    axes = call.axes("self") or call.axes("input")
    if len(axes) != len(call.shape) or len(axes) < 3:
        return None
    places = [Atom(size, "positions") for size in call.shape[2:]]
    value = call.value("self") if call.axes("self") else call.value("input")
    return Value([*axes[:2], *places], value.forms)
