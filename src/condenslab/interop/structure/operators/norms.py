"""Normalisations: units that are normalised together can be permuted, but their number and sum matter."""

from condenslab.interop.structure.analysis import Value
from condenslab.interop.structure.expressions import tag
from condenslab.interop.structure.operators.table import Call, rule
from condenslab.interop.structure.unifying import cut_product, unify

_STATISTICS = ("weight", "bias", "running_mean", "running_var")


@rule("batch_norm", "_native_batch_norm_legit_no_training")
def batch_norm(call: Call) -> Value | None:
    """Normalises each channel by itself; from the batch itself no running statistics would tell how."""
    axes = call.axes("input")
    if call["training"] or len(axes) < 2:
        return None
    for name in _STATISTICS:
        if call.axes(name):
            unify(axes[1], call.axes(name)[0], "batch_norm")
    scale = call.affine("weight", "bias") if call.axes("weight") else ()
    return Value(axes, (*scale, *call.value("input").forms))


@rule("instance_norm")
def instance_norm(call: Call) -> Value:
    """Normalises each channel of each sample by itself."""
    axes = call.axes("input")
    for name in _STATISTICS:
        if call.axes(name):
            unify(axes[1], call.axes(name)[0], "instance_norm")
    return Value(axes, call.affine("weight", "bias") if call.axes("weight") else ())


@rule("layer_norm", "rms_norm")
def layer_norm(call: Call) -> Value:
    """Normalises the last axes together."""
    axes, last = call.axes("input"), len(call["normalized_shape"])
    for name in ("weight", "bias"):
        for axis, own in zip(axes[-last:], call.axes(name), strict=False):
            unify(axis, own, call.operator)
    for axis in axes[-last:]:
        tag(axis, "normalised")
    return Value(axes, call.affine("weight", "bias") if call.axes("weight") else ())


@rule("group_norm")
def group_norm(call: Call) -> Value | None:
    """Normalises the channels of a group together; groups stay apart."""
    axes, groups = call.axes("input"), call["num_groups"]
    cut = cut_product(axes[1], axes[1].size // groups)
    if cut is None:
        return None
    for name in ("weight", "bias"):
        if call.axes(name):
            unify(axes[1], call.axes(name)[0], "group_norm")
    tag(cut[1], "normalised")
    tag(cut[0], "normalisation group")
    return Value(axes, call.affine("weight", "bias") if call.axes("weight") else ())


@rule("softmax", "_softmax", "log_softmax", "_log_softmax", "_safe_softmax")
def softmax(call: Call) -> Value:
    """Normalises one axis."""
    axes = call.axes("self")
    tag(axes[call["dim"]], "normalised")
    return Value(axes, ())
