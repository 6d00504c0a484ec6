"""A user's torch module: loaded from a checkpoint that we read, and which of its neurons are silent on given inputs."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from condenslab.errors import ACCIDENTS, UserError, told
from condenslab.imports import imported
from condenslab.interop.neurons import Measurement
from condenslab.interop.neurons.names import stripped
from condenslab.interop.neurons.pairing import outgoing, successors
from condenslab.interop.reading import read


def call_target(target: str) -> Any:
    """Returns what a user's function returns, or the function itself if it is a predict(params, inputs).

    This imports and runs the user's own code.

    Args:
        target: "module:function"; the current folder is searched first.

    Raises:
        UserError: There is no such module or function, or it raises.
    """
    module_name, _, name = target.partition(":")
    if not module_name or not name:
        raise UserError(f"{target!r} is no module:function, for example mynet:build")
    function = imported(target)
    if _needs(function) == 2:
        return function
    try:
        return function()
    except UserError:
        raise
    except ACCIDENTS as error:
        raise UserError(f"{target} raised {told(error)}") from error


def _needs(function: Callable[..., Any]) -> int:
    """Returns how many arguments a function needs."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 0
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.default is p.empty and p.kind in kinds for p in parameters)


def load_module(target: str, weights: str) -> Any:
    """Builds a user's module and loads a checkpoint into it, read by us and not by torch.

    Args:
        target: "module:function" without arguments that returns a `torch.nn.Module`.
        weights: The checkpoint.

    Raises:
        UserError: torch is not installed, the function returns no module, or names or shapes do not fit.
    """
    module = call_target(target)
    torch = require_torch(f"{target}, a torch module,")
    if not isinstance(module, torch.nn.Module):
        raise UserError(f"{target} must return a torch.nn.Module. Got a {type(module).__name__}")
    load_into(module, read(weights).tensors, weights)
    return module.eval()


def require_torch(what: str) -> Any:
    """Returns the module torch.

    Args:
        what: What needs it.

    Raises:
        UserError: It is not installed.
    """
    try:
        return importlib.import_module("torch")
    except ModuleNotFoundError as error:
        raise UserError(f"{what} needs PyTorch, which is not installed: pip install 'condenslab[torch]'") from error


def load_into(module: Any, tensors: Mapping[str, np.ndarray], source: str) -> None:
    """Copies arrays into the parameters and buffers of a module, by name, wrappers' prefixes left aside.

    Args:
        module: The module.
        tensors: The arrays.
        source: Where they come from, for the message.

    Raises:
        UserError: A name is missing or a shape does not fit.
    """
    torch = require_torch("loading weights")
    table = {stripped(name): array for name, array in tensors.items()} | dict(tensors)
    with torch.no_grad():
        for name, there in module.state_dict().items():
            found = table.get(name, table.get(stripped(name)))
            if found is None:
                if name.endswith("num_batches_tracked"):
                    continue
                raise UserError(
                    f"{source} has no {name}, which the module needs; it has {', '.join(list(tensors)[:4])} …"
                )
            if tuple(found.shape) != tuple(there.shape):
                raise UserError(f"{name} has shape {found.shape} in {source} and {tuple(there.shape)} in the module")
            wide = found.astype(np.float32) if found.dtype.kind == "V" or found.dtype.name == "bfloat16" else found
            there.copy_(torch.from_numpy(np.array(wide)))


def read_inputs(path: str, *, dtype: Any = np.float32) -> np.ndarray:
    """Returns the inputs in a file: its array `inputs` or `x`, or the only one.

    Args:
        path: The .npz or .npy file, or any checkpoint.
        dtype: What floating-point numbers become.

    Raises:
        UserError: It is not read, has several arrays and none of these names, or holds NaN.
    """
    tensors = read(path).tensors
    name = next((key for key in ("inputs", "x", "X", "input") if key in tensors), None)
    if name is None and len(tensors) > 1:
        raise UserError(f"{path} has the arrays {', '.join(tensors)}: call the inputs 'inputs'")
    array = np.asarray(tensors[name or next(iter(tensors))])
    if array.ndim == 0 or not len(array):
        raise UserError(f"{path} holds no samples: inputs need the shape (sample, …). Got {array.shape}")
    array = array if array.dtype.kind in "iub" else array.astype(dtype)
    if not np.all(np.isfinite(array)):
        raise UserError(f"{path} holds NaN or infinity: clean the inputs first")
    return array


def silent_neurons(measured: Measurement, target: str, weights: str, inputs: str) -> Measurement:
    """Adds to each layer how many of its neurons give 0 on every input.

    What is looked at is what the next layer receives (the largest absolute value over samples and positions), so that
    it does not matter whether the activation is a module or a function.

    Args:
        measured: The layers.
        target: "module:function".
        weights: The checkpoint.
        inputs: The file with the inputs.

    Raises:
        UserError: As `load_module` and `read_inputs`; or the module does not take these inputs.
    """
    received = largest_received(load_module(target, weights), read_inputs(inputs))
    arrays = {name: array for name, array in read(weights).tensors.items() if array.ndim >= 2}
    after = successors(arrays)
    layers = []
    for layer in measured.layers:
        follower = outgoing(layer.name, arrays[layer.name], arrays, after) if layer.kind != "recurrent" else None
        peaks = received.get(stripped(follower)) if follower else None
        fits = peaks is not None and peaks.size % layer.neurons == 0
        silent = int((peaks.reshape(layer.neurons, -1).max(axis=1) == 0).sum()) if peaks is not None and fits else None
        layers.append(replace(layer, silent=silent))
    return replace(measured, layers=layers)


def largest_received(module: Any, inputs: np.ndarray, *, batch: int = 256) -> dict[str, np.ndarray]:
    """Returns for each dense and convolution layer the largest |input| that each of its inputs received.

    Args:
        module: The module, in evaluation mode.
        inputs: Shape (sample, …).
        batch: Samples at a time.

    Returns:
        Arrays of shape (input,) or (channel,), by the name of the layer's weight without wrappers' prefixes.

    Raises:
        UserError: The module does not take these inputs.
    """
    torch = require_torch("looking at activations")
    kinds = (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)
    peaks: dict[str, np.ndarray] = {}

    def watch(name: str, positions: int) -> Any:
        def hook(_: Any, args: tuple[Any, ...]) -> None:
            values = args[0].detach().abs()
            axis = values.ndim - 1 - positions
            peak = values.amax(dim=[a for a in range(values.ndim) if a != axis]).float().cpu().numpy()
            peaks[name] = np.maximum(peaks[name], peak) if name in peaks else peak

        return hook

    handles = []
    for name, part in module.named_modules():
        if isinstance(part, kinds):
            key = stripped(f"{name}.weight")
            handles.append(part.register_forward_pre_hook(watch(key, part.weight.ndim - 2)))
    try:
        with torch.no_grad():
            for begin in range(0, len(inputs), batch):
                module(torch.from_numpy(np.array(inputs[begin : begin + batch])))
    except Exception as error:
        text = str(error).splitlines()[0] if str(error) else ""
        raise UserError(
            f"the module does not take inputs of shape {inputs.shape}: {type(error).__name__}: {text}"
        ) from error
    finally:
        for handle in handles:
            handle.remove()
    return peaks
