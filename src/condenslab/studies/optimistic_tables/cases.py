"""Settings and cases of the study of the tables of optimistic sample sizes; imports no JAX."""

from dataclasses import dataclass
from typing import Literal

from condenslab.studies.settings import Count

Sharing = Literal["shared", "unshared", "full"]
Mapping = Literal[
    "split neuron", "null neuron", "split neuron of a deep network", "split kernel", "dead neuron", "unshared"
]

PIXELS, SIZE = 4, 2
"""Side of the plane and of a kernel; a kernel has (4 + 1 − 2)² = 9 positions."""
POSITIONS = (PIXELS + 1 - SIZE) ** 2
SHARINGS: tuple[Sharing, ...] = ("shared", "unshared", "full")
WORDS: dict[str, str] = {"shared": "CNN", "unshared": "no sharing", "full": "fully connected"}
CRITICAL: tuple[Mapping, ...] = ("split neuron", "null neuron", "split neuron of a deep network", "split kernel")
"""Mappings that keep output and criticality for all data."""
MERELY_EQUAL: tuple[Mapping, ...] = ("dead neuron", "unshared")
"""Mappings that keep the output alone."""
DEEP = (((2, 2, 2, 1), (2, 5, 4, 1)), ((3, 1, 1, 1, 1), (3, 4, 4, 4, 1)), ((2, 3, 2, 2, 1), (2, 6, 5, 4, 1)))
"""Widths of narrow deep networks without biases, and of the wide ones that contain them."""
NETWORKS = {"NN_A": 3, "NN_B": 6, "NN_C": 103}
"""Widths of the three networks of the deck: 12, 24 and 412 parameters have 4 a neuron, here three inputs (inferred)."""
NN_INPUTS = 3


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Random targets of every row.
        width: m of the dense table, whose rows are k = 0 … m.
        inputs: Its d.
        kernels: Largest k of the table of convolutions; networks have one kernel more.
        zeros: Numbers of output weights of the target that vanish, m_n.
        side: d of the matrices, whose table has every pair of ranks.
    """

    seeds: Count = 3
    width: Count = 4
    inputs: tuple[Count, ...] = (1, 3)
    kernels: Count = 2
    zeros: tuple[int, ...] = (0, 1, 3)
    side: Count = 4


@dataclass(frozen=True)
class DenseCase:
    """A target of k tanh neurons without biases, in a network of m.

    Attributes:
        width: m.
        intrinsic: k.
        inputs: d.
        seed: Of the target and the probes.
    """

    width: int
    intrinsic: int
    inputs: int
    seed: int


@dataclass(frozen=True)
class KernelCase:
    """A target of k kernels, in a network of one more, with or without sharing.

    Attributes:
        sharing: Which network.
        intrinsic: k.
        zeros: m_n.
        seed: Of the target and the probes.
    """

    sharing: Sharing
    intrinsic: int
    zeros: int
    seed: int


@dataclass(frozen=True)
class MatrixCase:
    """A random factorisation A·B.

    Attributes:
        side: d.
        left: Rank of A.
        right: Rank of B.
        seed: Of both.
    """

    side: int
    left: int
    right: int
    seed: int


@dataclass(frozen=True)
class DeepCase:
    """A random function of a narrow deep network, in a wide one.

    Attributes:
        narrow: Widths of the narrow one.
        wide: Widths of the wide one.
        seed: Of the function and the probes.
    """

    narrow: tuple[int, ...]
    wide: tuple[int, ...]
    seed: int


@dataclass(frozen=True)
class MappingCase:
    """A random network θ and its image P(θ) in a larger one.

    Attributes:
        mapping: P.
        seed: Of θ and the probes.
    """

    mapping: Mapping
    seed: int


Case = DenseCase | KernelCase | MatrixCase | DeepCase | MappingCase


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns every row of every table, for every seed.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    s, cases = settings, list[Case]()
    for number in range(seed, seed + s.seeds):
        cases += [DenseCase(s.width, k, d, number) for d in dict.fromkeys(s.inputs) for k in range(s.width + 1)]
        cases += [DenseCase(width, NETWORKS["NN_A"], NN_INPUTS, number) for width in NETWORKS.values()]
        cases += [
            KernelCase(sharing, k, zeros, number)
            for sharing in SHARINGS
            for k in range(1, s.kernels + 1)
            for zeros in dict.fromkeys(s.zeros)
        ]
        cases += [MatrixCase(s.side, a, b, number) for a in range(s.side + 1) for b in range(s.side + 1)]
        cases += [DeepCase(narrow, wide, number) for narrow, wide in DEEP]
        cases += [MappingCase(mapping, number) for mapping in (*CRITICAL, *MERELY_EQUAL)]
    return list(dict.fromkeys(cases))
