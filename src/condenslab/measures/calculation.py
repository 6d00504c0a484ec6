"""JAX's operations that compute new numbers, on fixed-point numbers: one rule for each."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab.measures.fixed_point import BeyondPrecisionError, FixedPoint
from condenslab.measures.movement import bind

FUNCTIONS = frozenset(
    ["exp", "exp2", "log", "log2", "log1p", "expm1", "tanh", "logistic", "erf", "erfc", "sin", "cos", "sqrt", "rsqrt"]
)
"""Operations that are functions of one number."""
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


def calculated(equation: Any, inputs: list[np.ndarray], numbers: FixedPoint) -> list[np.ndarray]:
    """Carries out an operation that computes.

    Args:
        equation: Of a traced program, its operation none that moves numbers or runs a program.
        inputs: Its inputs; floating-point ones in units of 2⁻ᵇ, dtype object.
        numbers: The arithmetic.

    Raises:
        BeyondPrecisionError: The operation is not known here, or a number has no place among fixed-point numbers.
    """
    name, params = equation.primitive.name, equation.params
    floating = [np.issubdtype(v.aval.dtype, np.floating) for v in [*equation.invars, *equation.outvars]]
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
    if name in FUNCTIONS:
        return [numbers.apply(name, inputs[0])]
    rule = _RULES.get(name)
    if rule is None:
        raise BeyondPrecisionError(f"there is no second computation of the operation {name}.")
    found = np.asarray(rule(numbers, params, equation, *inputs))
    return [found.astype(object) if floating[-1] else found]


def _counted(params: Any) -> np.ndarray:
    """Returns 0, 1, 2 … along the axis of an iota."""
    axis, shape = params["dimension"], params["shape"]
    return np.arange(shape[axis]).reshape([-1 if other == axis else 1 for other in range(len(shape))])


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
