"""A second computation of what JAX computes, in fixed-point numbers of hundreds of binary digits.

The function is traced as for compilation, and its operations are carried out one by one on arrays of integers. Inputs
and constants are the float64 numbers that they are, exactly; so the result is that of exact arithmetic at these
numbers, to far more digits than float64 has.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from condenslab.measures.fixed_point import BeyondPrecisionError, FixedPoint
from condenslab.measures.movement import MOVES, bind, moved

MOST_WORK = 6_000_000
"""Operations on single numbers that a second computation may take, some seconds of them."""

_FUNCTIONS = frozenset(
    ["exp", "exp2", "log", "log2", "log1p", "expm1", "tanh", "logistic", "erf", "erfc", "sin", "cos", "sqrt", "rsqrt"]
)
_COMPARISONS: dict[str, Callable[..., Any]] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}
_EXACT: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "add_any": np.add,
    "sub": np.subtract,
    "neg": np.negative,
    "abs": np.abs,
    "max": np.maximum,
    "min": np.minimum,
}
_INNER = ("jaxpr", "call_jaxpr", "fun_jaxpr")
_GAUSSIAN = "exp_neg_sq at "
"""How the name of JAX's function exp(−x²) begins, which the derivatives of erf and erfc call from JAX 0.12 on."""


def trace(function: Callable[..., Any], *arguments: Any) -> tuple[ClosedJaxpr, list[Any]]:
    """Returns the operations of a function, and the leaves of its arguments.

    Args:
        function: Arguments → a pytree of arrays, by JAX.
        arguments: Pytrees of arrays.

    Raises:
        BeyondPrecisionError: The function takes too many operations.
    """
    traced = jax.make_jaxpr(function)(*arguments)
    if (work := _work(traced.jaxpr)) > MOST_WORK:
        raise BeyondPrecisionError(f"it takes {work:.1g} operations.")
    return traced, jax.tree.leaves(arguments)


def evaluate(traced: ClosedJaxpr, leaves: Sequence[Any], numbers: FixedPoint) -> list[np.ndarray]:
    """Returns the outputs of traced operations; floating-point ones in units of 2⁻ᵇ, dtype object.

    Args:
        traced: From `trace`.
        leaves: The leaves of the arguments: floats, or fixed-point numbers already.
        numbers: The arithmetic.

    Raises:
        BeyondPrecisionError: An operation is not known here, or a number has no place among fixed-point numbers.
    """
    return _run(
        traced.jaxpr, [_enter(c, numbers) for c in traced.consts], [_enter(x, numbers) for x in leaves], numbers
    )


def _enter(value: Any, numbers: FixedPoint) -> np.ndarray:
    array = np.asarray(value)
    return numbers.constant(array) if np.issubdtype(array.dtype, np.floating) else array


def _run(jaxpr: Jaxpr, consts: list[Any], arguments: Sequence[Any], numbers: FixedPoint) -> list[np.ndarray]:
    known: dict[Any, np.ndarray] = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *arguments], strict=True))
    for equation in jaxpr.eqns:
        inputs = [_enter(v.val, numbers) if isinstance(v, Literal) else known[v] for v in equation.invars]
        known.update(zip(equation.outvars, _operate(equation, inputs, numbers), strict=True))
    return [_enter(v.val, numbers) if isinstance(v, Literal) else known[v] for v in jaxpr.outvars]


def _operate(equation: Any, inputs: list[np.ndarray], numbers: FixedPoint) -> list[np.ndarray]:
    name, params = equation.primitive.name, equation.params
    if name == "scan":
        return _scan(params, inputs, numbers)
    if name == "cond":
        return _call(_branch(params, inputs[0]), inputs[1:], numbers)
    if (inner := _called(equation)) is not None:
        return _call(inner, inputs, numbers)
    floating = [np.issubdtype(v.aval.dtype, np.floating) for v in [*equation.invars, *equation.outvars]]
    if name in MOVES:
        return moved(equation, inputs)
    if name in _COMPARISONS:
        return [np.asarray(_COMPARISONS[name](*inputs)).astype(bool)]
    if name == "iota":
        found = np.broadcast_to(_counted(params), params["shape"])
        return [found.astype(object) * numbers.one if floating[-1] else found]
    if name == "empty2":  # stands where nothing is read
        return [np.zeros((), dtype=object)]
    if not any(floating):
        return bind(equation, inputs)
    if name in _EXACT:
        return [np.asarray(_EXACT[name](*inputs), dtype=object)]
    if name in _FUNCTIONS:
        return [numbers.apply(name, inputs[0])]
    rule = _RULES.get(name)
    if rule is None:
        raise BeyondPrecisionError(f"there is no second computation of the operation {name}.")
    found = np.asarray(rule(numbers, params, equation, *inputs))
    return [found.astype(object) if floating[-1] else found]


