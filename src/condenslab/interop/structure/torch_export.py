"""What is asked of torch: a copy of a module, its export, its outputs, and in which type it really computes."""

import contextlib
import copy
import inspect
import io
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from condenslab.errors import UserError
from condenslab.interop.torch_module import require_torch


def narrowing(torch: Any) -> Any:
    """Returns a context that notes the narrowest type to which float64 numbers are rounded in it."""

    class Narrowing(torch.utils._python_dispatch.TorchDispatchMode):
        """Looks at every conversion."""

        precision = float(torch.finfo(torch.float64).eps)

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            """Runs an operator and looks at the type that it gives."""
            found = function(*args, **(kwargs or {}))
            converts = function is torch.ops.aten._to_copy.default and args[0].dtype == torch.float64
            if converts and found.dtype.is_floating_point:
                self.precision = max(self.precision, float(torch.finfo(found.dtype).eps))
            return found

    return Narrowing()


def tensors_in(value: Any, *, detach: bool = True) -> list[Any]:
    """Returns the floating-point tensors in a nested output, in order.

    Args:
        value: The output.
        detach: Whether they are cut off from their gradients.
    """
    torch = require_torch("reading outputs")
    if torch.is_tensor(value):
        kept = value.detach() if detach else value
        return [kept] if value.dtype.is_floating_point else []
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [tensor for part in parts for tensor in tensors_in(part, detach=detach)]


def own_copy(module: Any) -> Any:
    """Returns a copy of a module in evaluation mode, without gradients and without a cache of keys.

    Args:
        module: The module.

    Raises:
        UserError: It is no module, or it cannot be copied.
    """
    torch = require_torch("finding interchangeable units")
    if not isinstance(module, torch.nn.Module):
        raise UserError(f"a torch.nn.Module is needed. Got a {type(module).__name__}")
    try:
        own = copy.deepcopy(module).eval()
    except Exception as error:
        raise UserError(f"the module cannot be copied: {type(error).__name__}: {first_line(error)}") from error
    config = getattr(own, "config", None)
    if config is not None and getattr(config, "use_cache", False):
        config.use_cache = False  # a cache of keys is an output of every layer
    return own.requires_grad_(False)


def export(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], any_batch: bool) -> tuple[Any, bool]:
    """Exports a module, for any number of samples if it allows that.

    Args:
        module: The module.
        args: Example inputs.
        kwargs: Those by name.
        any_batch: Whether to try to leave the number of samples open.

    Returns:
        The exported program, and whether it takes any number of samples.

    Raises:
        UserError: The module does not take the inputs, or cannot be exported.
    """
    torch = require_torch("finding interchangeable units")
    if not isinstance(module, torch.nn.Module):
        raise UserError(f"a torch.nn.Module is needed. Got a {type(module).__name__}")
    with torch.no_grad(), warnings.catch_warnings(), _quiet():
        warnings.simplefilter("ignore")
        try:
            module(*args, **kwargs)
        except Exception as error:
            shapes = ", ".join(str(tuple(a.shape)) for a in (*args, *kwargs.values()) if torch.is_tensor(a))
            raise UserError(
                f"the module does not take these inputs (shapes {shapes}): {type(error).__name__}: {first_line(error)}"
            ) from error
        if any_batch:
            try:
                shapes = _free_batch(module, args, kwargs)
                found = torch.export.export(module, args, kwargs, dynamic_shapes=shapes, strict=False)
                return found, _takes_any_batch(found)
            except Exception:  # the size of the batch is used: it stays as given
                pass
        try:
            return torch.export.export(module, args, kwargs, strict=False), False
        except Exception as error:
            raise UserError(
                f"the module cannot be exported by torch.export, so that its axes are not known: "
                f"{type(error).__name__}: {first_line(error)}"
            ) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps what torch prints about a failing export (its whole graph) off the standard streams."""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        yield


def _free_batch(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Returns for every argument that the first axis of a tensor may have any size."""
    torch = require_torch("tracing a module")
    free = {0: torch.export.Dim.AUTO}

    def shape(value: Any) -> Any:
        if torch.is_tensor(value):
            return free if value.ndim else None
        if isinstance(value, list | tuple):
            return type(value)(shape(part) for part in value)
        return {key: shape(part) for key, part in value.items()} if isinstance(value, dict) else None

    bound = inspect.signature(module.forward).bind(*args, **kwargs).arguments
    return {name: shape(value) for name, value in bound.items()}


def _takes_any_batch(exported: Any) -> bool:
    users = set(exported.graph_signature.user_inputs)
    values = [node.meta.get("val") for node in exported.graph.nodes if node.op == "placeholder" and node.name in users]
    shapes = [value.shape for value in values if hasattr(value, "shape") and len(value.shape)]
    return bool(shapes) and all(not isinstance(shape[0], int) for shape in shapes)


def first_line(error: Exception) -> str:
    """Returns the first line of an error's message, at most 200 characters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else "without a message"


def floating(value: Any, dtype: Any) -> Any:
    """Returns nested inputs with their floating-point tensors in another type."""
    torch = require_torch("running a module")
    if torch.is_tensor(value):
        return value.to(dtype) if value.dtype.is_floating_point else value
    if isinstance(value, list | tuple):
        return type(value)(floating(part, dtype) for part in value)
    return {key: floating(part, dtype) for key, part in value.items()} if isinstance(value, dict) else value
