"""Optimistic sample sizes in closed form: how few samples a target needs, from the sizes of model and target alone.

O(f*) is the smallest model rank on the target set {θ: f_θ = f*}: with fewer samples no target point has a local linear
recovery guarantee, with O(f*) suitable samples the best one has it. It says nothing about which point training finds.

References:
    LLR: Zhang et al., "Local linear recovery guarantee of deep neural networks at overparameterization", JMLR 26(69),
    2025, and its first version arXiv 2406.18035. OE: Zhang et al., "Optimistic estimate uncovers the potential of
    nonlinear models", J. Mach. Learn. 4(3), 2025.
"""

from condenslab.sample_size.optimistic.factored import (
    deep_diagonal,
    diagonal,
    factorisation_rank,
    linear,
    matrix,
    product_model,
)
from condenslab.sample_size.optimistic.networks import attention, convolution, deep, kan, two_layer
from condenslab.sample_size.optimistic.size import OptimisticSize

__all__ = [
    "OptimisticSize",
    "attention",
    "convolution",
    "deep",
    "deep_diagonal",
    "diagonal",
    "factorisation_rank",
    "kan",
    "linear",
    "matrix",
    "product_model",
    "two_layer",
]
