"""Settings and cases of the critical_dimension study; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from condenslab.studies.settings import Count


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Random embeddings of each narrow critical point, for each number of added neurons.
        added: Largest number of neurons added to a layer.
        samples: Inputs, equally spaced on [−5, 5].
    """

    seeds: Count = 3
    added: Count = 3
    samples: Annotated[int, msgspec.Meta(ge=20)] = 60


@dataclass(frozen=True)
class EmbeddingCase:
    """A critical point made to order, and a random compatible embedding of it.

    Attributes:
        narrow: Widths of the hidden layers.
        added: Neurons added to each of them.
        seed: Of the targets and of the embedding.
        samples: Inputs.
    """

    narrow: tuple[int, ...]
    added: tuple[int, ...]
    seed: int
    samples: int


PRESETS = {
    "tiny": Settings(seeds=1, added=1),
    "quick": Settings(),
    "full": Settings(seeds=20, added=8, samples=200),
}


def shapes(settings: Settings) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Returns the narrow widths and the added neurons: two layers with K = 0 …, three with every (K₁, K₂) up to two.

    Args:
        settings: The settings.
    """
    deep = range(min(settings.added, 2) + 1)
    two: list[tuple[tuple[int, ...], tuple[int, ...]]] = [((2,), (k,)) for k in range(settings.added + 1)]
    return [*two, *(((2, 2), (k, j)) for k in deep for j in deep)]


def make_cases(settings: Settings, seed: int) -> list[EmbeddingCase]:
    """Returns the random embeddings of every shape.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    return [
        EmbeddingCase(narrow, added, seed + number, settings.samples)
        for narrow, added in shapes(settings)
        for number in range(settings.seeds)
    ]
