"""Which permutation symmetries has each architecture?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np

from condenslab.studies.contract.criteria import at_most, exactly
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Statement
from condenslab.studies.contract.study import Study

_SOURCE = "deck 001 (permutation-symmetric axes), decks 002 and 003 (structural invariant manifolds)"

EXPECTED: dict[str, dict[str, tuple[str, ...]]] = {
    "dense": {
        "hidden units of layer 1": ("weights[0][0]", "biases[0][0]", "weights[1][1]"),
        "hidden units of layer 2": ("weights[1][0]", "biases[1][0]", "weights[2][1]"),
    },
    "convolution": {
        "channels of layer 1": ("kernels[0][0]", "kernel_biases[0][0]", "kernels[1][1]"),
        "channels of layer 2": ("kernels[1][0]", "kernel_biases[1][0]", "weights[0][1]"),
    },
    "attention": {
        "heads": ("queries[0]", "keys[0]", "values[0]", "outputs[0]"),
        "attention dimension": ("queries[2]", "keys[2]"),
        "value dimension": ("values[2]", "outputs[2]"),
        "d_model read": ("queries[1]", "keys[1]", "values[1]", "embedding[1]"),
        "d_model written": ("outputs[1]", "readout[0]"),
    },
    "KAN": {"hidden units": ("coefficients[0][0]", "coefficients[1][1]")},
}
"""The axes that are permuted together, by what they are called, from the definition of each architecture.

The convolution's last hidden layer is flattened: its channels are blocks of the columns of the head's matrix.
"""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Random networks a architecture.
        samples: Random inputs on which outputs are compared.
        architectures: Which ones.
    """

    seeds: Annotated[int, msgspec.Meta(ge=1)] = 3
    samples: Annotated[int, msgspec.Meta(ge=1)] = 12
    architectures: tuple[str, ...] = tuple(EXPECTED)

    def __post_init__(self) -> None:
        strange = [name for name in self.architectures if name not in EXPECTED]
        if strange:
            raise ValueError(f"no architecture {strange[0]!r}; there are {', '.join(EXPECTED)}")


PRESETS = {"tiny": Settings(seeds=1, architectures=("dense",)), "quick": Settings(), "full": Settings(seeds=10)}


@dataclass(frozen=True)
class Case:
    """One architecture with random parameters.

    Attributes:
        architecture: Its name.
        samples: Random inputs.
        seed: Of parameters and inputs.
    """

    architecture: str
    samples: int
    seed: int


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns every architecture with every seed.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    return [
        Case(architecture, settings.samples, seed + k)
        for architecture in settings.architectures
        for k in range(settings.seeds)
    ]


def title(architecture: str) -> str:
    """Returns the title of the drawing of an architecture."""
    return f"Symmetries of {architecture}"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed of every architecture.

    Args:
        settings: The settings.
    """
    names = dict.fromkeys(settings.architectures)
    return [statement for architecture in names for statement in _of_architecture(architecture)]


def _of_architecture(architecture: str) -> list[Statement]:
    expected = EXPECTED[architecture]
    return [
        Statement(
            "the permutation symmetries found are those of the architecture",
            _SOURCE,
            lambda evidence: evidence.where(Case, architecture=architecture).each(
                lambda record: differences(record.values["sets"], expected)
            ),
            exactly(0),
            note=f"{architecture}; sets missed or too many",
            of="seeds",
            label=f"the permutation symmetries found are those of the architecture ({architecture})",
            figure=title(architecture),
        ),
        Statement(
            "under each of them the output changes by rounding only",
            _SOURCE,
            lambda evidence: evidence.where(Case, architecture=architecture).each(
                lambda record: record.values["largest_change"]
            ),
            at_most(1e-12),
            note=f"{architecture}; largest relative change",
            of="seeds",
            label=f"under each symmetry the output changes by rounding only ({architecture})",
        ),
    ]


def differences(sets: Sequence[Sequence[str]], expected: Mapping[str, tuple[str, ...]]) -> int:
    """Returns how many sets are missed or too many.

    Args:
        sets: Sets of axes.
        expected: Sets of axes by name.
    """
    return len({frozenset(axes) for axes in sets} ^ {frozenset(axes) for axes in expected.values()})


def incidence(sets: Sequence[Sequence[str]], axes: Sequence[str]) -> np.ndarray:
    """Returns the matrix that has 1 where an axis is in a set, shape (set, axis).

    Args:
        sets: Sets of axes.
        axes: All axes.
    """
    return np.array([[axis in members for axis in axes] for members in sets], dtype=float).reshape(-1, len(axes))


DISCOVERY = Study(
    name="symmetry_discovery",
    revision=1,
    question="Which permutation symmetries has a network, if nothing but its function is known?",
    source=_SOURCE,
    part="landscape",
    deck="001",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.invariance.architectures:symmetries_of",
            seconds=lambda _: 3.0,  # most of it compilation
            bytes=lambda _: 10_000_000,  # a batch of edited networks and their outputs
        ),
    ),
    statements=statements,
    figures="condenslab.studies.invariance.draw:discovery_drawings",
)
