"""A JAX function of parameters and inputs as a program of primitives: its jaxpr walked with the table of rules."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Literal

from condenslab.errors import UserError
from condenslab.interop.structure.analysis import Analysis, Form, Value
from condenslab.interop.structure.expressions import Atom, Axes, atoms, freeze
from condenslab.interop.structure.jax_primitives import RULES, Equation

_INNER = ("jaxpr", "call_jaxpr", "fun_jaxpr")
_CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "remat2", "checkpoint", "core_call")


class JaxProgram:
    """A traced function.

    Attributes:
        analysis: The axes; parameters are called by their path in the pytree.
        precision: The relative rounding of the outputs' type: float32 unless JAX is set to float64.

    Args:
        function: (params, *inputs) → outputs.
        params: A pytree; its floating-point arrays are the parameters.
        inputs: Example inputs.

    Raises:
        UserError: The function cannot be traced with these.
    """

    def __init__(self, function: Callable[..., Any], params: Any, inputs: Sequence[Any]) -> None:
        self.analysis = Analysis()
        paths, self.tree = jax.tree_util.tree_flatten_with_path(params)
        self.leaves = [leaf for _, leaf in paths]
        self.names = {jax.tree_util.keystr(path): at for at, (path, leaf) in enumerate(paths) if _is_weight(leaf)}
        self.function, self.inputs = function, tuple(inputs)
        weights = {name: jnp.asarray(self.leaves[at]) for name, at in self.names.items()}
        try:
            traced = jax.make_jaxpr(self._call)(weights, *self.inputs)
        except (TypeError, ValueError) as error:
            lines = str(error).splitlines() or [""]
            raise UserError(f"the function does not take these parameters and inputs: {lines[0]}") from error
        self._walk(traced, weights)
        kinds = [jnp.result_type(array) for array in weights.values()]
        self.precision = float(max((jnp.finfo(kind).eps for kind in kinds), default=np.finfo(np.float64).eps))

    def _call(self, weights: Mapping[str, Any], *inputs: Any) -> Any:
        leaves = list(self.leaves)
        for name, array in weights.items():
            leaves[self.names[name]] = array
        return self.function(jax.tree_util.tree_unflatten(self.tree, leaves), *inputs)

    def state(self) -> dict[str, np.ndarray]:
        """Returns the parameters by their paths."""
        return {name: np.asarray(self.leaves[at]) for name, at in self.names.items()}

    def evaluate(self, state: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Runs the function with other arrays, in the widest type that JAX is set to.

        Args:
            state: Arrays by path.

        Returns:
            The floating-point outputs.
        """
        kind = jnp.result_type(float)
        arrays = {name: jnp.asarray(array, kind) for name, array in state.items()}
        found = [
            np.asarray(leaf, np.float64)
            for leaf in jax.tree.leaves(self._call(arrays, *self.inputs))
            if _is_weight(leaf)
        ]
        self.precision = float(jnp.finfo(kind).eps)
        return found

    def _walk(self, traced: Any, weights: Mapping[str, Any]) -> None:
        values: list[Value] = []
        for name in sorted(weights):  # a dict is flattened in the order of its keys
            axes: Axes = [Atom(size) for size in np.shape(weights[name])]
            self.analysis.parameters[name] = axes
            values.append(Value(list(axes), (Form(offsets=frozenset({name})),), name))
        for var in traced.jaxpr.invars[len(values) :]:
            values.append(Value([Atom(size, "an input") for size in var.aval.shape]))
        for value in self._run(traced.jaxpr, values):
            _freeze(value, "an output")

    def _run(self, jaxpr: Any, values: Sequence[Value]) -> list[Value]:
        known: dict[Any, Value] = dict(zip(jaxpr.invars, values, strict=True))
        for var in jaxpr.constvars:
            known[var] = Value([Atom(size, "a constant") for size in var.aval.shape])

        def value(var: Any) -> Value:
            if isinstance(var, Literal):
                return Value([Atom(size, "a constant") for size in np.shape(var.val)])
            return known[var]

        for equation in jaxpr.eqns:
            found = self._equation(equation, [value(var) for var in equation.invars])
            known.update(zip(equation.outvars, found, strict=True))
            for var, one in zip(equation.outvars, found, strict=True):
                self.analysis.values[var] = one
        return [value(var) for var in jaxpr.outvars]

    def _equation(self, equation: Any, values: list[Value]) -> list[Value]:
        name, shapes = equation.primitive.name, [var.aval.shape for var in equation.outvars]
        if name in _CALLS:
            inner = next(equation.params[key] for key in _INNER if key in equation.params)
            return self._run(getattr(inner, "jaxpr", inner), values)
        found, rule = None, RULES.get(name)
        if rule is not None:
            given = Equation(name, equation.params, values, list(equation.invars), shapes, self.analysis.readings)
            found = rule(given)
        fits = found is not None and [tuple(a.size for a in one.axes) for one in found] == [tuple(s) for s in shapes]
        return found if fits and found is not None else self._opaque(name, values, shapes)

    def _opaque(self, name: str, values: list[Value], shapes: list[tuple[int, ...]]) -> list[Value]:
        reason = f"the primitive {name} has no rule here"
        alive = [_freeze(value, reason) for value in values]
        if any(alive):
            self.analysis.unknown[name] = self.analysis.unknown.get(name, 0) + 1
        return [Value([Atom(size, reason) for size in shape]) for shape in shapes]


def _is_weight(leaf: Any) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating)


def _freeze(value: Value, reason: str) -> bool:
    alive = any(atom.frozen is None and atom.size > 1 for axis in value.axes for atom in atoms(axis))
    for axis in value.axes:
        freeze(axis, reason)
    return alive
