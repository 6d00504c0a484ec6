"""Operators that act entry by entry: each unit stays by itself."""

from typing import Any

from condenslab.interop.structure.analysis import Value
from condenslab.interop.structure.expressions import Axes, tag
from condenslab.interop.structure.operators.table import Call, rule
from condenslab.interop.structure.unifying import cut_chain, unify

_UNARY = (
    *("relu", "gelu", "silu", "tanh", "sigmoid", "neg", "rsqrt", "sqrt", "exp", "expm1", "cos", "sin", "tan"),
    *("atan", "abs", "erf", "hardtanh", "hardswish", "hardsigmoid", "elu", "selu", "celu", "leaky_relu"),
    *("softplus", "softsign", "softshrink", "hardshrink", "tanhshrink", "threshold", "rrelu", "clamp", "clamp_min"),
    *("clamp_max", "dropout", "feature_dropout", "alpha_dropout", "alias", "clone", "contiguous", "to", "_to_copy"),
    *("detach", "float", "double", "half", "type_as", "log", "log1p", "log2", "log_sigmoid", "logit", "reciprocal"),
    *("square", "sign", "sgn", "floor", "ceil", "round", "trunc", "logical_not", "bitwise_not", "isnan", "isinf"),
    *("nan_to_num", "lift_fresh_copy", "lift_fresh", "mish", "relu6", "zeros_like", "ones_like", "full_like"),
    *("fill", "zero", "pin_memory", "requires_grad_", "positive", "rand_like", "randn_like", "empty_like"),
)
_SUMS = ["add", "sub", "rsub", "where", "maximum", "minimum", "masked_fill", "lerp"]
_OTHERS = (
    *("pow", "eq", "ne", "ge", "gt", "le", "lt", "__and__", "__or__", "logical_and", "logical_or", "logical_xor"),
    *("bitwise_and", "bitwise_or", "fmod", "remainder", "atan2", "floor_divide", "copysign", "isclose"),
)
_SAME = ("alias", "clone", "contiguous", "to", "_to_copy", "detach", "float", "double", "half", "type_as", "dropout")


@rule(*_UNARY)
def unary(call: Call) -> Value | None:
    """Keeps the axes; whether the operator is odd or positively homogeneous is tried later, not listed."""
    tensors = call.tensors()
    if not tensors:
        return None
    first = call.of(tensors[0])
    return Value(list(first.axes), first.forms, first.origin if call.operator in _SAME else None)


@rule(*_SUMS)
def additive(call: Call) -> Value:
    """Pairs the axes; terms scale together."""
    nodes = call.tensors()
    axes = call.broadcast(nodes)
    streams = [node for node in nodes if call.of(node).forms and call.of(node).origin is None]
    if len(streams) > 1 and call.operator == "add":
        for axis in axes:
            tag(axis, "added")
    return Value(axes, call.sum_forms())


@rule("mul", "div", "true_divide")
def multiplicative(call: Call) -> Value:
    """Pairs the axes; one factor is enough to scale a product."""
    nodes = call.tensors()
    axes = call.broadcast(nodes)
    gates = [_names(call, node) for node in nodes if call.of(node).origin is None]
    gates = [names for names in gates if names]
    if len(gates) > 1 and not gates[0] & gates[1]:
        for axis in axes:
            tag(axis, "gated")
    return Value(axes, call.product_forms())


def _names(call: Call, node: Any) -> frozenset[str]:
    return frozenset().union(*(form.names for form in call.of(node).forms))


@rule(*_OTHERS)
def other_pairs(call: Call) -> Value:
    """Pairs the axes."""
    return Value(call.broadcast(call.tensors()), call.sum_forms())


@rule("addcmul", "addcdiv")
def combined(call: Call) -> Value:
    """Pairs the axes of three tensors."""
    return Value(call.broadcast(call.tensors()), call.sum_forms())


@rule("prelu")
def prelu(call: Call) -> Value:
    """Has one slope for each channel, the second axis."""
    axes, slopes = call.axes("self"), call.axes("weight")
    if slopes and slopes[0].size > 1 and len(axes) > 1:
        unify(axes[1], slopes[0], "prelu")
    return Value(axes, call.value("self").forms)


@rule("glu")
def glu(call: Call) -> Value | None:
    """Multiplies one half of an axis by the sigmoid of the other."""
    axes: Axes = call.axes("self")
    at = (-1 if call["dim"] is None else call["dim"]) % len(axes)
    size = axes[at].size // 2
    halves = cut_chain(axes[at], [size, size])
    if halves is None:
        return None
    unify(halves[0], halves[1], "glu")
    tag(halves[0], "gated")
    axes[at] = halves[0]
    return Value(axes, call.value("self").forms)


@rule("_assert_tensor_metadata", "_assert_async", "_assert_scalar", "sym_constrain_range_for_size")
def assertion(call: Call) -> Value:
    """Gives nothing."""
    return Value([])