def _called(equation: Any) -> Any:
    """Returns the program that an operation runs once, on its inputs as they are; None where there is no such one.

    A reduction has a program as well, of single numbers, which it runs many times: the shapes differ.
    """
    inner = next((equation.params[key] for key in _INNER if key in equation.params), None)
    if inner is None or _shapes(getattr(inner, "jaxpr", inner)) != _shapes(equation):
        return None
    return inner


def _shapes(program: Any) -> list[list[Any]]:
    return [[getattr(v.aval, "shape", None) for v in part] for part in (program.invars, program.outvars)]


def _call(inner: Any, inputs: Sequence[np.ndarray], numbers: FixedPoint) -> list[np.ndarray]:
    closed = inner if hasattr(inner, "consts") else ClosedJaxpr(inner, ())
    if _is_gaussian(closed.jaxpr):
        return [numbers.apply("exp", np.asarray(-numbers.multiply(inputs[0], inputs[0]), dtype=object))]
    return _run(closed.jaxpr, [_enter(c, numbers) for c in closed.consts], inputs, numbers)


def _is_gaussian(jaxpr: Any) -> bool:
    """Whether this is JAX's exp(−x²): its program splits x by its bits, and is right to the digits of float64 only."""
    source = str(getattr(jaxpr.debug_info, "func_src_info", ""))
    return source.startswith(_GAUSSIAN) and "/jax/_src/lax/" in source.replace("\\", "/")


def _branch(params: Any, index: np.ndarray) -> Any:
    """Returns the program of a `cond` that is run: JAX brings the index into range."""
    branches = params["branches"]
    return branches[int(np.clip(int(index), 0, len(branches) - 1))]


def _scatter_add(numbers: FixedPoint, params: Any, equation: Any, *inputs: np.ndarray) -> np.ndarray:
    operand, indices, updates = inputs

    def added(values: jax.Array) -> jax.Array:
        zeros = jnp.zeros(operand.shape, values.dtype)
        return equation.primitive.bind(zeros, jnp.asarray(indices), values, **params)

    # The transpose of adding is looking up: it says where each number goes, 0 for nowhere.
    pull = jax.vjp(added, jnp.zeros(updates.shape))[1]
    places = np.asarray(pull(jnp.arange(1.0, operand.size + 1).reshape(operand.shape))[0]).astype(int)
    found = operand.reshape(-1).copy()
    for place, value in zip(places.reshape(-1), updates.reshape(-1), strict=True):
        if place:
            found[place - 1] += value
    return found.reshape(operand.shape)


def _scan(params: Any, inputs: list[np.ndarray], numbers: FixedPoint) -> list[np.ndarray]:
    fixed, carried = _counts(params)
    closed = params["jaxpr"]
    consts, carry, rows = inputs[:fixed], inputs[fixed : fixed + carried], inputs[fixed + carried :]
    order = range(params["length"])
    stacked: list[list[np.ndarray]] = []
    inner = [_enter(c, numbers) for c in closed.consts]
    for step in reversed(order) if params["reverse"] else order:
        found = _run(closed.jaxpr, inner, [*consts, *carry, *(np.asarray(row[step]) for row in rows)], numbers)
        carry, own = found[:carried], found[carried:]
        stacked.append(own)
    if params["reverse"]:
        stacked.reverse()
    return [*carry, *(np.stack(parts) for parts in zip(*stacked, strict=True))]


def _counts(params: Any) -> tuple[int, int]:
    """Returns how many inputs of a `scan` are constants, and how many are carried; JAX 0.11 writes them anew."""
    if "num_consts" in params:
        return params["num_consts"], params["num_carry"]
    consts, carried, _ = params["ft_in"].unpack()
    return len(list(consts)), len(list(carried))


