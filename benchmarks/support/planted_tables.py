"""Tables with planted answers: sums of tanh neurons that bend inside the data, and noise. NumPy only."""

import numpy as np


def planted(neurons, inputs, noise, rows, seed):
    """Returns x uniform in [−1, 1]^d and y = f(x) + noise·spread·N(0, 1), and f.

    f has `neurons` tanh neurons: in one dimension their centres are evenly spaced in [−0.8, 0.8] up to a fifth of the
    spacing and their slopes are 4 to 8 times (neurons + 1)/4; in more, directions are random with cosines of at most
    0.8 in absolute value, slopes 2 to 4 and centres within 0.4 of 0. Output weights are ±(0.7 to 1.3).

    Args:
        neurons: Their number.
        inputs: d.
        noise: Standard deviation relative to that of f.
        rows: Samples.
        seed: Of everything.
    """
    random = np.random.default_rng([seed, neurons, inputs])
    if inputs == 1:
        gap = 1.6 / neurons
        centres = -0.8 + gap * (np.arange(neurons) + 0.5) + gap * random.uniform(-0.2, 0.2, neurons)
        weights = (random.uniform(4, 8, neurons) * (neurons + 1) / 4)[:, None]
        biases = -weights[:, 0] * centres
    else:
        directions = apart(neurons, inputs, random, 0.8)
        weights = random.uniform(2, 4, neurons)[:, None] * directions
        biases = -np.linalg.norm(weights, axis=1) * random.uniform(-0.4, 0.4, neurons)
    outgoing = random.uniform(0.7, 1.3, neurons) * random.choice([-1.0, 1.0], neurons)

    def target(x):
        return np.tanh(x @ weights.T + biases) @ outgoing[:, None]

    spread = target(random.uniform(-1, 1, (4000, inputs))).std()
    draws = np.random.default_rng([seed, neurons, inputs, rows, round(1000 * noise)])
    x = draws.uniform(-1, 1, (rows, inputs))
    return x, target(x) + noise * spread * draws.standard_normal((rows, 1)), target, spread


def apart(neurons, inputs, random, most):
    """Returns random unit vectors whose cosines are at most `most` in absolute value, shape (neuron, input)."""
    while True:
        found = random.standard_normal((neurons, inputs))
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        if np.all(np.abs(found @ found.T - np.eye(neurons)) <= most):
            return found
