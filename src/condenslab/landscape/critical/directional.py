"""One-sided derivatives of the risk of a two-layer ReLU network, where it has no derivative: kinks on samples."""

from dataclasses import dataclass
from itertools import product

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float
from scipy.optimize import linprog

from condenslab.networks import TwoLayer, activation, apply
from condenslab.networks.checks import check_number
from condenslab.networks.structure import augment
from condenslab.risk import EmpiricalRisk, Risk, require_samples

_RELU = activation("relu")
_MOST_CONCAVE = 12


@dataclass(frozen=True, eq=False)
class DirectionalStationarity:
    """What the one-sided derivatives of R say about one point.

    Directions are measured by their largest entry: (dw, db) of a neuron with all entries in [−1, 1].

    Attributes:
        kinks: Pairs (neuron, sample) whose preactivation counts as zero, shape (pair, 2).
        output_slope: Largest |∂R/∂a_ok| and |∂R/∂c_o|; these derivatives exist everywhere.
        lowest: The lowest one-sided derivative of R over the directions of each neuron's input weights and bias, never
            positive, shape (neuron,). R is directionally stationary where this and `output_slope` vanish.
        escape: For neurons without output weights, how fast giving them one and moving their input weights lowers R:
            the largest |Σ_i p_i ∂_oℓ_i·σ′(z_i; d·x̃_i)| over outputs o and directions d; 0 for the others. Where a
            stationary point has one above 0, R falls by a second-order step. Shape (neuron,).
        rates: The steepest slope of R along each neuron's own parameters, the larger of |∂R/∂a_ok| and −`lowest`,
            divided by the largest of them: in units of R per parameter squared, as `escape`. A small neuron that leaves
            a saddle has a small slope and a large rate. 0 for neurons whose parameters are all 0; shape (neuron,).
        new_neuron: The same for a neuron that starts from zero: whether a wider network could go on. None where there
            are more samples than can be enumerated (twelve of one sign).
    """

    kinks: np.ndarray
    output_slope: float
    lowest: np.ndarray
    escape: np.ndarray
    rates: np.ndarray
    new_neuron: float | None

    def holds(self, tolerance: float) -> bool:
        """Returns whether no direction lowers R by more than `tolerance` per unit to first order.

        Args:
            tolerance: In units of R per unit of parameters.
        """
        return self.output_slope <= tolerance and float(self.lowest.min(initial=0.0)) >= -tolerance


def directional_derivative(
    risk: Risk, network: TwoLayer, direction: TwoLayer, *, kink: float = 0.0
) -> Float[Array, ""]:
    """Returns R′(θ; v) = lim_{t↓0} (R(θ + t·v) − R(θ))/t, also where R has no gradient.

    With z = w·x̃, h = dw·x̃: σ′(z; h) = σ′(z)·h, and σ(h) where z is zero. R′(θ; v) is the sum over samples and outputs
    of p_i ∂_oℓ_i·(Σ_k da_ok·σ(z_ik) + a_ok·σ′(z_ik; h_ik) + dc_o). It is positively homogeneous in v, and R′(θ; −v) is
    −R′(θ; v) only where R is differentiable.

    Args:
        risk: R.
        network: θ, with an activation that is linear on both sides of 0 (ReLU, leaky ReLU).
        direction: v, a network of the same shapes.
        kink: Preactivations with |z_ik| ≤ kink·‖(w_k, b_k)‖·‖x̃_i‖ count as zero.

    Raises:
        TypeError: Not a `TwoLayer`, another prediction, or an activation that is not positively homogeneous.
        ValueError: The direction has other shapes than the network.

    Example:
        >>> relu = jax.nn.relu
        >>> from condenslab.networks import activation
        >>> flat = TwoLayer(jnp.zeros((1, 1)), None, jnp.ones((1, 1)), None, activation("relu"))
        >>> risk = EmpiricalRisk(jnp.ones((1, 1)), jnp.ones((1, 1)))  # R = (relu(w) − 1)², at w = 0
        >>> up = TwoLayer(jnp.ones((1, 1)), None, jnp.zeros((1, 1)), None, activation("relu"))
        >>> float(directional_derivative(risk, flat, up))
        -2.0
    """
    risk = require_samples(risk)
    _require(risk, network)
    risk = risk.counted()
    check_number("kink", kink, least=0.0)
    _require_like(network, direction)
    z, flat = network.preactivations(risk.inputs), _at_kink(network, risk.inputs, kink)
    h = direction.preactivations(risk.inputs)
    value, slope = network.activation.derivatives(z, 1)
    moved = jnp.where(flat, network.activation(h), slope * h)
    change = moved @ network.output_weights.T + jnp.where(flat, 0.0, value) @ direction.output_weights.T
    if direction.output_bias is not None:
        change = change + direction.output_bias[None, :]
    return jnp.sum(risk.cotangent(risk.outputs(network)) * change)