def _dot_general(numbers: FixedPoint, params: Any, _: Any, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    (left_sum, right_sum), (left_batch, right_batch) = params["dimension_numbers"]
    left_free = [axis for axis in range(left.ndim) if axis not in (*left_sum, *left_batch)]
    right_free = [axis for axis in range(right.ndim) if axis not in (*right_sum, *right_batch)]
    a = left.transpose(*left_batch, *left_free, *left_sum)
    b = right.transpose(*right_batch, *right_sum, *right_free)
    batch = a.shape[: len(left_batch)]
    shape = (*batch, *(left.shape[axis] for axis in left_free), *(right.shape[axis] for axis in right_free))
    inner = int(np.prod([left.shape[axis] for axis in left_sum], dtype=int))
    if inner == 0 or 0 in shape:
        return np.zeros(shape, dtype=object)
    many = int(np.prod(batch, dtype=int))
    products = np.matmul(a.reshape(many, -1, inner), b.reshape(many, inner, -1))
    return numbers.rescaled(products).reshape(shape)


def _counted(params: Any) -> np.ndarray:
    """Returns 0, 1, 2 … along the axis of an iota."""
    axis, shape = params["dimension"], params["shape"]
    return np.arange(shape[axis]).reshape([-1 if other == axis else 1 for other in range(len(shape))])


def _converted(numbers: FixedPoint, params: Any, equation: Any, value: np.ndarray) -> np.ndarray:
    if value.dtype != object:
        return value.astype(object) * numbers.one
    target = params["new_dtype"]
    if np.issubdtype(target, np.floating):
        return value
    if target == np.bool_:
        return (value != 0).astype(bool)
    return (np.sign(value) * (np.abs(value) >> numbers.bits)).astype(target)


def _selected(numbers: FixedPoint, params: Any, equation: Any, which: np.ndarray, *cases: np.ndarray) -> np.ndarray:
    return np.choose(np.broadcast_to(which, cases[0].shape).astype(int), cases)


def _power(numbers: FixedPoint, params: Any, equation: Any, base: np.ndarray) -> np.ndarray:
    total = np.full(base.shape, numbers.one, dtype=object)
    for _ in range(abs(params["y"])):
        total = numbers.multiply(total, base)
    return total if params["y"] >= 0 else numbers.divide(np.full(base.shape, numbers.one, dtype=object), total)


def _product(numbers: FixedPoint, params: Any, equation: Any, value: np.ndarray) -> np.ndarray:
    shape = equation.outvars[0].aval.shape
    rows = np.moveaxis(value, params["axes"], range(len(params["axes"]))).reshape(-1, *shape)
    total = np.full(shape, numbers.one, dtype=object)
    for row in rows:
        total = numbers.multiply(total, row)
    return total


def _polynomial(
    numbers: FixedPoint, params: Any, equation: Any, x: np.ndarray, *coefficients: np.ndarray
) -> np.ndarray:
    """Returns c₀ + c₁x + c₂x² + …, by Horner's rule."""
    total = np.broadcast_to(coefficients[-1], equation.outvars[0].aval.shape)
    for coefficient in reversed(coefficients[:-1]):
        total = numbers.multiply(total, x) + coefficient
    return total


def _any_power(numbers: FixedPoint, params: Any, equation: Any, base: np.ndarray, power: np.ndarray) -> np.ndarray:
    return numbers.apply("exp", numbers.multiply(power, numbers.apply("log", base)))


_RULES: dict[str, Callable[..., Any]] = {
    "mul": lambda numbers, params, equation, a, b: numbers.multiply(a, b),
    "div": lambda numbers, params, equation, a, b: numbers.divide(a, b),
    "square": lambda numbers, params, equation, a: numbers.multiply(a, a),
    "one_minus_square": lambda numbers, params, equation, a: numbers.one - numbers.multiply(a, a),
    "clamp": lambda numbers, params, equation, low, a, high: np.minimum(np.maximum(a, low), high),
    "sign": lambda numbers, params, equation, a: np.sign(a) * numbers.one,
    "is_finite": lambda numbers, params, equation, a: (np.abs(a) < numbers.infinity).astype(bool),
    "reduce_sum": lambda numbers, params, equation, a: np.sum(a, axis=tuple(params["axes"])),
    "reduce_prod": _product,
    "reduce_max": lambda numbers, params, equation, a: np.max(a, axis=tuple(params["axes"])),
    "reduce_min": lambda numbers, params, equation, a: np.min(a, axis=tuple(params["axes"])),
    "integer_pow": _power,
    "pow": _any_power,
    "polynomial": _polynomial,
    "dot_general": _dot_general,
    "convert_element_type": _converted,
    "select_n": _selected,
    "scatter-add": _scatter_add,
    "scatter_add": _scatter_add,
}


def _work(jaxpr: Any) -> int:
    """Returns about how many operations on single numbers it takes; a function costs as much as 20 of them."""
    total = 0
    for equation in jaxpr.eqns:
        params = equation.params
        inner = [params[key] for key in _INNER if key in params] or params.get("branches", ())
        sizes = [int(np.prod(v.aval.shape, dtype=int)) for v in equation.outvars]
        if inner:
            total += max(_work(getattr(one, "jaxpr", one)) for one in inner) * params.get("length", 1)
        elif equation.primitive.name == "dot_general":
            summed = params["dimension_numbers"][0][0]
            total += sizes[0] * int(np.prod([equation.invars[0].aval.shape[axis] for axis in summed], dtype=int))
        else:
            total += sum(sizes) * (20 if equation.primitive.name in _FUNCTIONS else 1)
    return total
