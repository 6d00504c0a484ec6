"""How large the parameters of a two-layer network are at the start: the scale that `initial` states in all conventions.

The network is f(x) = (1/α)·Σ_k a_k σ(w_k·x + b_k), with the letters of Luo et al., JMLR 22(71), 2021.
"""

from typing import Literal, TypeAlias

import equinox as eqx

from condenslab.errors import unknown
from condenslab.networks.checks import Real, check_not_negative, check_positive

Law: TypeAlias = Literal["normal", "uniform"]


class Scale(eqx.Module):
    """Standard deviations of the parameters of a two-layer network at the start.

    A pytree; its numbers may be traced or have a batch axis, so that an ensemble can map over scales with `jax.vmap`.

    Attributes:
        input_std: β₂, of input weights and hidden biases; at least 0.
        output_std: β₁, of output weights and output bias; at least 0.
        output_scale: 1/α, a positive factor of the network's output. It is no parameter and is never trained.
        law: "normal", or "uniform" on ±√3·std.
    """

    input_std: Real
    output_std: Real
    output_scale: Real = 1.0
    law: Law = eqx.field(static=True, default="normal")

    def __check_init__(self) -> None:
        check_not_negative("input_std", self.input_std)
        check_not_negative("output_std", self.output_std)
        check_positive("output_scale", self.output_scale)
        if self.law not in ("normal", "uniform"):
            raise unknown("law", self.law, ("normal", "uniform"))

    @property
    def kappa(self) -> Real:
        """κ = β₁β₂/α, the size of the output."""
        return self.output_std * self.input_std * self.output_scale

    @property
    def kappa_prime(self) -> Real:
        """κ′ = β₁/β₂, how unequal the two layers are."""
        return self.output_std / self.input_std

    @property
    def unscaled(self) -> "Scale":
        """The same standard deviations with output_scale 1: what is drawn where the prediction is multiplied by 1/α."""
        return Scale(self.input_std, self.output_std, law=self.law)
