"""One verb: a proof of the critical point next to a network, by whichever theorem applies."""

from dataclasses import replace
from typing import Any

import numpy as np

from condenslab.errors import UserError
from condenslab.landscape.proof.across import prove_across
from condenslab.landscape.proof.compatible import CompatibleProof, compatible
from condenslab.landscape.proof.decompose import decompose
from condenslab.landscape.proof.decompose_deep import decompose_deep
from condenslab.landscape.proof.embedded import EmbeddedProof, prove_embedded
from condenslab.landscape.proof.exact import check_digits, exact_text
from condenslab.landscape.proof.families import symmetric
from condenslab.landscape.proof.hints import hint
from condenslab.landscape.proof.points import MAX_PRECISION, PRECISION, REACH, PointProof
from condenslab.landscape.proof.problem import Problem, problem_of
from condenslab.landscape.proof.shapes import canonical, shape_of
from condenslab.networks import MLP, TwoLayer
from condenslab.networks.layered import layers
from condenslab.risk import EmpiricalRisk


def prove(
    about: EmpiricalRisk | Problem,
    network: TwoLayer | MLP,
    *,
    reach: float = REACH,
    digits: int = PRECISION,
    max_digits: int = MAX_PRECISION,
) -> PointProof | EmbeddedProof | CompatibleProof:
    """Proves that a critical point of R lies next to a network, that it is the only one there, and its inertia.

    An isolated point is proven by Krawczyk's operator. A network of any depth with copies of neurons (up to the sign
    that the activation allows) or with null neurons is proven as the exact embedding of its narrower network; one with
    silent or constant units, or of data with redundant inputs, on a section across their families; exp with biases and
    cross-entropy, which never have isolated points, on sections across their exact symmetries. `family` says which.
    Nothing is called proven without an enclosure: where no theorem applies, `reason` says why.

    Args:
        about: R, whose floats are then the exact binary numbers that they are, or an exact problem (`problem_of`).
        network: θ, near a critical point: within `reach`.
        reach: How far the proven point may lie from θ, relative to max(1, |θ_j|).
        digits: Binary digits to begin with.
        max_digits: At most so many.

    Returns:
        A proof, `proven` or with a reason.

    Raises:
        TypeError: The network is no dense one.
        UserError: A kinked activation or one's own, a foreign risk, NaN, digits out of range, a reach that is not
            positive, or a problem of another shape.

    References:
        R. Krawczyk, Computing 4, 1969; S. M. Rump, Acta Numerica 19, 2010, for the method and its hypotheses.

    Example:
        >>> import jax.numpy as jnp
        >>> from condenslab.networks import TwoLayer, activation
        >>> x = jnp.array([[-1.0], [0.0], [2.0]], dtype="float64")
        >>> flat = TwoLayer(jnp.zeros((1, 1)), jnp.zeros(1), jnp.zeros((1, 1)), None, activation("tanh"))
        >>> prove(EmpiricalRisk(x, x), flat).inertia.counts
        (1, 1, 1)
    """
    problem = about if isinstance(about, Problem) else problem_of(about, network)
    problem = _of_shape(problem, network)
    check_digits(digits, max_digits)
    if isinstance(reach, bool) or not isinstance(reach, int | float) or not 0 < reach < float("inf"):
        raise UserError(f"reach must be a positive number. Got {reach!r}.")
    how: dict[str, Any] = {"reach": reach, "digits": digits, "max_digits": max_digits}
    theta = [exact_text(value) for value in canonical(network)]
    found = _by_theorem(problem, network, theta, how)
    more = "" if found.proven else hint(problem, theta)
    return replace(found, reason=f"{found.reason}; {more}") if more else found


def _by_theorem(
    problem: Problem, network: TwoLayer | MLP, theta: list[str], how: dict[str, Any]
) -> PointProof | EmbeddedProof | CompatibleProof:
    shape = problem.shape
    if not shape.plain:
        return prove_across(problem, theta, **how)
    if len(shape.widths) == 3 and not symmetric(problem):
        parts = decompose(network)
        output_bias = None if not shape.biases[1] else np.asarray(layers(network)[1][1])
        if not parts.reason and not parts.trivial:
            return prove_embedded(problem, parts, output_bias, **how)
        return prove_across(problem, theta, **how)
    found = decompose_deep(network)
    if found.embedding is None or found.trivial:
        return prove_across(problem, theta, **how)
    narrow = prove_across(problem.of_widths(found.widths), [exact_text(value) for value in found.theta], **how)
    return compatible(narrow, found.embedding)


def _of_shape(problem: Problem, network: TwoLayer | MLP) -> Problem:
    """Returns the problem for networks of that width: the data of a problem serve every width."""
    shape = shape_of(network)
    if problem.shape == shape:
        return problem
    other = problem.of_width(shape.widths[1]) if len(shape.widths) == len(problem.shape.widths) == 3 else problem
    if other.shape != shape:
        raise UserError(f"the problem and the network must have one shape. Got {problem.shape} and {shape}.")
    return other
