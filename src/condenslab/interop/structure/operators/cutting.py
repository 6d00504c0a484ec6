"""Operators that lay axes end to end, cut them, or pick entries."""

from collections.abc import Sequence

from condenslab.interop.structure.analysis import Value
from condenslab.interop.structure.expressions import Atom, Axes, chain, freeze, one
from condenslab.interop.structure.operators.table import Call, rule
from condenslab.interop.structure.unifying import cut_chain, unify


@rule("cat", "concat", "concatenate")
def cat(call: Call) -> Value | None:
    """Lays tensors end to end along an axis."""
    lists = [call.of(node).axes for node in call["tensors"]]
    lists = [axes for axes in lists if len(axes) == len(call.shape)]
    if not lists:
        return None
    at = (call["dim"] or 0) % len(call.shape)
    for axes in lists[1:]:
        for k, axis in enumerate(axes):
            if k != at:
                unify(lists[0][k], axis, "cat")
    joined = chain(*(axes[at] for axes in lists))
    return Value([joined if k == at else axis for k, axis in enumerate(lists[0])], call.sum_forms())


@rule("stack")
def stack(call: Call) -> Value | None:
    """Lays tensors along a new axis."""
    lists = [call.of(node).axes for node in call["tensors"]]
    at = (call["dim"] or 0) % len(call.shape)
    for axes in lists[1:]:
        for first, axis in zip(lists[0], axes, strict=True):
            unify(first, axis, "stack")
    return Value([*lists[0][:at], Atom(len(lists), "tensors are stacked"), *lists[0][at:]], call.sum_forms())


def _pieces(call: Call, axes: Axes, at: int, sizes: Sequence[int]) -> Axes:
    pieces = cut_chain(axes[at], sizes)
    if pieces is None:
        reason = f"{call.operator} cuts through a product of axes"
        freeze(axes[at], reason)
        return [Atom(size, reason) for size in sizes]
    return pieces


@rule("split", "split_with_sizes", "chunk", "unsafe_split", "unsafe_chunk", "tensor_split")
def split(call: Call) -> Value:
    """Cuts an axis into pieces."""
    value = call.value("self")
    at = (call["dim"] or 0) % len(value.axes)
    pieces = _pieces(call, value.axes, at, [shape[at] for shape in call.shapes])
    return Value([[*value.axes[:at], piece, *value.axes[at + 1 :]] for piece in pieces], value.forms)


@rule("unbind")
def unbind(call: Call) -> Value:
    """Takes the entries of an axis one by one."""
    value = call.value("self")
    at = (call["dim"] or 0) % len(value.axes)
    freeze(value.axes[at], "unbind takes its entries one by one")
    return Value([[*value.axes[:at], *value.axes[at + 1 :]] for _ in call.shapes], value.forms)


@rule("slice", "narrow")
def cut(call: Call) -> Value | None:
    """Takes a range of an axis."""
    value = call.value("self")
    axes = list(value.axes)
    at = (call["dim"] or 0) % len(axes)
    size, kept = axes[at].size, call.shape[at]
    if size == kept:
        return Value(axes, value.forms, value.origin)
    if call["step"] not in (None, 1) or not isinstance(call["start"] or 0, int):
        return None
    begin = call["start"] or 0
    begin = max(begin + size, 0) if begin < 0 else begin
    pieces = [(k, number) for number, k in enumerate((begin, kept, size - begin - kept)) if k]
    found = _pieces(call, axes, at, [k for k, _ in pieces])
    axes[at] = found[[number for _, number in pieces].index(1)]
    return Value(axes, value.forms)


@rule("select")
def select(call: Call) -> Value:
    """Takes one entry of an axis."""
    value = call.value("self")
    axes = list(value.axes)
    freeze(axes.pop(call["dim"] % len(value.axes)), "one of its entries is selected")
    return Value(axes, value.forms)


@rule("index")
def index(call: Call) -> Value | None:
    """Takes the entries that another tensor names, along the first axes."""
    value, indices = call.value("self"), call["indices"]
    chosen = [k for k, one_index in enumerate(indices) if one_index is not None]
    if chosen != list(range(len(chosen))):
        return None
    for k in chosen:
        freeze(value.axes[k], "its entries are picked by an index")
    kept = list(value.axes[len(chosen) :])
    return Value([Atom(size, "an index") for size in call.shape[: len(call.shape) - len(kept)]] + kept, value.forms)


@rule("pad", "constant_pad_nd", "reflection_pad2d", "replication_pad2d")
def pad(call: Call) -> Value:
    """Puts entries around positions; an axis that grows is not permuted."""
    value = call.value("self")
    axes: Axes = []
    for axis, size in zip(value.axes, call.shape, strict=True):
        if axis.size != size:
            freeze(axis, "it is padded")
            axis = Atom(size, "it is padded")
        axes.append(axis if axis.size > 1 else one())
    return Value(axes, value.forms)


@rule("tril", "triu")
def triangle(call: Call) -> Value:
    """Sets entries on one side of the diagonal to 0, which fixes the order of the last two axes."""
    value = call.value("self")
    for axis in value.axes[-2:]:
        freeze(axis, "a triangle is cut out")
    return Value(list(value.axes), value.forms)
