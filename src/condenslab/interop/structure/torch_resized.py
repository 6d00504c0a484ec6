"""The exported graph with other sizes: every size that is written into it is computed anew from the axes."""

import copy
import operator
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from condenslab.errors import UserError
from condenslab.interop.structure.expressions import Axis, Chain, Product, Sizes, resolved, size_of
from condenslab.interop.structure.surgery import Weights
from condenslab.interop.structure.torch_export import first_line
from condenslab.interop.structure.torch_program import TorchProgram
from condenslab.interop.torch_module import require_torch

_SHAPED = ("view", "reshape", "_unsafe_view", "expand", "unflatten", "broadcast_to")
_CUT = ("split", "chunk", "unsafe_split", "unsafe_chunk", "split_with_sizes", "tensor_split")
_NORMS = ("layer_norm", "rms_norm")


def resized(program: TorchProgram, weights: Weights) -> Any:
    """Builds a module from the exported graph and arrays of other sizes.

    Args:
        program: The exported module.
        weights: The arrays, and the sizes of the atoms that changed.

    Returns:
        A `torch.nn.Module` that takes what the original takes, with parameters of the same names; it returns tensors,
        tuples and dicts.
    """
    return _Builder(program, weights).module()


class _Builder:
    def __init__(self, program: TorchProgram, weights: Weights) -> None:
        self.torch = require_torch("building a module")
        self.program, self.weights, self.sizes = program, weights, weights.sizes
        self.root = self.torch.nn.Module()
        self.graph, self.of = self.torch.fx.Graph(), {}
        self.paths: dict[str, str] = {}

    def module(self) -> Any:
        exported = self.program.exported
        for name, part in exported.graph_module.named_children():
            self.root.add_module(name, part)
        for node in exported.graph.nodes:
            if node.op == "placeholder":
                self.of[node] = self._tensor(node) if node.name in self.program.names else self._input(node)
            elif node.op == "output":
                self.graph.output(tuple(self.of.get(one, one) for one in self._outputs(node)))
            else:
                self.of[node] = self._copied(node)
        self.graph.lint()
        inner = self.torch.fx.GraphModule(self.root, self.graph)
        outputs = _plain_outputs(exported.call_spec.out_spec)
        made = _wrapper(self.torch)(inner, outputs)
        made.paths = {name: path for name, path in self.paths.items() if name in self.weights.arrays}
        made.nodes = {old.name: new.name for old, new in self.of.items()}
        return made

    def _input(self, node: Any) -> Any:
        return self.graph.placeholder(node.name)

    def _outputs(self, node: Any) -> list[Any]:
        kinds = self.program.exported.graph_signature.output_specs
        user = self.torch.export.graph_signature.OutputKind.USER_OUTPUT
        return [one for one, spec in zip(node.args[0], kinds, strict=True) if spec.kind == user]

    def _tensor(self, node: Any) -> Any:
        """Puts a parameter, a buffer or a constant into the module, and returns the node that gets it."""
        name = self.program.names[node.name]
        first, tensor = self.program.original(name)
        path = self.paths.setdefault(first, first.replace(".", "__"))
        if not hasattr(self.root, path):
            array = self.weights.arrays.get(first)
            if array is not None:
                tensor = self.torch.from_numpy(np.array(array)).to(tensor.dtype)
            if isinstance(tensor, self.torch.nn.Parameter) or (array is not None and self.program.is_parameter(first)):
                self.root.register_parameter(
                    path, self.torch.nn.Parameter(tensor.detach().clone(), requires_grad=False)
                )
            else:
                self.root.register_buffer(path, tensor.detach().clone())
        return self.graph.get_attr(path)

    def _copied(self, node: Any) -> Any:
        made = self.graph.node_copy(node, lambda one: self.of[one])
        value = self.program.analysis.values.get(node)
        if node.op != "call_function" or value is None or not value.axes or not hasattr(node.target, "_schema"):
            return made
        name = node.target._schema.name.split("::")[-1]
        edits: Mapping[tuple[str, ...], Callable[..., None]] = {
            _SHAPED: self._reshaped,
            _CUT: self._split,
            _NORMS: self._normalised,
            ("slice", "narrow"): self._sliced,
            ("conv1d", "conv2d", "conv3d", "convolution"): self._grouped,
            ("group_norm",): self._norm_groups,
        }
        for names, edit in edits.items():
            if name in names:
                edit(node, made, value.axes)
        return made

    def _changed(self, axis: Axis) -> bool:
        return size_of(axis, self.sizes) != axis.size

    def _axes(self, node: Any) -> list[Any]:
        return self.program.analysis.values[node].axes

    def _reshaped(self, node: Any, made: Any, axes: list[Axis]) -> None:
        name = node.target._schema.name.split("::")[-1]
        at, first = (2, node.args[1] % len(self._axes(node.args[0]))) if name == "unflatten" else (1, 0)
        wanted = list(made.args[at])
        for k, size in enumerate(wanted):
            if size == -1 or not self._changed(axes[first + k]):
                continue
            new, old = size_of(axes[first + k], self.sizes), axes[first + k].size
            if isinstance(size, int):
                wanted[k] = new
            else:  # a product with the number of samples
                with self.graph.inserting_before(made):
                    more = self.graph.call_function(operator.mul, (size, new))
                    wanted[k] = self.graph.call_function(operator.floordiv, (more, old))
        made.update_arg(at, wanted)

    def _split(self, node: Any, made: Any, pieces: list[list[Axis]]) -> None:
        arguments = _named(node)
        at = (arguments.get("dim") or 0) % len(pieces[0])
        if any(self._changed(piece[at]) for piece in pieces):
            made.target = self.torch.ops.aten.split_with_sizes.default
            made.args = (made.args[0], [size_of(piece[at], self.sizes) for piece in pieces], at)
            made.kwargs = {}

    def _normalised(self, node: Any, made: Any, axes: list[Axis]) -> None:
        count = len(node.args[1])
        made.update_arg(1, [size_of(axis, self.sizes) for axis in axes[-count:]])

    def _sliced(self, node: Any, made: Any, axes: list[Axis]) -> None:
        arguments = _named(node)
        source = self._axes(node.args[0])
        at = (arguments.get("dim") or 0) % len(source)
        if not self._changed(source[at]) or not isinstance(arguments.get("start") or 0, int):
            return
        old, begin = source[at].size, arguments.get("start") or 0
        begin = max(begin + old, 0) if begin < 0 else min(begin, old)
        new = offset(source[at], begin, self.sizes)
        made.args = (made.args[0], at, new, new + size_of(axes[at], self.sizes))
        made.kwargs = {}

    def _grouped(self, node: Any, made: Any, axes: list[Axis]) -> None:
        groups = _named(node).get("groups") or 1
        if groups > 1:
            channels = size_of(self._axes(node.args[0])[1], self.sizes)
            read = size_of(self._axes(node.args[1])[1], self.sizes)
            self._set(node, made, "groups", channels // read)

    def _norm_groups(self, node: Any, made: Any, axes: list[Axis]) -> None:
        inner = resolved(axes[1])
        old, groups = inner.size, node.args[1]
        size = size_of(inner, self.sizes)
        if size != old and isinstance(inner, Product):
            made.update_arg(1, size_of(inner[0], self.sizes) if inner[0].size == groups else groups)

    def _set(self, node: Any, made: Any, name: str, value: Any) -> None:
        names = [argument.name for argument in node.target._schema.arguments]
        at = names.index(name)
        if at < len(made.args):
            made.update_arg(at, value)
        else:
            made.update_kwarg(name, value)


def offset(axis: Axis, begin: int, sizes: Sizes) -> int:
    """Returns where the entry `begin` of an axis is when atoms have other sizes.

    Args:
        axis: The axis.
        begin: A boundary between what is laid end to end in it.
        sizes: The new sizes.
    """
    axis = resolved(axis)
    if isinstance(axis, Product):
        inner = axis.size // axis[0].size
        return offset(axis[0], begin // inner, sizes) * (size_of(axis, sizes) // max(size_of(axis[0], sizes), 1))
    if not isinstance(axis, Chain):
        return size_of(axis, sizes) if begin else 0
    old = new = 0
    for part in axis:
        if old + part.size > begin:
            return new + (offset(part, begin - old, sizes) if begin > old else 0)
        old, new = old + part.size, new + size_of(part, sizes)
    return new


def _named(node: Any) -> dict[str, Any]:
    names = [argument.name for argument in node.target._schema.arguments]
    return {**dict(zip(names, node.args, strict=False)), **node.kwargs}


def _plain_outputs(spec: Any) -> Any:
    """Returns the nesting of the outputs with their numbers as leaves; classes of other packages become dicts."""
    pytree = require_torch("reading outputs").utils._pytree

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: plain(part) for key, part in value.items()}
        return tuple(map(plain, value)) if isinstance(value, list | tuple) else value

    return plain(pytree.tree_unflatten(list(range(spec.num_leaves)), spec))


def _wrapper(torch: Any) -> Any:
    class Resized(torch.nn.Module):
        """A graph that takes and returns nested values."""

        def __init__(self, inner: Any, outputs: Any) -> None:
            super().__init__()
            self.inner, self.outputs = inner, outputs

        def forward(self, *args: Any, **kwargs: Any) -> Any:
            """Returns the outputs."""
            flat, _ = torch.utils._pytree.tree_flatten((args, kwargs))
            found = self.inner(*flat)

            def nested(value: Any) -> Any:
                if isinstance(value, dict):
                    return {key: nested(part) for key, part in value.items()}
                return tuple(map(nested, value)) if isinstance(value, tuple) else found[value]

            return nested(self.outputs)

    return Resized


def trained_weights(module: Any) -> dict[str, np.ndarray]:
    """Returns the arrays of a resized module, by their first names in the original one."""
    tensors = {**dict(module.inner.named_parameters()), **dict(module.inner.named_buffers())}
    return {name: tensors[path].detach().double().numpy() for name, path in module.paths.items() if path in tensors}


def checked(program: TorchProgram, weights: Weights) -> Any:
    """Builds the resized module and runs it on the example inputs.

    Args:
        program: The exported module.
        weights: The arrays.

    Raises:
        UserError: An operator does not take the new sizes.
    """
    torch = require_torch("building a module")
    module = resized(program, weights)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            module(*copy.deepcopy(program.args), **program.kwargs)
        except (RuntimeError, IndexError, TypeError, ValueError) as error:
            raise UserError(
                f"the exported graph does not run with the new sizes ({first_line(error)}): a size is written into it "
                "that is not known to depend on them; choose fewer layers (--layers)"
            ) from error
    return module
