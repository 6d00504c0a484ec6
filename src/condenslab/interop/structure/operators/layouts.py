"""Operators that only rearrange: views, transpositions, broadcasting."""

from collections.abc import Callable

from condenslab.interop.structure.analysis import Value
from condenslab.interop.structure.expressions import Atom, Axes, freeze, one
from condenslab.interop.structure.operators.table import Call, rule
from condenslab.interop.structure.unifying import reshape


def _first(call: Call) -> Value:
    return call.value("self") if call.axes("self") or "self" in call.arguments else call.value("input")


def _moved(call: Call, move: Callable[[Axes], Axes | None]) -> Value | None:
    value = _first(call)
    axes = move(list(value.axes))
    return None if axes is None else Value(axes, value.forms, value.origin)


@rule("view", "reshape", "_unsafe_view", "flatten", "squeeze", "unsqueeze", "unflatten", "view_as", "reshape_as")
def view(call: Call) -> Value | None:
    """Changes the shape in row-major order."""
    return _moved(call, lambda axes: reshape(axes, call.shape))


@rule("transpose", "swapaxes", "swapdims")
def transpose(call: Call) -> Value | None:
    """Exchanges two axes."""
    first, second = (call["dim0"], call["dim1"]) if "dim0" in call.arguments else (call["axis0"], call["axis1"])

    def move(axes: Axes) -> Axes:
        axes[first], axes[second] = axes[second], axes[first]
        return axes

    return _moved(call, move)


@rule("t", "numpy_T", "mT", "adjoint")
def matrix_transpose(call: Call) -> Value | None:
    """Exchanges the last two axes."""
    return _moved(call, lambda axes: [*axes[:-2], *axes[-2:][::-1]])


@rule("permute")
def permute(call: Call) -> Value | None:
    """Reorders the axes."""
    return _moved(call, lambda axes: [axes[k] for k in call["dims"]])


@rule("movedim")
def movedim(call: Call) -> Value | None:
    """Moves one axis."""
    source, target = call["source"], call["destination"]
    if not isinstance(source, int):
        if len(source) != 1:
            return None
        (source,), (target,) = source, target

    def move(axes: Axes) -> Axes:
        axis = axes.pop(source)
        axes.insert(target % (len(axes) + 1), axis)
        return axes

    return _moved(call, move)


@rule("expand", "expand_as", "broadcast_to")
def expand(call: Call) -> Value | None:
    """Repeats axes of size 1."""

    def move(axes: Axes) -> Axes:
        axes = [*(one() for _ in range(len(call.shape) - len(axes))), *axes]
        return [a if a.size == size else Atom(size) for a, size in zip(axes, call.shape, strict=True)]

    return _moved(call, move)


@rule("roll", "flip")
def roll(call: Call) -> Value | None:
    """Moves entries along axes, which fixes their order."""
    value = _first(call)
    chosen = call["dims"] or range(len(value.axes))
    for axis in chosen:
        freeze(value.axes[axis], f"{call.operator} moves its entries")
    return Value(list(value.axes), value.forms)
