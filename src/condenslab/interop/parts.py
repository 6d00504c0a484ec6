"""A network taken apart into a header and named parameters, and put together again, with the checks of both ways.

An array of a field is called `network/FIELD`, and `network/FIELD/k` for layer k (from 0) where the field has an array
for each layer.
"""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import msgspec
import numpy as np

from condenslab.errors import UserError, unknown
from condenslab.interop.container import REPAIR, ModelHeader, Tensors, damaged
from condenslab.interop.forms import (
    CLASSES,
    FORMS,
    Storable,
    has_activation,
    misfit_of_header,
    misfit_of_shapes,
    names_of_parts,
    settings_of,
)
from condenslab.networks import ACTIVATIONS, Activation

_PRECISIONS = ("float32", "float64")


def take_apart(file: Path, network: Any) -> tuple[ModelHeader, Tensors]:
    """Returns the header and the parameters of a network.

    Args:
        file: Where they are to be written, for the message.
        network: The network.

    Raises:
        UserError: It is of another class, has an unknown activation, or its parameters are no sound set of arrays.
    """
    kind = type(network)
    if kind not in FORMS:
        raise UserError(
            f"{file} cannot hold a network of class {kind.__name__}: give one of networks.{', '.join(CLASSES)}"
        )
    if has_activation(kind):
        _check_registered(file, network.activation)
    fields = {
        name: tuple(getattr(network, name) or ()) if part.layered else (getattr(network, name),)
        for name, part in FORMS[kind].items()
    }
    header = ModelHeader(
        kind.__name__,
        network.activation.name if has_activation(kind) else None,
        {name: [array is not None or not FORMS[kind][name].optional for array in fields[name]] for name in fields},
        {name: getattr(network, name) for name in settings_of(kind)},
    )
    tensors: Tensors = {}
    for field, names in names_of_parts(header).items():
        for name, array in zip(names, fields[field], strict=True):
            if name is not None:
                if not isinstance(array, np.ndarray | jax.Array):
                    what = f"{name} is no array but {array!r}"
                    raise UserError(f"{file} is not written because {what}: give a whole network")
                tensors[name] = np.asarray(array)
    reason = (
        misfit_of_header(header)
        or misfit_of_shapes(header, {name: array.shape for name, array in tensors.items()})
        or _unsound(tensors)
        or _misbuilt(header, tensors)
    )
    if reason:
        raise UserError(f"{file} is not written because {reason}: save one sound network (of an ensemble, one member)")
    return header, tensors


def put_together(file: Path, header: ModelHeader, tensors: Tensors) -> Storable:
    """Returns the network of a header and its parameters, whose shapes have been checked.

    Args:
        file: Where they come from, for the message.
        header: The header.
        tensors: The parameters by name, perhaps among others.

    Raises:
        UserError: A parameter is not a finite float32 or float64 number, JAX would round one, the activation is
            unknown, or the class refuses its parameters or settings.
    """
    own = {name: tensors[name] for names in names_of_parts(header).values() for name in names if name is not None}
    reason = _unsound(own)
    if reason:
        raise UserError(f"{file} is not loaded because {reason}: {REPAIR}")
    if header.activation is not None and header.activation not in ACTIVATIONS:
        error = unknown("activation", header.activation, ACTIVATIONS)
        raise UserError(f"{file} has an {error} (one of your own must be in networks.ACTIVATIONS before loading)")
    doubles = any(array.dtype == np.float64 for array in own.values())
    if doubles and jnp.result_type(float) != np.float64:
        raise UserError(
            f"{file} holds float64 numbers, which JAX would round to float32: call "
            "jax.config.update('jax_enable_x64', True) before loading"
        )
    try:
        return _built(header, own)
    except ValueError as error:
        raise damaged(file, _sentence(error)) from error


def _built(header: ModelHeader, tensors: Tensors) -> Storable:
    """Returns the network; its class and msgspec refuse what cannot be with a ValueError."""
    kind = CLASSES[header.kind]
    fields: dict[str, Any] = {}
    for field, names in names_of_parts(header).items():
        arrays = tuple(None if name is None else jnp.array(tensors[name]) for name in names)
        fields[field] = arrays if FORMS[kind][field].layered else arrays[0]
    for setting, hint in settings_of(kind).items():
        try:
            fields[setting] = msgspec.convert(header.settings[setting], hint)
        except msgspec.ValidationError as error:
            raise ValueError(f"the setting {setting} cannot be {header.settings[setting]!r}: {error}") from error
    if header.activation is not None:
        fields["activation"] = ACTIVATIONS[header.activation]
    return kind(**fields)


def _misbuilt(header: ModelHeader, tensors: Tensors) -> str | None:
    """Returns why a file with these settings and parameters could not be loaded, or None."""
    try:
        plain = msgspec.json.decode(msgspec.json.encode(header.settings))
        built = _built(msgspec.structs.replace(header, settings=plain), tensors)
    except (ValueError, TypeError) as error:
        return _sentence(error)
    for name, value in header.settings.items():
        if getattr(built, name) != value:
            return f"its {name} {value!r} is not what a file would give back, {getattr(built, name)!r}"
    return None


def _sentence(error: Exception) -> str:
    return str(error).removesuffix(".")


def _unsound(parameters: Tensors) -> str | None:
    """Returns what is wrong with the values of parameters, or None."""
    for name, array in parameters.items():
        if array.dtype.name not in _PRECISIONS:
            return f"{name} has type {array.dtype} and must have type {' or '.join(_PRECISIONS)}"
        if not np.all(np.isfinite(array)):
            return f"{name} has NaN or infinite entries, from which nothing can be continued or measured"
    return None


def _check_registered(file: Path, activation: Any) -> None:
    name = activation.name if isinstance(activation, Activation) else repr(activation)
    known = ACTIVATIONS.get(name)
    if known is None or known != activation or known.function is not activation.function:
        raise UserError(
            f"{file} is not written because the activation {name!r} is not the one of that name in "
            "networks.ACTIVATIONS, and a file holds only a name: add it there under a name of its own, here and where "
            "the file will be loaded"
        )
