"""The registry of the classes of networks that a file can hold, and how the arrays of each are called and shaped."""

import dataclasses
from dataclasses import dataclass
from typing import Any, TypeAlias, get_type_hints

from condenslab.interop.container import ModelHeader, Shapes
from condenslab.networks import (
    CNN,
    KAN,
    MLP,
    Activation,
    ConvTwoLayer,
    Decoder,
    DeepDiagonal,
    Diagonal,
    Linear,
    MatrixFactorisation,
    MultiHeadAttention,
    ProductModel,
    TwoLayer,
)

Storable: TypeAlias = (
    TwoLayer
    | MLP
    | CNN
    | ConvTwoLayer
    | KAN
    | MultiHeadAttention
    | Decoder
    | Linear
    | Diagonal
    | DeepDiagonal
    | ProductModel
    | MatrixFactorisation
)
_AXES = ("no axes", "one axis", "two axes", "three axes", "four axes")


@dataclass(frozen=True)
class Part:
    """One field of a class of networks that holds arrays.

    Attributes:
        axes: The names of the axes, between blanks: a name has one size throughout a network, a number is a size, "_"
            is any size and a final "…" any further axes. In a field with an array for each layer, {0} stands for the
            number of the layer and {1} for that of the next.
        optional: Whether an array may be None.
        layered: Whether the field is a tuple with an array for each layer.
    """

    axes: str
    optional: bool = False
    layered: bool = False


_HEAD = "head d_model "

FORMS: dict[type, dict[str, Part]] = {
    TwoLayer: {
        "input_weights": Part("neuron input"),
        "biases": Part("neuron", optional=True),
        "output_weights": Part("output neuron"),
        "output_bias": Part("output", optional=True),
    },
    MLP: {
        "weights": Part("width{1} width{0}", layered=True),
        "biases": Part("width{1}", optional=True, layered=True),
    },
    CNN: {
        "kernels": Part("channels{1} channels{0} _ _", layered=True),
        "kernel_biases": Part("channels{1}", optional=True, layered=True),
        "weights": Part("width{1} width{0}", layered=True),
        "biases": Part("width{1}", optional=True, layered=True),
    },
    ConvTwoLayer: {
        "kernels": Part("kernel …"),
        "biases": Part("kernel …", optional=True),
        "output_weights": Part("output kernel …"),
    },
    KAN: {"coefficients": Part("width{1} width{0} _", layered=True)},
    MultiHeadAttention: {
        "queries": Part(_HEAD + "d"),
        "keys": Part(_HEAD + "d"),
        "values": Part(_HEAD + "d_v"),
        "outputs": Part(_HEAD + "d_v"),
        "embedding": Part("token_input d_model", optional=True),
        "readout": Part("d_model token_output", optional=True),
    },
    Decoder: {
        "tokens": Part("vocabulary d_model"),
        "positions": Part("position d_model"),
        "queries": Part("head{0} d_model d_k{0}", layered=True),
        "keys": Part("head{0} d_model d_k{0}", layered=True),
        "values": Part("head{0} d_model d_v{0}", layered=True),
        "outputs": Part("head{0} d_model d_v{0}", layered=True),
        "attention_scales": Part("d_model", layered=True),
        "attention_shifts": Part("d_model", layered=True),
        "expand": Part("d_model d_ff{0}", layered=True),
        "contract": Part("d_ff{0} d_model", layered=True),
        "forward_scales": Part("d_model", layered=True),
        "forward_shifts": Part("d_model", layered=True),
        "final_scale": Part("d_model", optional=True),
        "final_shift": Part("d_model", optional=True),
        "readout": Part("d_model vocabulary"),
        "readout_bias": Part("vocabulary"),
    },
    Linear: {"coefficients": Part("input"), "offset": Part("1", optional=True)},
    Diagonal: {"plus": Part("input"), "minus": Part("input")},
    DeepDiagonal: {"factors": Part("layer input")},
    ProductModel: {"parameters": Part("4")},
    MatrixFactorisation: {"left": Part("row inner"), "right": Part("inner column")},
}
CLASSES = {form.__name__: form for form in FORMS}


def settings_of(kind: type) -> dict[str, Any]:
    """Returns the types of the fields of a class that are neither arrays nor its activation, by name."""
    hints = get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind) if field.name not in FORMS[kind]]
    return {name: hints[name] for name in names if hints[name] is not Activation}


def has_activation(kind: type) -> bool:
    """Returns whether networks of a class have an activation."""
    return Activation in get_type_hints(kind).values()


def names_of_parts(header: ModelHeader) -> dict[str, tuple[str | None, ...]]:
    """Returns the names of the arrays of each field, None where there is no array."""
    form = FORMS[CLASSES[header.kind]]
    names = {}
    for field, present in header.parts.items():
        paths = [f"network/{field}/{k}" if form[field].layered else f"network/{field}" for k in range(len(present))]
        names[field] = tuple(path if there else None for path, there in zip(paths, present, strict=True))
    return names


def misfit_of_header(header: ModelHeader) -> str | None:
    """Returns what in a header cannot be, or None."""
    if header.kind not in CLASSES:
        return f"it holds a network of the unknown class {header.kind!r}, none of {', '.join(CLASSES)}"
    kind = CLASSES[header.kind]
    form, settings = FORMS[kind], settings_of(kind)
    for given, needed, word in ((header.parts, form, "arrays"), (header.settings, settings, "settings")):
        if set(given) != set(needed):
            return f"its header gives a {header.kind} the {word} {sorted(given)}, and it has {sorted(needed)}"
    if (header.activation is not None) != has_activation(kind):
        return f"its header gives a {header.kind} the activation {header.activation!r}"
    for field, part in form.items():
        present = header.parts[field]
        if not part.layered and len(present) != 1:
            return f"its header gives a {header.kind} {len(present)} arrays {field}"
        if not part.optional and not all(present):
            return f"its header gives a {header.kind} no {field}"
    return None


def misfit_of_shapes(header: ModelHeader, shapes: Shapes) -> str | None:
    """Returns what does not fit together in the shapes of the arrays of a sound header, or None.

    The fields are gone through in the order of the registry, and what an axis is must be as its first array has it.
    """
    form, names, known = FORMS[CLASSES[header.kind]], names_of_parts(header), {}
    for field, part in form.items():
        for layer, name in enumerate(names[field]):
            if name is not None:
                reason = _misfit(name, shapes[name], part.axes.format(layer, layer + 1).split(), known)
                if reason:
                    return reason
    return None


def _misfit(name: str, shape: tuple[int, ...], axes: list[str], known: dict[str, tuple[int, str]]) -> str | None:
    more = axes[-1] == "…"
    axes = axes[:-1] if more else axes
    if len(shape) < len(axes) or (len(shape) > len(axes) and not more):
        return f"{name} has shape {shape} and must have {'at least ' if more else ''}{_AXES[len(axes)]}"
    for position, (axis, size) in enumerate(zip(axes, shape, strict=False)):
        if axis == "_":
            continue
        needed, origin = (int(axis), "") if axis.isdigit() else known.setdefault(axis, (size, name))
        if size != needed:
            wanted = f"{needed} {axis}, as in {origin}" if origin else f"{needed}"
            return f"{name} has shape {shape} and must have on axis {position}: {wanted}"
    return None
