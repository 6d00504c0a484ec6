"""Settings and cases: random decoders, each grown one way, and decoders whose symmetries are looked for."""

from dataclasses import dataclass

from condenslab.studies.settings import Count
from condenslab.studies.shared.decoders import Normalisation

GROWTHS = ("a head split", "a neuron split", "wider heads", "d_model repeated")
SPLIT = ("a head split", "a neuron split")
"""Growths after which there are two equal units."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        growths: Which of `GROWTHS`.
        seeds: Random decoders.
        normalisations: "post", "pre" or both.
        steps: Steps of AdamW in which copies must stay together.
        discover: Whether symmetries are looked for from the outputs, which takes longest.
    """

    growths: tuple[str, ...] = GROWTHS
    seeds: Count = 3
    normalisations: tuple[Normalisation, ...] = ("post", "pre")
    steps: Count = 50
    discover: bool = True

    def __post_init__(self) -> None:
        strange = sorted(set(self.growths) - set(GROWTHS))
        if strange:
            raise ValueError(f"a growth is one of {', '.join(GROWTHS)}, not {strange[0]!r}")


@dataclass(frozen=True)
class Case:
    """One decoder and the way it grows.

    Attributes:
        growth: One of `GROWTHS`.
        normalisation: "post" or "pre".
        seed: Of weights and tokens.
        steps: Steps of AdamW.
    """

    growth: str
    normalisation: Normalisation
    seed: int
    steps: int


@dataclass(frozen=True)
class Discovery:
    """One decoder whose symmetries are looked for.

    Attributes:
        normalisation: "post" or "pre".
        seed: Of the values tried.
    """

    normalisation: Normalisation
    seed: int


def make_cases(settings: Settings, seed: int) -> list[Case | Discovery]:
    """Returns every growth for every seed, and a search for symmetries a normalisation.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    kinds, seeds = settings.normalisations, range(seed, seed + settings.seeds)
    grown = [Case(growth, kind, s, settings.steps) for growth in settings.growths for kind in kinds for s in seeds]
    return [*grown, *(Discovery(kind, seed) for kind in kinds if settings.discover)]


PRESETS = {
    "tiny": Settings(("wider heads",), 1, ("post",), 5, False),
    "quick": Settings(),
    "full": Settings(seeds=20, steps=1000),
}
