"""Networks and data with a planted truth: known symmetry groups, known irreducible widths, points known to be absent.

Truths come from constructions: a network built of units that no symmetry relates has its number of units; data whose
infimum is a limit of widening parameters have no minimum there; data that a network interpolates have one at it.
"""

import itertools

import jax.numpy as jnp
import numpy as np

from condenslab.networks import MLP, TwoLayer, activation
from condenslab.risk import CrossEntropy, EmpiricalRisk

PARITY = {"tanh": "odd", "x_tanh": "even"}
SCALED = ("relu", "leaky_relu")


def symmetric_network(seed):
    """Returns an MLP and its symmetries as (kind, size, {axis name: exponent}), for comparison as sorted lists."""
    random = np.random.default_rng(seed)
    sigma = str(random.choice(["tanh", "sigmoid", "relu", "leaky_relu", "gelu", "x_tanh"]))
    widths = tuple(int(w) for w in random.integers(2, 6, int(random.integers(3, 5))))
    biased = bool(random.random() < 0.7)
    pairs = list(itertools.pairwise(widths))
    network = MLP(
        tuple(jnp.zeros((out, into)) for into, out in pairs),
        tuple(jnp.zeros(out) if biased else None for _, out in pairs),
        activation(sigma),
    )
    truth = []
    for layer, size in enumerate(widths[1:-1]):
        into = {f".weights[{layer}][0]": 1.0} | ({f".biases[{layer}][0]": 1.0} if biased else {})
        out = f".weights[{layer + 1}][1]"
        truth.append(("permutation", size, into | {out: 1.0}))
        if sigma in PARITY:
            truth.append(("sign", size, into | ({out: 1.0} if PARITY[sigma] == "odd" else {})))
        if sigma in SCALED:
            truth.append(("scaling", size, into | {out: -1.0}))
    return network, sorted(truth, key=str)


def as_truth(symmetries):
    """Returns what was found in the form of `symmetric_network`; scalings up to a common factor."""
    found = []
    for s in symmetries:
        powers = {f"{a.leaf}[{a.axis}]": e for a, e in zip(s.axes, s.exponents, strict=True)}
        if s.kind == "scaling":
            first = next(e for name, e in powers.items() if name.endswith("[0]"))
            powers = {name: round(e / first, 6) for name, e in powers.items()}
        found.append((s.kind, s.size, {name: powers[name] for name in sorted(powers, key=_place)}))
    return sorted(found, key=str)


def _place(name):
    return (name.endswith("[1]"), name.startswith(".biases"))


def disguised(seed):
    """Returns a two-layer or deep network, inputs, and the widths that an exact reduction must reach and keep.

    Units are copied with random shares, scaled as far as their symmetries allow (1e±13), and
    some are nearly linear (tiny inside, huge outside); inputs of several units (1e-9 to 1e18) go with inverse weights.
    """
    random = np.random.default_rng(seed)
    sigma = str(random.choice(["tanh", "sigmoid", "relu", "leaky_relu", "softplus", "x_tanh"]))
    widths = (2, *(int(w) for w in random.integers(2, 4, int(random.integers(1, 3)))), int(random.integers(1, 3)))
    units = 10.0 ** random.choice([0, 0, -9, 6, 18], widths[0])
    x = random.normal(size=(20, widths[0])) * units
    weights, biases = [], []
    for layer, (into, out) in enumerate(itertools.pairwise(widths)):
        weight = random.normal(size=(out, into)) / (units if layer == 0 else 1.0)
        weights.append(weight)
        biases.append(random.normal(size=out))
    spread = float(random.choice([0.0, 3.0, 13.0]))
    for layer in range(len(widths) - 2):
        _split(random, weights, biases, layer, sigma)
        _scale(random, weights, biases, layer, sigma, spread)
    arrays = tuple(jnp.asarray(w) for w in weights), tuple(jnp.asarray(b) for b in biases)
    return MLP(*arrays, activation(sigma)), x, widths


def _split(random, weights, biases, layer, sigma):
    """Copies each unit once or twice: shares are dyadic, so that they add up without rounding."""
    count = len(weights[layer])
    sources = np.concatenate([np.arange(count), random.integers(0, count, int(random.integers(1, 4)))])
    out = weights[layer + 1][:, sources].copy()
    for unit in range(count):
        places = np.flatnonzero(sources == unit)
        shares = random.integers(1, 8, len(places)) / 8.0
        shares[-1] = 1.0 - shares[:-1].sum()
        out[:, places] *= shares
    signs = random.choice([-1.0, 1.0], len(sources)) if sigma in PARITY else np.ones(len(sources))
    weights[layer] = weights[layer][sources] * signs[:, None]
    biases[layer] = biases[layer][sources] * signs
    weights[layer + 1] = out * (signs if sigma == "tanh" else 1.0)


