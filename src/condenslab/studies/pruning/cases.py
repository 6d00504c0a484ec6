"""Settings and cases of the pruning study; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from condenslab.studies.settings import Count, Positive

Fraction = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Moment = Literal["plateau", "published"]

MOMENTS: dict[Moment, str] = {
    "plateau": "on the flattest stretch of its loss",
    "published": "at the published epoch",
}
"""When the network is merged; the source merges at a plateau, which its figure has at about epoch 5,000."""
Output = Literal["linear", "relu"]

FRESH = 100
"""First seed of the networks with a ReLU on the output, a setting that was inferred and tried on seeds 0 and 1."""
TRAVEL = 5000 * 3e-5
"""Published epoch × learning rate: how far Adam moves a weight until then; other rates reach it at another epoch."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        width: m, hidden neurons; every parameter starts with variance m⁻⁶.
        images: Training images; the rest of the 5,000 is held out.
        rate: Learning rate of Adam (full batch).
        epochs: Steps.
        retrain: Steps of the merged network.
        similarity: Neurons of a group have at least this cosine, pairwise, biases included.
        amplitude_filter: Neurons below this fraction of the largest amplitude are dropped. The source gives none.
        seeds: Networks (and draws of the training images) of every output.
        outputs: What the output layer is: linear, as printed, or with a ReLU, as the figure makes one think: its steps
            are shares of single images of the loss.
    """

    width: Count = 200
    images: Count = 500
    rate: Positive = 1e-4
    epochs: Count = 1500
    retrain: Count = 500
    similarity: Fraction = 0.9
    amplitude_filter: Fraction = 0.01
    seeds: Count = 3
    outputs: tuple[Output, ...] = ("linear", "relu")


PRESETS = {
    "tiny": Settings(width=40, images=100, rate=1e-3, epochs=150, retrain=30, seeds=1),
    "quick": Settings(),
    "full": Settings(width=400, images=1000, rate=3e-5, epochs=100_000, retrain=5000),
    "panel": Settings(width=400, images=1000, rate=3e-5, epochs=6000, retrain=2000),  # the published epoch is 5,000
}


@dataclass(frozen=True)
class Case:
    """One network, trained, merged and trained on; attributes as in `Settings`."""

    width: int
    images: int
    rate: float
    epochs: int
    retrain: int
    similarity: float
    amplitude_filter: float
    seed: int
    output: Output


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns one case a seed and output, the inferred one on seeds of its own.

    Args:
        settings: The settings.
        seed: The first of consecutive seeds.
    """
    s = settings
    common = (s.width, s.images, s.rate, s.epochs, s.retrain, s.similarity, s.amplitude_filter)
    first = {"linear": seed, "relu": seed + FRESH}
    return [Case(*common, first[output] + number, output) for output in s.outputs for number in range(s.seeds)]
