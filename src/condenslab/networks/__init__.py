"""What learns: networks as pytrees of their own parameters, activations with their symmetries, initial scales.

`initial` has the scales (γ and γ′, exponents of std and variance, named schemes); `two_layer`, `mlp`, `cnn`,
`conv_two_layer` and the lower-case name of every other class draw networks. `attention`, `spline` and
`widening` have the embeddings that keep the function of an attention layer, of a KAN and of a decoder.
"""

from condenslab.networks import attention, initial, spline, widening
from condenslab.networks.activations import ACTIVATIONS, Activation, activation
from condenslab.networks.attention import MultiHeadAttention
from condenslab.networks.conv import CNN
from condenslab.networks.conv_draws import cnn, conv_two_layer
from condenslab.networks.conv_two_layer import ConvTwoLayer, as_two_layer, as_unshared
from condenslab.networks.decoder_draws import InitRates, decoder
from condenslab.networks.decoder_net import Decoder
from condenslab.networks.dense import MLP, Dropout, TwoLayer, apply, as_mlp, parameter_count, ravel, unravel
from condenslab.networks.draws import anti_symmetric, mlp, two_layer
from condenslab.networks.factored import (
    DeepDiagonal,
    Diagonal,
    Linear,
    MatrixFactorisation,
    ProductModel,
    index_pairs,
)
from condenslab.networks.model_draws import (
    deep_diagonal,
    diagonal,
    kan,
    linear,
    matrix_factorisation,
    multi_head_attention,
    product_model,
)
from condenslab.networks.scale import Scale
from condenslab.networks.spline import KAN

__all__ = [
    "ACTIVATIONS",
    "CNN",
    "KAN",
    "MLP",
    "Activation",
    "ConvTwoLayer",
    "Decoder",
    "DeepDiagonal",
    "Diagonal",
    "Dropout",
    "InitRates",
    "Linear",
    "MatrixFactorisation",
    "MultiHeadAttention",
    "ProductModel",
    "Scale",
    "TwoLayer",
    "activation",
    "anti_symmetric",
    "apply",
    "as_mlp",
    "as_two_layer",
    "as_unshared",
    "attention",
    "cnn",
    "conv_two_layer",
    "decoder",
    "deep_diagonal",
    "diagonal",
    "index_pairs",
    "initial",
    "kan",
    "linear",
    "matrix_factorisation",
    "mlp",
    "multi_head_attention",
    "parameter_count",
    "product_model",
    "ravel",
    "spline",
    "two_layer",
    "unravel",
    "widening",
]
