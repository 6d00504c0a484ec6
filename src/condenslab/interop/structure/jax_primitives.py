"""Rules for the primitives of JAX: what each does with the axes of what it is given."""

from collections.abc import Callable, Sequence
from typing import Any

from condenslab.interop.structure.analysis import Form, Forms, Reading, Value, multiplied, summed
from condenslab.interop.structure.expressions import Atom, Axes, chain, freeze, one, tag
from condenslab.interop.structure.unifying import cut_chain, cut_product, reshape, unify

_UNARY = (
    *("tanh", "exp", "exp2", "expm1", "log", "log2", "log1p", "logistic", "erf", "sin", "cos", "tan", "neg", "sign"),
    *("abs", "one_minus_square"),
    *("sqrt", "rsqrt", "cbrt", "square", "integer_pow", "floor", "ceil", "round", "is_finite", "not", "stop_gradient"),
    *("convert_element_type", "copy", "copy_p", "reduce_precision", "erf_inv", "asin", "acos", "atan", "sinh", "cosh"),
)
_VIEWS = ("convert_element_type", "copy", "copy_p", "stop_gradient", "reduce_precision")
_PAIRS = ("eq", "ne", "lt", "le", "gt", "ge", "and", "or", "xor", "pow", "rem", "atan2", "nextafter", "polynomial")
_REDUCTIONS = ("reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "reduce_and", "reduce_or", "argmax", "argmin")


class Equation:
    """One equation of a jaxpr.

    Attributes:
        name: The primitive's name.
        params: Its parameters.
        values: What is known of its operands.
        sources: The operands themselves.
        shapes: Shapes of the results.
        readings: Where contractions are noted.
    """

    def __init__(
        self,
        name: str,
        params: dict[str, Any],
        values: list[Value],
        sources: list[Any],
        shapes: list[tuple[int, ...]],
        readings: list[Reading],
    ) -> None:
        self.name, self.params, self.values, self.sources = name, params, values, sources
        self.shapes, self.readings = shapes, readings

    def paired(self) -> Axes:
        """Returns the axes of operands of equal shape, unified; scalars are left aside."""
        shape = self.shapes[0]
        lists = [value.axes for value in self.values if len(value.axes) == len(shape)]
        found: Axes = []
        for at, size in enumerate(shape):
            here = [axes[at] for axes in lists if axes[at].size == size]
            for axis in here[1:]:
                unify(here[0], axis, self.name)
            found.append(here[0] if here else Atom(size, "a constant"))
        return found

    def forms(self) -> list[Forms]:
        """Returns the forms of the operands that depend on parameters."""
        return [value.forms for value in self.values if value.forms]


Rule = Callable[[Equation], list[Value] | None]


def _unary(eq: Equation) -> list[Value]:
    value = eq.values[0]
    return [Value(list(value.axes), value.forms, value.origin if eq.name in _VIEWS else None)]


def _sum(eq: Equation) -> list[Value]:
    axes = eq.paired()
    if eq.name in ("add", "add_any") and sum(bool(v.forms) and v.origin is None for v in eq.values) > 1:
        for axis in axes:
            tag(axis, "added")
    return [Value(axes, summed(eq.forms()))]


def _product(eq: Equation) -> list[Value]:
    axes = eq.paired()
    streams = [frozenset().union(*(f.names for f in v.forms)) for v in eq.values if v.forms and v.origin is None]
    streams = [names for names in streams if names]
    if len(streams) > 1 and not streams[0] & streams[1]:
        for axis in axes:
            tag(axis, "gated")
    return [Value(axes, multiplied(eq.forms()))]


def _reduction(eq: Equation) -> list[Value]:
    axes, gone = eq.values[0].axes, set(eq.params["axes"])
    for at in gone:
        tag(axes[at], "reduced")
    return [Value([axis for at, axis in enumerate(axes) if at not in gone], eq.values[0].forms)]


def _moved(eq: Equation, axes: Axes | None) -> list[Value] | None:
    value = eq.values[0]
    return None if axes is None else [Value(axes, value.forms, value.origin)]


def _reshape(eq: Equation) -> list[Value] | None:
    order = eq.params.get("dimensions") if eq.name == "reshape" else None  # in which the axes are read
    axes = eq.values[0].axes
    return _moved(eq, reshape(axes if order is None else [axes[at] for at in order], eq.shapes[0]))


def _transpose(eq: Equation) -> list[Value] | None:
    return _moved(eq, [eq.values[0].axes[at] for at in eq.params["permutation"]])


def _broadcast(eq: Equation) -> list[Value] | None:
    axes: Axes = [Atom(size) if size > 1 else one() for size in eq.shapes[0]]
    for at, axis in zip(eq.params["broadcast_dimensions"], eq.values[0].axes, strict=True):
        if axis.size == eq.shapes[0][at]:
            axes[at] = axis
    return _moved(eq, axes)


def _concatenate(eq: Equation) -> list[Value]:
    at = eq.params["dimension"]
    first = eq.values[0].axes
    for value in eq.values[1:]:
        for k, axis in enumerate(value.axes):
            if k != at:
                unify(first[k], axis, "concatenate")
    joined = chain(*(value.axes[at] for value in eq.values))
    return [Value([joined if k == at else axis for k, axis in enumerate(first)], summed(eq.forms()))]


def _split(eq: Equation) -> list[Value] | None:
    value, at = eq.values[0], eq.params["axis"]
    pieces = cut_chain(value.axes[at], list(eq.params["sizes"]))
    if pieces is None:
        return None
    return [Value([*value.axes[:at], piece, *value.axes[at + 1 :]], value.forms) for piece in pieces]


def _slice(eq: Equation) -> list[Value] | None:
    value = eq.values[0]
    if any(step != 1 for step in eq.params["strides"] or ()):
        return None
    axes: Axes = []
    for axis, begin, end in zip(value.axes, eq.params["start_indices"], eq.params["limit_indices"], strict=True):
        sizes = [size for size in (begin, end - begin, axis.size - end) if size]
        pieces = cut_chain(axis, sizes)
        if pieces is None:
            return None
        axes.append(pieces[1 if begin else 0])
    return _moved(eq, axes) if [a.size for a in axes] == [a.size for a in value.axes] else [Value(axes, value.forms)]


def _dot(eq: Equation) -> list[Value]:
    (left, right), (batch_left, batch_right) = eq.params["dimension_numbers"]
    a, b = eq.values
    for i, j in zip(left, right, strict=True):
        unify(a.axes[i], b.axes[j], "dot_general")
        _read(eq, i, j)
    for i, j in zip(batch_left, batch_right, strict=True):
        unify(a.axes[i], b.axes[j], "dot_general")
        if a.origin is None and b.origin is None:
            tag(a.axes[i], "head")
    rest = [axis for at, axis in enumerate(a.axes) if at not in (*left, *batch_left)]
    rest += [axis for at, axis in enumerate(b.axes) if at not in (*right, *batch_right)]
    for axis in rest if a.origin is None and b.origin is None else ():
        tag(axis, "value")
    forms = multiplied([v.forms for v in ((b, a) if b.origin is not None or a.origin is None else (a, b))])
    weight = b if b.origin is not None else a if a.origin is not None else None
    if weight is not None:
        forms = tuple(Form(form.names) for form in weight.forms)
    return [Value([*(a.axes[i] for i in batch_left), *rest], forms)]


def _read(eq: Equation, i: int, j: int) -> None:
    a, b = eq.values
    if (a.origin is None) == (b.origin is None):
        tag(a.axes[i], "contracted")
        return
    weight, source, axis = (b, 0, i) if b.origin is not None else (a, 1, j)
    contracted = b.axes[j] if b.origin is not None else a.axes[i]
    forms = eq.values[source].forms
    eq.readings.append(
        Reading(
            eq, eq.sources[source], axis, weight.origin, contracted, None, padded=True, convolves=False, forms=forms
        )
    )


def _convolution(eq: Equation) -> list[Value] | None:
    numbers, (a, w) = eq.params["dimension_numbers"], eq.values
    groups = eq.params["feature_group_count"]
    if eq.params["batch_group_count"] != 1:
        return None
    channels, filters, read = a.axes[numbers.lhs_spec[1]], w.axes[numbers.rhs_spec[0]], w.axes[numbers.rhs_spec[1]]
    for at in numbers.rhs_spec[2:]:
        freeze(w.axes[at], "kernel positions")
    if groups > 1:
        outer, inner = cut_product(filters, filters.size // groups), cut_product(channels, channels.size // groups)
        if outer is None or inner is None:
            return None
        unify(outer[0], inner[0], "grouped convolution")
        channels = inner[1]
    unify(channels, read, "convolution")
    if w.origin is None:
        tag(read, "contracted")
    elif read.size > 1 or groups == 1:
        eq.readings.append(
            Reading(
                eq, eq.sources[0], numbers.lhs_spec[1], w.origin, read, None, padded=True, convolves=True, forms=a.forms
            )
        )
    tag(filters, "channel")
    axes: Axes = [Atom(size, "positions") for size in eq.shapes[0]]
    axes[numbers.out_spec[0]], axes[numbers.out_spec[1]] = a.axes[numbers.lhs_spec[0]], filters
    return [Value(axes, tuple(Form(form.names) for form in w.forms))]


def _pooled(eq: Equation) -> list[Value]:
    """Keeps the axes along which a window has one entry; positions that it moves over are not interchangeable."""
    value, params = eq.values[0], eq.params
    ones = [1] * len(value.axes)
    dilations = zip(params.get("base_dilation") or ones, params.get("window_dilation") or ones, strict=True)
    windows = zip(
        params["window_dimensions"], params["window_strides"] or ones, params["padding"], dilations, strict=True
    )
    keeps = [(size, step, tuple(pad), apart) == (1, 1, (0, 0), (1, 1)) for size, step, pad, apart in windows]
    return _kept(eq, keeps)


def _kept(eq: Equation, keeps: Sequence[bool]) -> list[Value]:
    value = eq.values[0]
    axes: Axes = []
    for axis, size, keep in zip(value.axes, eq.shapes[0], keeps, strict=True):
        if not keep:
            freeze(axis, f"its entries are positions for {eq.name}")
        axes.append(axis if keep else Atom(size, "positions"))
    return [Value(axes, value.forms)]


def _padded(eq: Equation) -> list[Value]:
    return _kept(eq, [not any(sizes) for sizes in eq.params["padding_config"]])


def _cumulative(eq: Equation) -> list[Value]:
    return _kept(eq, [at != eq.params["axis"] for at in range(len(eq.shapes[0]))])


def _reversed(eq: Equation) -> list[Value]:
    return _kept(eq, [at not in eq.params["dimensions"] for at in range(len(eq.shapes[0]))])


def _gathered(eq: Equation) -> list[Value] | None:
    """Looks rows up, as an embedding does: axes that are taken whole stay, the one that is looked up is frozen."""
    table, places, sizes = eq.values[0], eq.values[1], eq.params["slice_sizes"]
    numbers = eq.params["dimension_numbers"]
    if numbers.operand_batching_dims or numbers.start_indices_batching_dims:
        return None
    taken: Axes = []
    for at, axis in enumerate(table.axes):
        collapsed = at in numbers.collapsed_slice_dims
        if sizes[at] not in (1, axis.size):
            return None
        if collapsed or sizes[at] < axis.size:
            freeze(axis, "its entries are looked up")
        if not collapsed:
            taken.append(axis if sizes[at] == axis.size else one())
    rows, outer = iter(taken), iter(places.axes[:-1])
    axes = [next(rows if at in numbers.offset_dims else outer) for at in range(len(eq.shapes[0]))]
    return [Value(axes, tuple(Form(form.names) for form in table.forms))]


RULES: dict[str, Rule] = {
    **dict.fromkeys(_UNARY, _unary),
    **dict.fromkeys(("add", "sub", "max", "min", "add_any", "select_n", "clamp"), _sum),
    **dict.fromkeys(("mul", "div"), _product),
    **dict.fromkeys(_PAIRS, _sum),
    **dict.fromkeys(_REDUCTIONS, _reduction),
    **dict.fromkeys(("reshape", "squeeze", "expand_dims"), _reshape),
    "transpose": _transpose,
    "broadcast_in_dim": _broadcast,
    "concatenate": _concatenate,
    "split": _split,
    "slice": _slice,
    "dot_general": _dot,
    "conv_general_dilated": _convolution,
    **dict.fromkeys(("reduce_window_max", "reduce_window_min", "reduce_window_sum"), _pooled),
    "pad": _padded,
    "rev": _reversed,
    **dict.fromkeys(("cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"), _cumulative),
    "gather": _gathered,
}
"""The rule of each primitive; one that is not here freezes the axes that it meets."""
