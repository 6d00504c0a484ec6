"""Settings and cases of the study of embeddings in width; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from condenslab.studies.settings import Count, CountOrZero, Positive
from condenslab.studies.shared.proven.cases import ProofCase, provable


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Runs from different starts.
        widths: Minima of the widths 1 … this are split.
        starts: Starts of each search for the critical functions of the three-tanh problem.
        wide: Width that a minimum is embedded into.
        iris_starts: Starts of the search on Iris; 0 leaves Iris out. About one in seventy comes to a critical point
            whose inertia is decided: setosa is separable, and most flows run to infinity.
        time: End of the gradient flows from perturbed minima.
        size: Standard deviation of the perturbation of every parameter.
    """

    seeds: Count = 3
    widths: Annotated[int, msgspec.Meta(ge=1, le=2)] = 2
    starts: Count = 100
    wide: Annotated[int, msgspec.Meta(ge=2)] = 500
    iris_starts: CountOrZero = 400
    time: Positive = 1e4
    size: Positive = 1e-3


PRESETS = {
    "tiny": Settings(seeds=1, widths=1, starts=20, wide=3, iris_starts=0),
    "quick": Settings(),
    "full": Settings(seeds=20, starts=1000, iris_starts=2000),
}


@dataclass(frozen=True)
class SplitCase:
    """The lowest minimum of a narrow width, its neurons split, and the whole embedded into a wide network.

    Attributes:
        width: Neurons of the narrow network.
        starts: Starts of the search.
        seed: Of the starts.
        wide: Width to embed into, or 0 for none.
        kind: Tells the sorts of case apart.
    """

    width: int
    starts: int
    seed: int
    wide: int
    kind: Literal["split"] = "split"


@dataclass(frozen=True)
class EscapeCase:
    """Gradient flows from the perturbed width-1 minimum, and from the same split in two and perturbed.

    Attributes:
        seed: Of the perturbation.
        time: End of the flow.
        size: Standard deviation of the perturbation of every parameter.
        kind: Tells the sorts of case apart.
    """

    seed: int
    time: float
    size: float
    kind: Literal["escape"] = "escape"


@dataclass(frozen=True)
class IrisCase:
    """Critical points of a sigmoid network 4-2-3 on Iris, their neurons split.

    Attributes:
        seed: Of the starts.
        starts: Starts of the search.
        kind: Tells the sorts of case apart.
    """

    seed: int
    starts: int
    kind: Literal["iris"] = "iris"


@dataclass(frozen=True)
class PublishedIrisCase:
    """The critical point of EP21, Fig. 3(b), as an embedded one of width 1, on the table as it is.

    Attributes:
        copies: Equal copies of its neuron, each number of them.
        kind: Tells the sorts of case apart.
    """

    copies: tuple[int, ...] = (2, 3, 4)
    kind: Literal["published iris"] = "published iris"


Case = SplitCase | EscapeCase | IrisCase | PublishedIrisCase | ProofCase


def proof_cases(settings: Settings) -> list[ProofCase]:
    """Returns the minima whose inertia is to be proven, with one and two neurons more and in the wide network.

    Args:
        settings: The settings.
    """
    every = {w: sorted({w + 1, w + 2, settings.wide}) for w in range(1, settings.widths + 1)}
    return [ProofCase(w, tuple(wide for wide in widths if wide > w)) for w, widths in every.items()]


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns the cases of a run, with seeds `seed`, `seed` + 1, …; only the first minimum of each width is embedded.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    seeds = range(seed, seed + settings.seeds)
    widths = range(1, settings.widths + 1)
    return [
        *(SplitCase(w, settings.starts, s, settings.wide if s == seed else 0) for w in widths for s in seeds),
        *(EscapeCase(s, settings.time, settings.size) for s in seeds),
        *([IrisCase(seed, settings.iris_starts), PublishedIrisCase()] if settings.iris_starts else []),
        *provable(proof_cases(settings)),
    ]
