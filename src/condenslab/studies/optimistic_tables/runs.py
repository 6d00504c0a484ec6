"""Measures the ranks of the tables: at the known kinds of points of a target set, and of tangent spaces together."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import landscape, measures, networks, sample_size
from condenslab.networks import ConvTwoLayer, MatrixFactorisation, TwoLayer
from condenslab.studies.optimistic_tables.cases import (
    PIXELS,
    POSITIONS,
    SIZE,
    DeepCase,
    DenseCase,
    KernelCase,
    MappingCase,
    MatrixCase,
)
from condenslab.studies.shared.ranks import rank_values
from condenslab.sweeps import Outcome, Progress

_SIDE = PIXELS + 1 - SIZE
_ROUNDING = 1e-13
"""Of the largest entry: errors of the entries of a Jacobian."""


def dense(case: DenseCase, progress: Progress) -> Outcome:
    """Returns the smallest rank on the target set of k neurons in a network of m.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    random = np.random.default_rng([case.seed, case.intrinsic, case.inputs])
    target = _target(random, case.intrinsic, case.inputs)
    points = sample_size.dense_points(target, case.width, jax.random.key(case.seed))
    return _smallest(points, random, (case.inputs,))


def kernels(case: KernelCase, progress: Progress) -> Outcome:
    """Returns the smallest rank on the target set of k kernels of which some output weights vanish.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    random = np.random.default_rng([case.seed, case.intrinsic, case.zeros, 7])
    target = _kernels(random, case.intrinsic, case.zeros)
    points = sample_size.convolution_points(target, case.intrinsic + 1, jax.random.key(case.seed), sharing=case.sharing)
    return _smallest(points, random, (PIXELS**2,) if case.sharing == "full" else (PIXELS, PIXELS))


def matrices(case: MatrixCase, progress: Progress) -> Outcome:
    """Returns the model rank at a random factorisation whose factors have given ranks.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    random, d = np.random.default_rng([case.seed, case.left, case.right]), case.side
    left, right = (
        random.standard_normal((d, rank)) @ random.standard_normal((rank, d)) for rank in (case.left, case.right)
    )
    entries = np.array([(i, j) for i in range(d) for j in range(d)])
    found = measures.model_rank(MatrixFactorisation(jnp.asarray(left), jnp.asarray(right)), jnp.asarray(entries))
    return Outcome(rank_values(found))


def deep(case: DeepCase, progress: Progress) -> Outcome:
    """Returns the rank of a narrow deep network, and of the wide one where it is that function, and elsewhere.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    narrow, wide = (
        networks.mlp(case.seed + number, widths=widths, activation="tanh", std=1.0, biases=False)
        for number, widths in enumerate((case.narrow, case.wide))
    )
    random = np.random.default_rng([case.seed, len(case.narrow)])
    probes = jnp.asarray(random.standard_normal((4 * networks.parameter_count(wide), case.narrow[0])))
    points = sample_size.deep_points(narrow, case.wide)
    embedded = sample_size.minimum_rank(points, probes)
    own, elsewhere = measures.model_rank(narrow, probes), measures.model_rank(wide, probes)
    values = {
        "embedded": embedded.value,
        "embedded_decided": embedded.decided,
        "narrow_parameters": networks.parameter_count(narrow),
        "parameters": networks.parameter_count(wide),
    }
    return Outcome(values | rank_values(own, "narrow") | rank_values(elsewhere, "elsewhere"))


def mappings(case: MappingCase, progress: Progress) -> Outcome:
    """Returns the rank of the tangent space at a random θ, and of that together with the one at its image.

    Output and criticality are kept for all data exactly where the second tangent space lies in the first.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    random = np.random.default_rng([case.seed, 17])
    network, image, shapes = _mapped(case, random)
    rows = 3 * networks.parameter_count(image)
    drawn = random.standard_normal((rows, int(np.prod(shapes[0]))))
    one, other = (
        _jacobian(part, drawn.reshape(rows, *shape)) for part, shape in zip((network, image), shapes, strict=True)
    )
    both = np.concatenate([one, other], axis=1)
    outputs = [
        np.asarray(networks.apply(part, jnp.asarray(drawn.reshape(rows, *shape))))
        for part, shape in zip((network, image), shapes, strict=True)
    ]
    found, together = _rank(one), _rank(both)
    values = {"output_difference": float(np.abs(outputs[0] - outputs[1]).max() / np.abs(outputs[0]).max())}
    return Outcome(values | rank_values(found) | rank_values(together, "together"))


