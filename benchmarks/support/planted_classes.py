"""Class tables with planted answers: labels drawn from the softmax of the outputs of a few tanh neurons. NumPy only."""

from itertools import pairwise

import numpy as np

from support.planted_tables import apart


def planted_classes(neurons, inputs, classes, wrong, rows, seed):
    """Returns x uniform in [−1, 1]^d, the number of the class of each sample, and x → the probability of each class.

    Classes are drawn with the probabilities softmax(s·g(x)), g a network of tanh neurons, so that it is the network of
    least cross-entropy; the factor s is such that the best rule, the likeliest class, is wrong with the probability
    `wrong`. Slopes are 3 to 5, of three neurons twice that with one input and half of it with more. One neuron decides
    two classes, or three in a row along its direction. Three neurons of one input have evenly spaced centres, up to a
    tenth of the spacing, and each changes the likeliest class; of more inputs their directions are random with cosines
    of at most 0.5 in absolute value, and each is the score of a class, or two classes are told apart by an alternating
    sum.

    Args:
        neurons: 1 or 3.
        inputs: d; at least 3 for directions apart, or 1.
        classes: 2 or 3.
        wrong: Rate of wrong predictions that the best rule has, above 0.
        rows: Samples.
        seed: Of everything.
    """
    random = np.random.default_rng([seed, neurons, inputs, classes])
    slopes = random.uniform(3, 5, neurons) * (1 if neurons == 1 else 2 if inputs == 1 else 0.5)
    if inputs == 1:
        gap = 1.6 / neurons
        centres = -0.8 + gap * (np.arange(neurons) + 0.5) + gap * random.uniform(-0.1, 0.1, neurons)
        weights, biases = slopes[:, None], -slopes * centres
    else:
        weights = slopes[:, None] * apart(neurons, inputs, random, 0.5)
        biases = -slopes * random.uniform(-0.2, 0.2, neurons)
    outgoing, level = _decided(neurons, inputs, classes)

    def scores(at):
        return np.tanh(at @ weights.T + biases) @ outgoing.T + level

    factor = _factor(scores(random.uniform(-1, 1, (20_000, inputs))), wrong)

    def chances(at):
        return _softmax(factor * scores(at))

    draws = np.random.default_rng([seed, neurons, inputs, classes, rows, round(1000 * wrong)])
    x = draws.uniform(-1, 1, (rows, inputs))
    labels = (draws.random((rows, 1)) > np.cumsum(chances(x), axis=1)[:, :-1]).sum(axis=1)
    return x, labels, chances


def _decided(neurons, inputs, classes):
    """Returns A and c of the scores."""
    eye = np.eye(classes)
    if neurons == 1:
        return (np.array([[-1.0], [1.0]]), np.zeros(2)) if classes == 2 else (eye[:, 2:] - eye[:, :1], 0.6 * eye[1])
    if inputs > 1 and classes == 3:
        return eye, np.zeros(3)
    turns = [eye[j % classes] for j in range(neurons + 1)]  # the class that wins between two centres
    outgoing = np.stack([after - before for before, after in pairwise(turns)], axis=1)
    return outgoing, turns[0] + turns[-1]


def _factor(scores, wrong):
    low, high = 0.0, 1e4
    for _ in range(60):
        middle = (low + high) / 2
        rate = np.mean(1 - _softmax(middle * scores).max(axis=1))
        low, high = (middle, high) if rate > wrong else (low, middle)
    return low


def _softmax(logits):
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