def _scale(random, weights, biases, layer, sigma, spread):
    """Rescales ReLU units; makes single units of other activations nearly linear: tiny inside, huge outside."""
    count = len(weights[layer])
    if sigma in SCALED:
        factors = 2.0 ** np.round(random.uniform(-spread, spread, count) * np.log2(10.0))
        weights[layer], biases[layer] = weights[layer] * factors[:, None], biases[layer] * factors
        weights[layer + 1] = weights[layer + 1] / factors
    elif spread:
        factor = 10.0**-spread
        row = factor * weights[layer][:1] * np.resize([1.0, -3.0, 2.0], weights[layer].shape[1])
        weights[layer], biases[layer] = np.concatenate([weights[layer], row]), np.append(biases[layer], 0.5)
        outgoing = np.full((len(weights[layer + 1]), 1), 1.0 / factor)
        weights[layer + 1] = np.concatenate([weights[layer + 1], outgoing], axis=1)


def rounding(network, x):
    """Returns eps·Σ|terms| of the outputs on each input: what rounding alone may move them by, up to a small factor."""
    size, value = np.abs(np.asarray(x)), np.asarray(x)
    for weight, bias in zip(network.weights, network.biases, strict=True):
        reach = size @ np.abs(np.asarray(weight)).T + np.abs(np.asarray(bias))
        value = value @ np.asarray(weight).T + np.asarray(bias)
        size, last = np.abs(np.asarray(network.activation(jnp.asarray(value)))) + 1.5 * reach, reach
        value = np.asarray(network.activation(jnp.asarray(value)))
    return np.finfo(float).eps * last


def tanh_line(neurons, output_bias=None):
    """Returns a two-layer tanh network on one input from (a, w, b) per neuron."""
    a, w, b = (jnp.array([neuron[i] for neuron in neurons], float) for i in range(3))
    c = None if output_bias is None else jnp.array([output_bias], float)
    return TwoLayer(w[:, None], b, a[None, :], c, activation("tanh"))


def at_infinity(seed):
    """Returns a risk, a width and whether there is an output bias: the infimum 0 is approached at infinity alone.

    Targets are limits of networks of that width which no network of it attains: derivatives of a neuron in its
    parameters (two neurons merge with ± large output weights), a jump between samples, and a straight line.
    """
    random = np.random.default_rng(seed)
    x = np.sort(random.uniform(-3.0, 3.0, 24))[:, None] * 10.0 ** random.choice([-3, 0, 3])
    unit = float(np.abs(x).max())
    z = random.uniform(1.0, 2.0) * x / unit * 2 + random.uniform(-0.5, 0.5)
    kind = int(random.integers(0, 3))
    if kind == 0:
        slope = 1 - np.tanh(z) ** 2
        y, width, biased = random.normal() * np.tanh(z) + (1 + random.random()) * slope * (1 + 0.7 * z), 2, False
    elif kind == 1:
        middle = (x[11] + x[12]) / 2
        y, width, biased = np.where(x > middle, 1.0, -1.0) * (1 + random.random()), 1, False
    else:
        y, width, biased = (1 + random.random()) * x / unit + random.normal(), 1, True
    return EmpiricalRisk(jnp.asarray(x), jnp.asarray(y * 10.0 ** random.choice([-6, 0, 4]))), width, biased


def interpolated(seed):
    """Returns a risk and a network that attains 0 on it, with weights so large that neurons bend between samples."""
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 7))
    x = np.sort(random.uniform(-1.0, 1.0, count))[:, None]
    width = int(random.integers(1, 4))
    steep = random.choice([-1.0, 1.0], width) * random.uniform(2.0, 12.0, width)
    centres = random.uniform(-0.8, 0.8, width)
    network = tanh_line([(random.normal() + 1, w, -w * c) for w, c in zip(steep, centres, strict=True)])
    return EmpiricalRisk(jnp.asarray(x), network(jnp.asarray(x))), network


def separable(seed):
    """Returns a cross-entropy risk and a network that separates its classes: no larger multiple of it is critical."""
    random = np.random.default_rng(seed)
    classes, width = int(random.integers(2, 4)), 6
    angles = 2 * np.pi * np.arange(classes) / classes
    labels = np.arange(5 * classes) % classes
    x = 4 * np.stack([np.cos(angles), np.sin(angles)], axis=1)[labels] + 0.3 * random.normal(size=(len(labels), 2))
    weights, biases = random.normal(size=(width, 2)), random.normal(size=width)
    hidden = np.tanh(x @ weights.T + biases)
    fitted = np.linalg.lstsq(hidden, 6 * np.eye(classes)[labels], rcond=None)[0].T
    assert np.all((hidden @ fitted.T).argmax(axis=1) == labels)
    arrays = jnp.asarray(weights), jnp.asarray(biases), jnp.asarray(fitted)
    risk = EmpiricalRisk(jnp.asarray(x), jnp.eye(classes)[labels], loss=CrossEntropy())
    return risk, TwoLayer(*arrays, None, activation("tanh"))
