"""Reduction to a target width and with a threshold a layer."""

import numpy as np
import pytest

from condenslab.landscape import reduce
from condenslab.networks import mlp
from condenslab.networks.layered import LayerArrays

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(20, 3))


def net(activation="tanh"):
    return mlp(0, widths=(3, 12, 9, 2), activation=activation, std=0.5)


def widths(network):
    return [len(weights) for weights in LayerArrays.of(network).weights[:-1]]


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("target", [1, 4, 11])
def test_a_target_width_is_reached_with_the_least_threshold(activation, target):
    found = reduce(net(activation), widths={0: target}, inputs=X)
    assert widths(found.network)[0] == target
    assert widths(found.network)[1] == 9
    assert found.receipt.parameters_after < found.receipt.parameters_before
    below = reduce(net(activation), threshold=(found.threshold * (1 - 1e-9), 1e-12))
    assert widths(below.network)[0] > target
    again = reduce(net(activation), threshold=(found.threshold, 1e-12))
    assert widths(again.network)[0] == target


def test_a_wider_target_changes_nothing_and_a_threshold_still_holds():
    assert widths(reduce(net(), widths={0: 30, 1: 9}).network) == [12, 9]
    loose = reduce(net(), threshold=1.2)
    both = reduce(net(), threshold=1.2, widths={0: 12, 1: 9})
    assert widths(loose.network) == widths(both.network)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"widths": {2: 3}}, "from 0 to 1"),
        ({"widths": {0: 0}}, "whole numbers from 1"),
        ({"threshold": (0.1,)}, "one a hidden layer"),
        ({"threshold": (0.1, 2.5)}, "between 0 and 2"),
    ],
)
def test_bad_targets(options, words):
    with pytest.raises(ValueError, match=words):
        reduce(net(), **options)
