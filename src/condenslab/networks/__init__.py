"""What learns: networks as pytrees of their own parameters, activations with their symmetries, initial scales."""

from condenslab.networks.activations import ACTIVATIONS, Activation, activation
from condenslab.networks.dense import MLP, Dropout, TwoLayer, apply, as_mlp, parameter_count, ravel, unravel

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "Activation",
    "Dropout",
    "TwoLayer",
    "activation",
    "apply",
    "as_mlp",
    "parameter_count",
    "ravel",
    "unravel",
]