def _smallest(points: Mapping[str, Any], random: np.random.Generator, shape: tuple[int, ...]) -> Outcome:
    """Returns the smallest rank over points of a target set: ranks of Jacobians whose entries are known to rounding.

    That mostly decides at points made by hand, and is a hundred times as fast as `measures.model_rank`, which computes
    again with more digits: it is asked where a spectrum fades into its noise.
    """
    largest = max(networks.parameter_count(point) for point in points.values())
    probes = random.standard_normal((3 * largest, *shape))
    found = {name: _rank(_jacobian(point, probes)) for name, point in points.items()}
    unknown = [name for name, rank in found.items() if not rank.decided]
    found |= {name: measures.model_rank(points[name], jnp.asarray(probes)) for name in unknown}
    where = min(found, key=lambda name: found[name].value)
    decided = all(rank.decided for rank in found.values())
    values = {"rank": found[where].value, "rank_decided": decided, "where": where, "parameters": largest}
    return Outcome(values)


def _rank(matrix: np.ndarray) -> measures.Rank:
    return measures.rank(matrix, errors=_ROUNDING * float(np.abs(matrix).max(initial=1.0)))


def _target(random: np.random.Generator, neurons: int, inputs: int) -> TwoLayer:
    weights = random.standard_normal((neurons, inputs))
    outgoing = random.uniform(0.5, 2.0, (1, neurons)) * random.choice([-1.0, 1.0], (1, neurons))
    return TwoLayer(jnp.asarray(weights), None, jnp.asarray(outgoing), None, networks.activation("tanh"))


def _kernels(random: np.random.Generator, count: int, zeros: int) -> ConvTwoLayer:
    outgoing = random.uniform(0.5, 2.0, count * POSITIONS) * random.choice([-1.0, 1.0], count * POSITIONS)
    outgoing[random.choice(count * POSITIONS, zeros, replace=False)] = 0.0
    drawn = random.standard_normal((count, SIZE, SIZE))
    return ConvTwoLayer(
        jnp.asarray(drawn),
        None,
        jnp.asarray(outgoing.reshape(1, count, _SIDE, _SIDE)),
        networks.activation("tanh"),
    )


def _mapped(case: MappingCase, random: np.random.Generator) -> tuple[Any, Any, tuple[tuple[int, ...], ...]]:
    """Returns a random network, its image, and the shapes of one input of either."""
    plane = ((PIXELS, PIXELS),) * 2
    if case.mapping == "split kernel":
        network = _kernels(random, 2, 0)
        return network, landscape.split(network, 0, share=0.3), plane
    if case.mapping == "unshared":
        network = _kernels(random, 1, 0)
        return network, networks.as_unshared(network), plane
    if case.mapping == "split neuron of a deep network":
        network = networks.mlp(case.seed, widths=(2, 3, 2, 1), activation="tanh", std=1.0)
        return network, landscape.split(network, 1, share=-0.4, layer=1), ((2,), (2,))
    network = _target(random, 3, 2)
    if case.mapping == "split neuron":
        return network, landscape.split(network, 0, share=0.3), ((2,), (2,))
    extra = random.standard_normal((1, 2)) if case.mapping == "dead neuron" else np.zeros((1, 2))
    image = TwoLayer(
        jnp.concatenate([network.input_weights, jnp.asarray(extra)]),
        None,
        jnp.pad(network.output_weights, ((0, 0), (0, 1))),
        None,
        network.activation,
    )
    return network, image, ((2,), (2,))


def _jacobian(network: Any, inputs: np.ndarray) -> np.ndarray:
    jacobian = np.asarray(measures.output_jacobian(network, jnp.asarray(inputs)))
    return jacobian.reshape(-1, jacobian.shape[-1])
