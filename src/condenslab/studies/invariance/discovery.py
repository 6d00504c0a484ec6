"""Which permutation symmetries has each architecture?"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
import numpy as np

from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.studies.seeds import over_seeds
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

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

STATEMENTS = (
    "the permutation symmetries found are those of the architecture (sets missed or too many)",
    "under each of them the output changes by rounding only (largest relative change)",
)


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


class SymmetryDiscovery(Study):
    """Permutations of parameter axes, found from the function alone and held against each architecture's definition."""

    name: ClassVar[str] = "symmetry_discovery"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "Which permutation symmetries has a network, if nothing but its function is known?"
    source: ClassVar[str] = "deck 001 (permutation-symmetric axes), decks 002 and 003 (structural invariant manifolds)"
    claim_statements: ClassVar[tuple[str, ...]] = STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = PRESETS

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[Case]:
        """Returns every architecture with every seed."""
        return [Case(a, settings.samples, seed + k) for a in settings.architectures for k in range(settings.seeds)]

    def compile_key(self, case: Case) -> Hashable:
        """Returns the architecture and the number of inputs."""
        return (case.architecture, case.samples)

    def bytes_per_member(self, case: Case) -> int:
        """Returns the size of a batch of edited networks and their outputs."""
        return 10_000_000

    def seconds_per_member(self, case: Case) -> float:
        """Returns a rough time, most of it compilation."""
        return 3.0

    def run_batch(
        self, cases: Sequence[Any], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Searches the symmetries of each case."""
        from condenslab.studies.invariance.architectures import symmetries_of

        outcomes = []
        for number, case in enumerate(cases):
            outcomes.append(symmetries_of(case))
            if progress is not None:
                progress((number + 1) / len(cases), f"symmetries of {case.architecture}")
        return outcomes

    def claims(self, records: Sequence[Record], settings: Settings, *, known_target: bool) -> list[Claim]:
        """Compares the sets of axes with those expected, architecture by architecture."""
        done = [record for record in records if record.status == "done"]
        claims = []
        for name in dict.fromkeys(r.case["architecture"] for r in records):
            own = [r for r in done if r.case["architecture"] == name]
            wrong = [differences(r.values["sets"], EXPECTED[name]) for r in own]
            changes = [r.values["largest_change"] for r in own]
            claims += [
                Claim.count(f"{over_seeds(STATEMENTS[0], [w == 0 for w in wrong])}: {name}", self.source, expected=0,
                            measured=wrong),
                Claim.at_most(f"{over_seeds(STATEMENTS[1], [c <= 1e-12 for c in changes])}: {name}", self.source,
                              bound=1e-12, measured=changes),
            ]  # fmt: skip
        return claims

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws, for the first network of each architecture, which axes belong together."""
        from condenslab.studies.invariance import draw

        return draw.discovery_drawings([record for record in records if record.status == "done"], EXPECTED)


def differences(found: Sequence[Sequence[str]], expected: Mapping[str, tuple[str, ...]]) -> int:
    """Returns how many sets are missed or too many.

    Args:
        found: Sets of axes.
        expected: Sets of axes by name.
    """
    return len({frozenset(axes) for axes in found} ^ {frozenset(axes) for axes in expected.values()})


def incidence(found: Sequence[Sequence[str]], axes: Sequence[str]) -> np.ndarray:
    """Returns the matrix that has 1 where an axis is in a set, shape (set, axis).

    Args:
        found: Sets of axes.
        axes: All axes.
    """
    return np.array([[axis in members for axis in axes] for members in found], dtype=float).reshape(-1, len(axes))


DISCOVERY = SymmetryDiscovery()
