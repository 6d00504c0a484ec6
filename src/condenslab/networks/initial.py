"""Initial scales in every convention of the papers, and the one place where a width is raised to a power.

A two-layer network is f(x) = (1/α)·Σ_k a_k σ(w_k·x + b_k). At the start the entries of a have standard deviation β₁,
those of w and b have β₂ (Luo et al., JMLR 22(71), 2021). The same letter means different things in other papers::

    name here              letter, and where                                         in terms of γ, γ′
    kappa, kappa_prime     κ = β₁β₂/α, κ′ = β₁/β₂ (Luo et al.)                        κ = m^−γ, κ′ = m^−γ′
    gamma, gamma_prime     γ, γ′ (Luo et al.)
    std exponent           t: every STD is m^−t, α = 1 ("gamma" in public notebooks)  γ = 2t, γ′ = 0
    variance exponent      s: every VARIANCE is m^−s, α = 1 ("N(0, 1/m^s)")           γ = s, γ′ = 0
    input exponent         γ: every std is (inputs of its matrix)^−γ, α = 1           γ = γ′ = that exponent
                           (Zhang et al., NeurIPS 2024, transformers)
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from condenslab.errors import unknown
from condenslab.networks.checks import (
    Real,
    check_finite,
    check_number,
    check_positive,
    count,
    counts,
    library,
    plain,
)
from condenslab.networks.scale import Law, Scale

Regime: TypeAlias = Literal["linear", "critical", "condensed"]
_BOUNDARY_ROUNDING = 1e-12  # exponents are short decimals, and 1.3 − 1 is 0.30000000000000004


class Exponents(NamedTuple):
    """The coordinates of the phase diagram: γ = −log κ/log m and γ′ = −log κ′/log m at width m."""

    gamma: Real
    gamma_prime: Real


def from_kappa(kappa: Real, kappa_prime: Real, *, input_std: Real | None = None) -> Scale:
    """Returns the scale with κ = β₁β₂/α and κ′ = β₁/β₂.

    Two numbers leave one of (α, β₁, β₂) free. For homogeneous activations all choices are the same gradient flow up to
    a rescaled time (Luo et al., Fig. 3d); for others they are not.

    Args:
        kappa: κ, positive; a number or an array.
        kappa_prime: κ′, positive; a number or an array.
        input_std: β₂, if it is to be chosen: 1/α follows. By default 1/α is 1 and both standard deviations follow.

    Raises:
        ValueError: A number is not positive, or not finite.
    """
    check_positive("kappa", kappa)
    check_positive("kappa_prime", kappa_prime)
    sqrt = library(kappa, kappa_prime).sqrt
    if input_std is None:
        return _together(sqrt(kappa) / sqrt(kappa_prime), sqrt(kappa) * sqrt(kappa_prime), 1.0)
    check_positive("input_std", input_std)
    return _together(input_std, kappa_prime * input_std, kappa / (kappa_prime * input_std * input_std))


def from_gamma(gamma: Real, gamma_prime: Real, width: int, *, input_std: Real | None = None) -> Scale:
    """Returns the scale with κ = m^−γ and κ′ = m^−γ′ exactly, at width m.

    Args:
        gamma: γ; a number or an array.
        gamma_prime: γ′; a number or an array.
        width: m.
        input_std: As for `from_kappa`.

    Raises:
        ValueError: The width is not a positive whole number, or a power of it leaves the range of float64.

    Example:
        >>> scale = from_gamma(1.0, 0.0, width=100)
        >>> round(scale.input_std, 12), round(scale.output_std, 12)
        (0.1, 0.1)
    """
    return from_kappa(_power(width, gamma), _power(width, gamma_prime), input_std=input_std)


def from_std_exponent(exponent: Real, width: int) -> Scale:
    """Returns the scale with every STANDARD DEVIATION m^−exponent: γ = 2·exponent, γ′ = 0. Errors as `from_gamma`."""
    std = _power(width, exponent)
    return _together(std, std, 1.0)


def from_variance_exponent(exponent: Real, width: int) -> Scale:
    """Returns the scale with every VARIANCE m^−exponent, "N(0, 1/m^s)": γ = exponent, γ′ = 0. Errors as `from_gamma`.

    Example:
        >>> from_variance_exponent(3, width=500).input_std == 500**-1.5
        True
    """
    return from_std_exponent(exponent / 2, width)


def from_input_exponent(exponent: Real, width: int, inputs: int) -> Scale:
    """Returns the scale with the std of each matrix equal to (its input dimension)^−exponent.

    The input weights get inputs^−exponent, the output weights m^−exponent. At fixed input dimension γ = γ′ = exponent
    as m → ∞, so a two-layer network is in the linear regime for every exponent. Errors as `from_gamma`.
    """
    return _together(_power(inputs, exponent, "inputs"), _power(width, exponent), 1.0)


def exponents(scale: Scale, width: int) -> Exponents:
    """Returns (γ, γ′) of a scale at width m: κ = m^−γ and κ′ = m^−γ′ hold exactly.

    For a named scheme these differ from the limits m → ∞ (in `SCHEMES`) by O(1/log m).

    Raises:
        ValueError: The width is below 2, or a standard deviation is 0.
    """
    log_width = math.log(count("width", width, least=2))
    check_positive("input_std", scale.input_std)
    check_positive("output_std", scale.output_std)
    log = library(scale.input_std, scale.output_std, scale.output_scale).log
    outer, inner = log(scale.output_std), log(scale.input_std)
    kappa = outer + inner + log(scale.output_scale)
    return Exponents(plain(0.0 - kappa / log_width), plain((inner - outer) / log_width))


def regime(gamma: float | int, gamma_prime: float | int) -> Regime:
    """Returns the regime of two-layer ReLU networks as m → ∞ (Luo et al., Theorems 1 and 2).

    linear: γ < 1 or γ′ > γ − 1, the input weights move by o(1) of their size; condensed: γ > 1 and γ′ < γ − 1, by ∞;
    critical: the boundary, which is γ = 1 where γ′ ≤ 0 and γ′ = γ − 1 where γ′ > 0. Points within 1e-12 are on it.

    Raises:
        ValueError: An exponent is not one finite number.

    Example:
        >>> regime(0.5, 0.5), regime(1.3, 0.3), regime(1.75, 0.0)
        ('linear', 'critical', 'condensed')
    """
    for name, exponent in (("gamma", gamma), ("gamma_prime", gamma_prime)):
        check_finite(name, exponent)
        check_number(name, exponent)
    beyond = min(gamma - 1.0, gamma - 1.0 - gamma_prime)
    if abs(beyond) <= _BOUNDARY_ROUNDING:
        return "critical"
    return "condensed" if beyond > 0 else "linear"


@dataclass(frozen=True)
class Scheme:
    """A named initialisation; `SCHEMES` has them by name.

    Attributes:
        source: Where it comes from.
        gamma: γ as m → ∞ at fixed input dimension; None where it is the caller's exponent.
        gamma_prime: γ′ in the same limit.
        fan_std: (inputs, outputs of a matrix) → std of its entries; None where it is the caller's exponent.
        alpha_exponent: α = m^alpha_exponent.
        law: "normal", or "uniform" on ±√3·std.
    """

    source: str
    gamma: float | None
    gamma_prime: float | None
    fan_std: Callable[[int, int], float] | None
    alpha_exponent: float = 0.0
    law: Law = "normal"

    @property
    def regime(self) -> Regime:
        """The regime in the limit; the line γ′ = γ of E et al. is linear throughout."""
        if self.gamma is None or self.gamma_prime is None:
            return "linear"
        return regime(self.gamma, self.gamma_prime)


SCHEMES: dict[str, Scheme] = {
    "lecun": Scheme("LeCun et al. 2012", 0.5, 0.5, lambda fan_in, _: math.sqrt(1 / fan_in)),
    "he": Scheme("He et al. 2015", 0.5, 0.5, lambda fan_in, _: math.sqrt(2 / fan_in)),
    "xavier": Scheme("Glorot & Bengio 2010", 1.0, 0.0, lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out))),
    "ntk": Scheme("Jacot et al. 2018", 0.5, 0.0, lambda *_: 1.0, alpha_exponent=0.5),
    "mean_field": Scheme("Mei et al. 2018, Sirignano, Rotskoff", 1.0, 0.0, lambda *_: 1.0, alpha_exponent=1.0),
    "e_et_al": Scheme("E et al. 2020: output std m^−exponent, input std 1", None, None, None),
    "pytorch": Scheme("torch.nn.Linear", 0.5, 0.5, lambda fan_in, _: math.sqrt(1 / (3 * fan_in)), law="uniform"),
}


def scheme(name: str, width: int, inputs: int, *, outputs: int = 1, exponent: Real | None = None) -> Scale:
    """Returns the scale of a named initialisation (Luo et al., Table 1).

    Args:
        name: lecun, he, xavier (normal), ntk (1/α = m^−1/2), mean_field (1/α = 1/m), e_et_al, or pytorch (the default
            of torch.nn.Linear, uniform on ±1/√fan_in).
        width: m.
        inputs: d, without the constant input that carries the bias.
        outputs: Number of outputs; only xavier depends on it.
        exponent: For e_et_al alone: output_std = m^−exponent.

    Raises:
        UserError: No such scheme; the message suggests the nearest name.
        ValueError: A dimension is not a positive whole number, or the exponent is missing or out of place.

    Example:
        >>> scheme("mean_field", width=1000, inputs=1).output_scale
        0.001
    """
    chosen = _named(name)
    fans = count("inputs", inputs), count("width", width), count("outputs", outputs)
    if chosen.fan_std is None and exponent is not None:
        return _together(1.0, _power(width, exponent), 1.0)
    if chosen.fan_std is None or exponent is not None:
        needs = "needs" if exponent is None else "takes no"
        raise ValueError(f"scheme {name!r} {needs} exponent: e_et_al alone has one, its output_std being m^−exponent.")
    output_scale = _power(width, chosen.alpha_exponent)
    return Scale(chosen.fan_std(*fans[:2]), chosen.fan_std(*fans[1:]), output_scale, chosen.law)


def scheme_stds(name: str, widths: Sequence[int]) -> tuple[float, ...]:
    """Returns the std of every weight matrix of a deep network for lecun, he, xavier or pytorch.

    Args:
        name: The scheme.
        widths: (m_0, …, m_L), input and output dimension included.

    Raises:
        UserError: Not one of these four: the others are parametrisations of two-layer networks.
        ValueError: A width is not a positive whole number.
    """
    chosen = _named(name)
    if chosen.fan_std is None or chosen.alpha_exponent:
        deep = [n for n, s in SCHEMES.items() if s.fan_std is not None and not s.alpha_exponent]
        raise unknown("scheme for a deep network", name, deep)
    sizes = counts("widths", widths)
    return tuple(chosen.fan_std(*fans) for fans in pairwise(sizes))


def input_exponent_stds(exponent: Real, widths: Sequence[int]) -> tuple[Real, ...]:
    """Returns the std (input dimension)^−exponent of every matrix of a network of widths (m_0, …, m_L)."""
    return tuple(_power(width, exponent, "every width") for width in counts("widths", widths)[:-1])


def _named(name: str) -> Scheme:
    if not isinstance(name, str) or name not in SCHEMES:
        raise unknown("scheme", name, SCHEMES)
    return SCHEMES[name]


def _power(width: int, exponent: Real, name: str = "width") -> Real:
    """Returns width^−exponent, refused where it leaves the range of normal float64 numbers."""
    base = float(count(name, width))
    if isinstance(exponent, Tracer):
        return jnp.power(base, -exponent)
    check_finite("exponent", exponent)
    with np.errstate(over="ignore", under="ignore"):
        value = np.power(base, -np.asarray(exponent, np.float64))
    if not np.all(np.isfinite(value) & (value >= np.finfo(np.float64).tiny)):
        raise ValueError(f"{name} {width} to the power −{exponent} leaves the range of float64, 2e-308 … 2e308.")
    return plain(value)


def _together(input_std: Real, output_std: Real, output_scale: Real) -> Scale:
    """Returns the scale of the three numbers, spread to one shape so that a batch can be mapped over."""
    one, two, three = library(input_std, output_std, output_scale).broadcast_arrays(input_std, output_std, output_scale)
    return Scale(plain(one), plain(two), plain(three))
