"""What dropout does on average, as a penalty without noise."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from condenslab.networks import TwoLayer
from condenslab.networks.checks import count
from condenslab.networks.dense import apply
from condenslab.risk import EmpiricalRisk, SquaredLoss, require_samples
from condenslab.training.checks import check_number


def dropout_penalty(risk: EmpiricalRisk, network: TwoLayer, rate: float | Array) -> Float[Array, ""]:
    """Returns R₁ = ρ/(1 − ρ) · Σ_i p_i Σ_k ‖a_k‖²·σ(w_k·x_i + b_k)², what dropout adds to the mean risk.

    For dropout on the hidden layer of a two-layer network and the squared loss, E[R_drop] = R + R₁ exactly, at any θ.
    ρ is the DROP probability; with the KEEP probability p of the source the factor is (1 − p)/p.

    Args:
        risk: R, with `SquaredLoss` (‖f − y‖² summed over outputs, averaged with the sample weights p_i, no 1/2).
        network: θ.
        rate: ρ, in [0, 1).

    Raises:
        TypeError: The network has more than one hidden layer, or the risk is not of this package's networks.
        ValueError: The loss is not squared, or the rate is not in [0, 1).

    References:
        Zhang & Xu, "Implicit regularization of dropout", TPAMI 2024, eq. for R₁ (with a factor 1/2 in both R and R₁).
    """
    require_samples(risk)
    _check(risk)
    check_number("rate", rate, below=1.0)
    extra = _noise(network, risk.inputs)
    odds = jnp.asarray(rate) / (1.0 - jnp.asarray(rate))
    return odds * jnp.sum(risk.probabilities[:, None] * extra**2)


def dropout_risk(risk: EmpiricalRisk, width: int, rate: float | Array) -> EmpiricalRisk:
    """Returns R + R₁ as a risk that everything can train on: the mean of the dropout risk, without its noise.

    It is a sum of squares itself, with the further outputs √(ρ/(1 − ρ))·a_ok·σ(w_k·x_i + b_k) and targets 0 for every
    output o and neuron k. The factor stands in a last column of the inputs, so that another ρ compiles nothing and an
    ensemble can run over a list of rates. `outputs` of the returned risk begins with those of the network.

    Args:
        risk: R, with `SquaredLoss`, of two-layer networks.
        width: m of the networks that will be trained.
        rate: ρ, the DROP probability, in [0, 1).

    Raises:
        TypeError: The risk is not of this package's networks.
        ValueError: The loss is not squared, or the rate is not in [0, 1).

    References:
        Zhang & Xu, TPAMI 2024, Figs 2, 5 and 7: training on R_S + R₁ condenses as dropout does.

    Example:
        >>> risk = EmpiricalRisk(jnp.ones((5, 1)), jnp.zeros((5, 1)))
        >>> dropout_risk(risk, width=3, rate=0.5).targets.shape
        (5, 4)
    """
    require_samples(risk)
    _check(risk)
    width = count("width", width)
    if np.ndim(rate) or isinstance(rate, bool) or not 0 <= float(rate) < 1:
        raise ValueError(f"rate must be a DROP probability in [0, 1), that is 1 − keep. Got {rate}.")
    samples, outputs = risk.targets.shape
    root = jnp.full((samples, 1), jnp.sqrt(jnp.asarray(rate) / (1.0 - jnp.asarray(rate))), risk.inputs.dtype)
    return dataclasses.replace(
        risk,
        inputs=jnp.concatenate([risk.inputs, root], axis=1),
        targets=jnp.concatenate([risk.targets, jnp.zeros((samples, outputs * width), risk.targets.dtype)], axis=1),
        predict=_with_noise,
    )


def _with_noise(network: TwoLayer, inputs: Float[Array, "sample column"]) -> Float[Array, "sample _"]:
    """Returns the outputs and, after them, root·a_ok·σ_k; the last column of the inputs is the root."""
    seen, root = inputs[:, :-1], inputs[:, -1:]
    return jnp.concatenate([network(seen), root * _noise(network, seen)], axis=1)


def _noise(network: TwoLayer, inputs: Float[Array, "sample input"]) -> Float[Array, "sample _"]:
    """Returns a_ok·σ(w_k·x + b_k) for every output and neuron, shape (sample, output·neuron)."""
    if not isinstance(network, TwoLayer):
        raise TypeError(
            f"the network must be a TwoLayer: with more layers the mean of dropout is no closed form. Got "
            f"{type(network).__name__}."
        )
    hidden = network.activation(network.preactivations(inputs))
    every = hidden[:, None, :] * network.output_weights[None, :, :]
    return every.reshape(every.shape[0], -1)


def _check(risk: EmpiricalRisk) -> None:
    if risk.predict is not apply:
        raise TypeError(
            "the risk must be one of this package's networks (no `predict` of its own): R₁ needs the neurons."
        )
    if not isinstance(risk.loss, SquaredLoss):
        raise ValueError("the loss must be SquaredLoss: for others the mean risk under dropout is not R + R₁.")