def directional_stationarity(
    risk: Risk, network: TwoLayer, *, kink: float = 0.0, idle: float = 0.0
) -> DirectionalStationarity:
    """Returns the lowest one-sided derivative over all directions, neuron by neuron, exactly.

    R′(θ; v) is a sum over neurons. In the input weights of neuron k it is Σ_i e_ik·σ′(z_ik; d·x̃_i) with e_ik =
    p_i Σ_o ∂_oℓ_i·a_ok: linear in d but for the samples at its kink. Its minimum over the box |d|_∞ ≤ 1 is that of one
    linear program for each choice of sides of the samples at the kink with e_ik < 0.

    Args:
        risk: R.
        network: θ, a ReLU network.
        kink: Preactivations with |z_ik| ≤ kink·‖(w_k, b_k)‖·‖x̃_i‖ count as zero, but for neurons that are negative on
            all samples: these are dead, and no small step changes R. Gradient descent ends near a kink, never on it.
        idle: Neurons with ‖a_k‖ ≤ idle·‖(w_k, b_k)‖ count as without output weights. The neuron's own input weights are
            the measure, because gradient flow keeps ‖a_k‖² − ‖(w_k, b_k)‖²: a neuron that loses its output keeps them,
            while a member of a group is live however small it is.

    Raises:
        TypeError: Not a `TwoLayer`, another prediction, or an activation other than ReLU.
        ValueError: A neuron has more than twelve samples with e_ik < 0 at its kink.

    References:
        After Wu, Simsek and Ged, ICLR 2025 (arXiv 2402.05626), who test one-sided derivatives; the definitions of
        `escape`, `rates` and `new_neuron` are ours.
    """
    risk = require_samples(risk)
    _require(risk, network)
    if network.activation != _RELU:
        raise TypeError(
            f"directional stationarity is decided for ReLU networks (networks.activation('relu')). "
            f"Got {network.activation.name!r}."
        )
    check_number("kink", kink, least=0.0)
    check_number("idle", idle, least=0.0)
    z, flat, points, cotangent = (np.asarray(part) for part in _parts(risk.counted(), network, kink))
    flat = flat & ~np.all(z < 0, axis=0, keepdims=True)
    outgoing = np.asarray(network.output_weights)
    hidden, active = np.where(flat, 0.0, np.maximum(z, 0.0)), (z > 0) & ~flat
    slopes = [cotangent.T @ hidden] + ([cotangent.sum(axis=0)] if network.output_bias is not None else [])
    forces, incoming = cotangent @ outgoing, np.asarray(_incoming(network))
    lowest, escape = np.zeros(network.width), np.zeros(network.width)
    outer, inner = np.linalg.norm(outgoing, axis=0), np.linalg.norm(incoming, axis=1)
    silent = ~outgoing.any(axis=0) | ((idle > 0) & (outer <= idle * inner))
    for k in range(network.width):
        lowest[k] = _lowest(forces[:, k], active[:, k], flat[:, k], points)
        if silent[k]:
            escape[k] = _steepest(cotangent, active[:, k], flat[:, k], points)
    few = max((np.sum(sign * cotangent < 0, axis=0).max() for sign in (1, -1)), default=0) <= _MOST_CONCAVE
    steepest = np.maximum(np.abs(slopes[0]).max(axis=0, initial=0.0), -lowest)
    sizes = np.maximum(np.abs(outgoing).max(axis=0, initial=0.0), np.abs(incoming).max(axis=1, initial=0.0))
    nobody, all_samples = np.zeros(len(z), bool), np.ones(len(z), bool)
    return DirectionalStationarity(
        np.argwhere(flat.T),
        max(float(np.abs(slope).max(initial=0.0)) for slope in slopes),
        lowest,
        escape,
        np.divide(steepest, sizes, out=np.zeros_like(sizes), where=sizes > 0),
        _steepest(cotangent, nobody, all_samples, points) if few else None,
    )


