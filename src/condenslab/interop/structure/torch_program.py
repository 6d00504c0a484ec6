"""A torch module as a program of operators: exported, walked with the table of rules, evaluated at will.

The graph gives the axes. Evaluations run the module itself, in float64, so that a wrong rule shows.
"""

import copy
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from condenslab.interop.structure.analysis import Analysis, Form, Value
from condenslab.interop.structure.expressions import Atom, Axes, atoms, freeze
from condenslab.interop.structure.operators import RULES, Call
from condenslab.interop.structure.surgery import Weights
from condenslab.interop.structure.torch_export import export, floating, narrowing, own_copy, tensors_in
from condenslab.interop.torch_module import require_torch


class TorchProgram:
    """An exported module.

    Attributes:
        module: A copy of the module in evaluation mode.
        args: The example inputs.
        kwargs: Those by name.
        exported: The `torch.export.ExportedProgram`.
        dynamic: Whether it takes any number of samples.
        analysis: The axes.
        precision: The relative rounding of the narrowest type that evaluations round to.
    """

    def __init__(self, module: Any, args: Sequence[Any], kwargs: Mapping[str, Any], *, any_batch: bool = False) -> None:
        self.module = own_copy(module)
        self.args, self.kwargs = tuple(args), dict(kwargs)
        self.exported, self.dynamic = export(self.module, self.args, self.kwargs, any_batch)
        self.analysis = Analysis()
        self.names = _placeholders(self.exported)
        self._tensors = {
            **dict(self.module.named_parameters(remove_duplicate=False)),
            **dict(self.module.named_buffers(remove_duplicate=False)),
        }
        self._first: dict[int, str] = {}
        for name, tensor in self._tensors.items():
            self._first.setdefault(id(tensor), name)
        self._kept = set(self.module.state_dict())
        self._walk()
        self._double, self._wide, self.precision = self._widened()

    # ---- the walk

    def _walk(self) -> None:
        steps = {"placeholder": self._placeholder, "call_function": self._operator, "get_attr": self._constant}
        for node in self.exported.graph.nodes:
            if node.op in steps:
                steps[node.op](node)
            elif node.op == "output":
                for source in node.all_input_nodes:
                    _freeze_all(self.analysis.values[source], "an output")

    def _placeholder(self, node: Any) -> None:
        shape = _shape(node.meta.get("val"))
        name = self.names.get(node.name)
        if name is None:
            self.analysis.values[node] = Value([Atom(size, "an input") for size in shape])
            return
        first, tensor = self.original(name)
        editable = first in self._kept and tensor.dtype.is_floating_point
        if first in self.analysis.parameters:
            axes = self.analysis.parameters[first]
        else:
            axes: Axes = [Atom(size, None if editable else "a constant") for size in shape]
            if editable:
                self.analysis.parameters[first] = axes
        if first != name:
            self.analysis.tied[name] = first
        forms = (Form(offsets=frozenset({first})),) if editable else ()
        self.analysis.values[node] = Value(list(axes), forms, first if editable else None)

    def _constant(self, node: Any) -> None:
        self.analysis.values[node] = Value([Atom(size, "a constant") for size in _shape(node.meta.get("val"))])

    def _operator(self, node: Any) -> None:
        value = node.meta.get("val")
        name = _operator_name(node)
        if name == "getitem":
            source = self.analysis.values[node.args[0]]
            inner = source.axes[node.args[1]] if source.axes else []
            self.analysis.values[node] = Value(inner if isinstance(inner, list) else [], source.forms)
            return
        several = isinstance(value, list | tuple)
        shapes = [_shape(one) for one in value] if isinstance(value, list | tuple) else [_shape(value)]
        found = None
        known = RULES.get(name) or RULES.get(name.rstrip("_"))
        if known is not None and hasattr(node.target, "_schema"):
            call = Call(self.analysis, name.rstrip("_"), node, _arguments(node), shapes, several=several)
            try:
                found = known(call)
            except (IndexError, ValueError, TypeError, KeyError, AttributeError):  # called in a way that no rule covers
                found = None
        if found is not None and not several and [a.size for a in found.axes] != shapes[0]:
            found = None
        self.analysis.values[node] = self._opaque(node, name, shapes, several) if found is None else found

    def _opaque(self, node: Any, name: str, shapes: list[list[int]], several: bool) -> Value:
        """Freezes whatever an operator without a rule receives, and counts it where that could have been permuted."""
        reason = f"the operator {name} has no rule here"
        alive = False
        for source in node.all_input_nodes:
            alive |= _freeze_all(self.analysis.values.get(source, Value()), reason)
        if alive:
            self.analysis.unknown[name] = self.analysis.unknown.get(name, 0) + 1
        axes: list[Any] = [[Atom(size, reason) for size in shape] for shape in shapes]
        return Value(axes if several else axes[0])

    # ---- the weights

    def original(self, name: str) -> tuple[str, Any]:
        """Returns the first name of a tensor, and the tensor."""
        if name not in self._tensors:
            return name, self.exported.constants[name]
        return self._first[id(self._tensors[name])], self._tensors[name]

    def is_parameter(self, name: str) -> bool:
        """Says whether a tensor is a parameter and no buffer."""
        return isinstance(self._tensors.get(name), require_torch("reading a module").nn.Parameter)

    def state(self) -> dict[str, np.ndarray]:
        """Returns the arrays that can be edited, in float32 or float64, tied ones once."""
        torch = require_torch("reading a module")
        found = {}
        for name in self.analysis.parameters:
            tensor = self._tensors[name].detach().cpu()
            found[name] = (tensor if tensor.dtype == torch.float64 else tensor.float()).numpy().copy()
        return found

    def weights(self) -> Weights:
        """Returns the weights as they are, with their axes."""
        return Weights(self.analysis, self.state())

    def full_state(self, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """Returns the arrays of a whole state dict, with edited ones in the types that the module has.

        Args:
            arrays: The edited arrays, by their first name.
        """
        torch = require_torch("reading a module")
        found = {}
        for name, tensor in self.module.state_dict().items():
            array = arrays.get(self._first.get(id(self._tensors.get(name))) or name)
            if array is not None:
                tensor = torch.from_numpy(np.array(array)).to(tensor.dtype)
            found[name] = tensor.detach().cpu()
        return found

    @property
    def epsilon(self) -> float:
        """The relative rounding of the stored weights; types narrower than float32 are compared as exact numbers."""
        torch = require_torch("reading a module")
        kinds = [self._tensors[name].dtype for name in self.analysis.parameters]
        wide = bool(kinds) and all(kind == torch.float64 for kind in kinds)
        return float(torch.finfo(torch.float64 if wide else torch.float32).eps)

    # ---- evaluation

    def evaluate(self, state: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Runs the module itself in float64 (in float32 where one of its operators takes no other).

        Args:
            state: Arrays by name, in place of the module's own.

        Returns:
            Its floating-point outputs.
        """
        torch = require_torch("running a module")
        wide = torch.float64 if self._wide else torch.float32
        args, kwargs = floating((self.args, self.kwargs), wide)
        given = {name: torch.from_numpy(np.ascontiguousarray(array)).to(wide) for name, array in state.items()}
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = torch.func.functional_call(self._double, given, args, kwargs)
        return [tensor.numpy() for tensor in tensors_in(found)]

    def _widened(self) -> tuple[Any, bool, float]:
        """Returns the module in float64 (float32 where an operator takes no other), whether, and its precision."""
        torch = require_torch("running a module")
        wide = copy.deepcopy(self.module).double()
        args, kwargs = floating((self.args, self.kwargs), torch.float64)
        watch = narrowing(torch)
        try:
            with torch.no_grad(), warnings.catch_warnings(), watch:
                warnings.simplefilter("ignore")
                wide(*args, **kwargs)
        except (RuntimeError, TypeError, NotImplementedError):
            return copy.deepcopy(self.module).float(), False, float(torch.finfo(torch.float32).eps)
        return wide, True, watch.precision


def _placeholders(exported: Any) -> dict[str, str]:
    """Returns which parameter, buffer or constant each placeholder is."""
    signature = exported.graph_signature
    constants = signature.inputs_to_lifted_tensor_constants
    return {**signature.inputs_to_parameters, **signature.inputs_to_buffers, **constants}


def _shape(value: Any) -> list[int]:
    return [size if isinstance(size, int) else int(size.node.hint) for size in getattr(value, "shape", ())]


def _operator_name(node: Any) -> str:
    schema = getattr(node.target, "_schema", None)
    if schema is not None:
        return schema.name.split("::")[-1]
    return str(getattr(node.target, "__name__", node.target)).split(".")[0]


def _arguments(node: Any) -> dict[str, Any]:
    names = [argument.name for argument in node.target._schema.arguments]
    return {**dict(zip(names, node.args, strict=False)), **node.kwargs}


def _freeze_all(value: Value, reason: str) -> bool:
    """Freezes all axes of a value; returns whether one of them could have been permuted."""
    alive = False
    lists = value.axes if value.axes and isinstance(value.axes[0], list) else [value.axes]
    for axes in lists:
        for axis in axes:
            alive |= any(atom.frozen is None and atom.size > 1 for atom in atoms(axis))
            freeze(axis, reason)
    return alive
