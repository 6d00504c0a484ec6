"""What learns: networks as pytrees of their own parameters, activations with their symmetries, initial scales.

`initial` has the scales (γ and γ′, exponents of std and variance, named schemes); `two_layer` and `mlp` draw networks.
"""

from condenslab.networks import initial
from condenslab.networks.activations import ACTIVATIONS, Activation, activation
from condenslab.networks.dense import MLP, Dropout, TwoLayer, apply, as_mlp, parameter_count, ravel, unravel
from condenslab.networks.draws import anti_symmetric, mlp, two_layer
from condenslab.networks.initial import Scale

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "Activation",
    "Dropout",
    "Scale",
    "TwoLayer",
    "activation",
    "anti_symmetric",
    "apply",
    "as_mlp",
    "initial",
    "mlp",
    "parameter_count",
    "ravel",
    "two_layer",
    "unravel",
]
