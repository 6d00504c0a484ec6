"""Operators that sum over an axis of two tensors: linear layers, convolutions, matrix products, attention."""

from condenslab.interop.structure.analysis import Value, multiplied
from condenslab.interop.structure.expressions import Atom, Axes, Axis, freeze, tag
from condenslab.interop.structure.operators.table import Call, rule
from condenslab.interop.structure.unifying import cut_product, unify


@rule("linear")
def linear(call: Call) -> Value:
    """Is input·weightᵀ + bias."""
    axes, weight = call.axes("input"), call.axes("weight")
    unify(axes[-1], weight[-1], "linear")
    call.reads("input", -1, "weight", weight[-1], bias="bias")
    _bias(call, "bias", weight[0])
    return Value([*axes[:-1], *weight[:-1]], call.affine("weight", "bias"))


def _bias(call: Call, name: str, axis: Axis) -> None:
    bias = call.axes(name)
    if bias:
        unify(bias[-1], axis, "bias")


@rule("addmm", "baddbmm")
def addmm(call: Call) -> Value | None:
    """Is a bias plus the product of two matrices."""
    names = ("mat1", "mat2") if call.operator == "addmm" else ("batch1", "batch2")
    found = _product(call, *names, bias="self")
    if found is None:
        return None
    call.paired([call.axes("self"), found.axes], call.shape)
    if call.value(names[1]).forms and call.value(names[1]).origin:
        return Value(found.axes, call.affine(names[1], "self"))
    return Value(found.axes, found.forms)


@rule("mm", "bmm")
def mm(call: Call) -> Value | None:
    """Is the product of two matrices."""
    return _product(call, "self", "mat2")


@rule("matmul")
def matmul(call: Call) -> Value | None:
    """Is the product of two matrices or stacks of them."""
    return _product(call, "self", "other")


def _product(call: Call, left: str, right: str, *, bias: str | None = None) -> Value | None:
    a, b = call.axes(left), call.axes(right)
    if len(a) < 2 or len(b) < 2:
        return None
    unify(a[-1], b[-2], call.operator)
    _note(call, left, len(a) - 1, right, len(b) - 2, bias)
    lead = call.paired([a[:-2], b[:-2]], call.shape[:-2])
    _heads(call, left, right, lead)
    return Value([*lead, a[-2], b[-1]], _forms(call, left, right))


def _note(call: Call, left: str, left_axis: int, right: str, right_axis: int, bias: str | None) -> None:
    """Notes which side is a weight; where none is, units are contracted with units."""
    a, b = call.value(left), call.value(right)
    if b.origin is not None and a.origin is None:
        call.reads(left, left_axis, right, b.axes[right_axis], bias=bias)
    elif a.origin is not None and b.origin is None:
        call.reads(right, right_axis, left, a.axes[left_axis])
    else:
        tag(a.axes[left_axis], "contracted")


def _heads(call: Call, left: str, right: str, lead: Axes) -> None:
    if call.value(left).origin is None and call.value(right).origin is None:
        tag(call.axes(right)[-1], "value")
        for axis in lead[1:]:
            tag(axis, "head")


def _forms(call: Call, left: str, right: str):
    a, b = call.value(left), call.value(right)
    if b.origin is not None:
        return call.affine(right, None)
    return call.affine(left, None) if a.origin is not None else multiplied([b.forms, a.forms])


@rule("einsum")
def einsum(call: Call) -> Value | None:
    """Sums products of entries over the letters that the result lacks."""
    equation, nodes = call["equation"].replace(" ", ""), call["tensors"]
    if "." in equation or "->" not in equation or len(nodes) != 2:
        return None
    inputs, output = equation.split("->")
    terms = inputs.split(",")
    letters: dict[str, Axis] = {}
    for term, node in zip(terms, nodes, strict=True):
        if len(set(term)) < len(term):
            return None
        for letter, axis in zip(term, call.of(node).axes, strict=True):
            unify(letters.setdefault(letter, axis), axis, "einsum")
    call.arguments |= {"left": nodes[0], "right": nodes[1]}
    for letter in set(terms[0]) & set(terms[1]) - set(output):
        _note(call, "left", terms[0].index(letter), "right", terms[1].index(letter), None)
    for letter in (set(terms[0]) ^ set(terms[1])) - set(output):
        tag(letters[letter], "reduced")
    return Value([letters[letter] for letter in output], _forms(call, "left", "right"))


