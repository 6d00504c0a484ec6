"""A second computation of what JAX computes, in fixed-point numbers of hundreds of binary digits.

The function is traced as for compilation, and its operations are carried out one by one on arrays of integers. Inputs
and constants are the float64 numbers that they are, exactly; so the result is that of exact arithmetic at these
numbers, to far more digits than float64 has.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from condenslab.measures.calculation import FUNCTIONS, calculated
from condenslab.measures.fixed_point import BeyondPrecisionError, FixedPoint
from condenslab.measures.movement import MOVES, moved

MOST_WORK = 6_000_000
"""Operations on single numbers that a second computation may take, some seconds of them."""

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
    if name in MOVES:
        return moved(equation, inputs)
    return calculated(equation, inputs, numbers)


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
            total += sum(sizes) * (20 if equation.primitive.name in FUNCTIONS else 1)
    return total
