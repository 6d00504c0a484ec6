"""Where searches start: random dense networks whose neurons bend inside the data."""

import itertools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.spatial import KDTree

from condenslab.networks import MLP, Activation, TwoLayer
from condenslab.networks.checks import check_not_negative, check_positive, count
from condenslab.networks.conversion import Key, as_key
from condenslab.risk import EmpiricalRisk


@dataclass(frozen=True)
class StartLaw:
    """The law of random starts, in the units of the data.

    In coordinates in which the bounding box of the inputs has sides of length 1 and dx is the median distance of
    nearest
    neighbours: a neuron's direction is uniform, its slope ‖w‖ log-uniform from `gentlest` to `steepest`/dx, its centre
    (where w·x + b = 0) uniform in the box widened by `beyond` on every side; output weights are normal with standard
    deviation max|y|; an output bias is normal with the mean and standard deviation of y. A deeper hidden layer takes
    inputs in [−1, 1] to be its data: directions uniform, slopes log-uniform from 1/2 to 4, centres uniform in that box.

    Attributes:
        gentlest: The smallest slope: change of w·x + b across the data.
        steepest: The largest slope: change of w·x + b from one sample to the next.
        beyond: How far outside the data neurons may be centred, relative to the side of the box.
        longest_descent: The number of steps of a descent, plus one, has a uniform logarithm up to this: at 100,
            one start in seven takes none and looks for the nearest critical point of any index.
    """

    gentlest: float = 1.5
    steepest: float = 1.0
    beyond: float = 0.1
    longest_descent: int = 100

    def __post_init__(self) -> None:
        check_positive("gentlest", self.gentlest)
        check_positive("steepest", self.steepest)
        check_not_negative("beyond", self.beyond)
        count("longest_descent", self.longest_descent, least=0)

    def draw(
        self,
        risk: EmpiricalRisk,
        key: Key,
        starts: int,
        width: int | tuple[int, ...],
        activation: Activation,
        *,
        biases: bool = True,
        output_bias: bool = False,
    ) -> tuple[TwoLayer | MLP, Array]:
        """Draws starts and the lengths of their descents.

        Args:
            risk: R, whose inputs and targets set the units.
            key: A JAX random key, whose data seed the draws, or an integer seed.
            starts: Number of starts.
            width: Number of hidden neurons; a tuple, one number a hidden layer, for an `MLP`.
            activation: σ.
            biases: Whether neurons have biases.
            output_bias: Whether outputs have one.

        Returns:
            The networks, with a leading axis of length `starts` on every array, and the numbers of descent steps, shape
            (starts,).
        """
        # numpy draws what is drawn once: the same operations in JAX would be compiled one by one.
        key = as_key(key)
        random = np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel())
        risk = risk.counted()
        inputs, targets = np.asarray(risk.inputs), np.asarray(risk.targets)
        low, size, spacing = box_and_spacing(inputs)
        hidden = (width,) if isinstance(width, int) else width
        slopes = (self.gentlest, max(self.steepest / spacing, self.gentlest))
        weights, offsets = _layer(random, starts, hidden[0], low, size, slopes, self.beyond)
        layers = [(weights, offsets)]
        for into, out in itertools.pairwise(hidden):
            box = -np.ones(into), 2 * np.ones(into)
            layers.append(_layer(random, starts, out, *box, _DEEP_SLOPES, self.beyond))
        scale = np.abs(targets).max() or 1.0
        outgoing = scale * random.normal(size=(starts, targets.shape[1], hidden[-1]))
        levels = targets.mean(axis=0) + targets.std(axis=0) * random.normal(size=(starts, targets.shape[1]))
        descents = np.exp(random.uniform(0.0, np.log(self.longest_descent + 2), starts)).astype(int) - 1
        matrices = (*(jnp.asarray(weight) for weight, _ in layers), jnp.asarray(outgoing))
        terms = (
            *(jnp.asarray(offset) if biases else None for _, offset in layers),
            jnp.asarray(levels) if output_bias else None,
        )
        if isinstance(width, int):
            networks = jax.vmap(lambda w, b: TwoLayer(w[0], b[0], w[1], b[1], activation))(matrices, terms)
        else:
            networks = jax.vmap(lambda w, b: MLP(w, b, activation))(matrices, terms)
        return networks, jnp.asarray(descents)


_DEEP_SLOPES = (0.5, 4.0)


def _layer(
    random: np.random.Generator,
    starts: int,
    width: int,
    low: np.ndarray,
    size: np.ndarray,
    slopes: tuple[float, float],
    beyond: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns input weights, shape (start, neuron, input), and biases, shape (start, neuron), for inputs in a box."""
    direction = random.normal(size=(starts, width, len(low)))
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    weights = np.exp(random.uniform(*np.log(slopes), size=(starts, width, 1))) * direction / size
    centres = low + size * random.uniform(-beyond, 1 + beyond, direction.shape)
    return weights, -np.sum(weights * centres, axis=-1)


DATA_SCALED = StartLaw()
"""The default law."""


def box_and_spacing(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Returns the lower corner and the sides of the bounding box, and the median nearest-neighbour distance inside it.

    The distance is in coordinates in which the box has sides of length 1; repeated inputs count once; 1 for one input.

    Args:
        inputs: x, shape (sample, input).
    """
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    size = np.where(high > low, high - low, 1.0)
    scaled = np.unique((inputs - low) / size, axis=0)
    if len(scaled) < 2:
        return low, size, 1.0
    nearest = KDTree(scaled).query(scaled, k=2)[0][:, 1]
    return low, size, float(np.median(nearest))