@rule("scaled_dot_product_attention")
def attention(call: Call) -> Value | None:
    """Is softmax(query·keyᵀ/√d)·value: heads stay apart, the key dimension d is contracted and sets the scale."""
    query, key, value = call.axes("query"), call.axes("key"), call.axes("value")
    shared = bool(call["enable_gqa"])
    for one, two, three in zip(query[:-2], key[:-2], value[:-2], strict=True):
        unify(two, three, "attention")
        if one.size == two.size:
            unify(one, two, "attention")
            continue
        cut = cut_product(one, one.size // two.size) if shared and one.size % two.size == 0 else None
        if cut is None:
            return None
        unify(cut[0], two, "attention")
    mask = call["attn_mask"]
    if call.of(mask).axes:
        scores = [*query[:-1], key[-2]]
        call.paired([scores, call.of(mask).axes], [axis.size for axis in scores])
    unify(query[-1], key[-1], "attention")
    unify(key[-2], value[-2], "attention")
    tag(query[-1], "key")
    tag(value[-1], "value")
    for axis in query[1:-2]:
        tag(axis, "head")
    return Value([*query[:-1], value[-1]], call.value("value").forms)


@rule("conv1d", "conv2d", "conv3d", "convolution")
def convolution(call: Call) -> Value | None:
    """Is a convolution; with groups, each group of filters reads its own group of channels."""
    if call["transposed"]:
        return None
    axes, weight = call.axes("input"), call.axes("weight")
    groups = call["groups"] or 1
    padded = any(call["padding"]) if isinstance(call["padding"], list | tuple) else bool(call["padding"])
    if call["padding"] == "valid":
        padded = False
    for axis in weight[2:]:
        freeze(axis, "kernel positions")
    if groups == 1:
        unify(axes[1], weight[1], "convolution")
        call.reads("input", 1, "weight", weight[1], bias="bias", padded=padded)
    elif weight[1].size == 1 and weight[0].size == axes[1].size:
        unify(axes[1], weight[0], "depthwise convolution")
    elif not _grouped(call, axes[1], weight, groups, padded):
        return None
    tag(weight[0], "channel")
    _bias(call, "bias", weight[0])
    places = [Atom(size, "positions") for size in call.shape[2:]]
    forms = call.affine("weight", "bias")
    if weight[1].size == 1 and groups > 1:
        forms = (*forms, *call.value("input").forms)
    return Value([axes[0], weight[0], *places], forms)


def _grouped(call: Call, channels: Axis, weight: Axes, groups: int, padded: bool) -> bool:
    filters, read = cut_product(weight[0], weight[0].size // groups), cut_product(channels, channels.size // groups)
    if filters is None or read is None:
        return False
    unify(filters[0], read[0], "grouped convolution")
    unify(read[1], weight[1], "grouped convolution")
    tag(filters[0], "convolution group")
    call.reads("input", 1, "weight", weight[1], bias=None, padded=padded)
    return True


@rule("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def transposed_convolution(call: Call) -> Value | None:
    """Is a transposed convolution: the first axis of the weight is read, the second one written."""
    axes, weight = call.axes("input"), call.axes("weight")
    if (call["groups"] or 1) != 1:
        return None
    for axis in weight[2:]:
        freeze(axis, "kernel positions")
    unify(axes[1], weight[0], "transposed convolution")
    call.reads("input", 1, "weight", weight[0], bias="bias", padded=True)
    tag(weight[1], "channel")
    _bias(call, "bias", weight[1])
    places = [Atom(size, "positions") for size in call.shape[2:]]
    return Value([axes[0], weight[1], *places], call.affine("weight", "bias"))


@rule("embedding")
def embedding(call: Call) -> Value:
    """Looks rows up: the first axis is the vocabulary."""
    table = call.axes("weight")
    freeze(table[0], "a vocabulary")
    return Value([*call.axes("indices"), *table[1:]], call.affine("weight", None))