@eqx.filter_jit
def _parts(risk: EmpiricalRisk, network: TwoLayer, kink: float) -> tuple[Array, Array, Array, Array]:
    flat = _at_kink(network, risk.inputs, kink)
    cotangent = risk.cotangent(risk.outputs(network))
    return network.preactivations(risk.inputs), flat, augment(network, risk.inputs), cotangent


def _incoming(network: TwoLayer) -> Float[Array, "neuron augmented"]:
    """Returns (w_k, b_k), a row a neuron."""
    if network.biases is None:
        return network.input_weights
    return jnp.concatenate([network.input_weights, network.biases[:, None]], axis=1)


def _at_kink(network: TwoLayer, inputs: Array, kink: float) -> Bool[Array, "sample neuron"]:
    weights = _incoming(network)
    sizes = jnp.linalg.norm(augment(network, inputs), axis=1)[:, None] * jnp.linalg.norm(weights, axis=1)[None, :]
    return jnp.abs(network.preactivations(inputs)) <= kink * sizes


def _lowest(forces: np.ndarray, active: np.ndarray, flat: np.ndarray, points: np.ndarray) -> float:
    """Returns min over |d|_∞ ≤ 1 of Σ_active e_i·(d·x̃_i) + Σ_flat e_i·σ(d·x̃_i), which is not positive."""
    linear = forces[active] @ points[active]
    convex, concave = flat & (forces >= 0), flat & (forces < 0)
    if not (convex.any() or concave.any()):
        return -float(np.abs(linear).sum())
    if concave.sum() > _MOST_CONCAVE:
        raise ValueError(
            f"at most {_MOST_CONCAVE} samples with a negative force may lie at the kink of a neuron, because the sides "
            f"are enumerated. Got {concave.sum()}; choose a smaller `kink`."
        )
    # −|e|σ(h) is the smaller of 0 and −|e|h, so that the minimum over sides needs no constraint on them.
    sides = product((0.0, 1.0), repeat=int(concave.sum()))
    return min(
        _program(linear + (np.array(s) * forces[concave]) @ points[concave], forces, convex, points) for s in sides
    )


def _program(linear: np.ndarray, forces: np.ndarray, convex: np.ndarray, points: np.ndarray) -> float:
    """Returns min over |d|_∞ ≤ 1 of linear·d + Σ_convex e_i·σ(d·x̃_i), by a linear program in d and t_i ≥ σ(d·x̃_i)."""
    if not convex.any():
        return -float(np.abs(linear).sum())
    extra = int(convex.sum())
    found = linprog(
        np.concatenate([linear, forces[convex]]),
        A_ub=np.concatenate([points[convex], -np.eye(extra)], axis=1),
        b_ub=np.zeros(extra),
        bounds=[(-1.0, 1.0)] * len(linear) + [(0.0, None)] * extra,
        method="highs",
    )
    return min(0.0, float(found.fun))


def _steepest(cotangent: np.ndarray, active: np.ndarray, flat: np.ndarray, points: np.ndarray) -> float:
    """Returns the largest |Σ_i c_io·σ′(z_i; d·x̃_i)| over outputs o and |d|_∞ ≤ 1."""
    columns = [sign * column for column in cotangent.T for sign in (1.0, -1.0)]
    return -min(_lowest(column, active, flat, points) for column in columns)


def _require(risk: EmpiricalRisk, network: TwoLayer) -> None:
    if not isinstance(network, TwoLayer) or risk.predict is not apply:
        raise TypeError(
            f"one-sided derivatives are for a TwoLayer under this package's prediction. Got {type(network).__name__}."
        )
    if network.activation.homogeneity != 1:
        raise TypeError(
            "the activation must be linear on both sides of 0, such as relu and leaky_relu. "
            f"Got {network.activation.name!r}; smooth ones have a gradient."
        )


def _require_like(network: TwoLayer, direction: TwoLayer) -> None:
    shapes = [[jnp.shape(leaf) for leaf in jax.tree.leaves(part)] for part in (network, direction)]
    if not isinstance(direction, TwoLayer) or shapes[0] != shapes[1]:
        raise ValueError(
            f"direction must be a TwoLayer of the shapes of the network, {shapes[0]}, with zeros where nothing moves. "
            f"Got {type(direction).__name__} of shapes {shapes[1]}."
        )
