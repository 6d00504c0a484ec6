"""Settings, task and cases of the study of condensation in transformers; imports no JAX."""

from dataclasses import dataclass, replace

from condenslab.studies.settings import Count, Numbers, Positive
from condenslab.studies.shared.decoders import Model
from condenslab.tasks.anchors import AnchorTask, Layout, RandomSplit, composite
from condenslab.tasks.anchors.offsets import PUBLISHED

TWO_HEADS = Model(d_model=64, heads=2, d_k=16, d_ff=128, depth=2)
"""What two cores carry."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        gammas: Rates of the initial scale, std d_in^−γ.
        seeds: Runs of each.
        model: Sizes of the decoder.
        one_block: Also train as many decoders of one block, which a source has, on seeds of their own.
        steps: Steps of training.
        batch: Sequences in a step, new ones at every step.
        rate: Of AdamW, at its largest.
        decay: Weight decay.
    """

    gammas: Numbers = (0.5, 1.1)
    seeds: Count = 2
    model: Model = TWO_HEADS
    one_block: bool = True
    steps: Count = 4000
    batch: Count = 128
    rate: Positive = 1e-3
    decay: float = 0.1

    @property
    def adds_one_block(self) -> bool:
        """Whether decoders of one block are trained beside larger ones."""
        return self.one_block and self.model.depth != 1


@dataclass(frozen=True)
class Case:
    """One decoder.

    Attributes:
        gamma: Rate of the initial scale.
        seed: Of initial values and batches.
        model: Sizes of the decoder.
        steps: Steps of training.
        batch: Sequences in a step.
        rate: Of AdamW, at its largest.
        decay: Weight decay.
    """

    gamma: float
    seed: int
    model: Model
    steps: int
    batch: int
    rate: float
    decay: float


PRESETS = {
    "tiny": Settings((0.5, 1.1), 1, Model(8, 2, 4, 8, 1), steps=12, batch=8),
    "quick": Settings(),
    "full": Settings((0.3, 0.5, 0.8), 9, Model(400, 1, 200, 1200, 2), steps=90_000, batch=2048, rate=2.5e-4),
}


def make_task() -> AnchorTask:
    """Returns the published pairs with key and anchors alone, a fifth of the combinations held out."""
    layout = Layout(items=(20, 59), length=3)
    return composite(PUBLISHED, withheld=[(4, 3)], layout=layout, split=RandomSplit(0.2, 5))


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns every scale with every seed, and as many decoders of one block on the seeds after those.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    s = settings
    models = [(s.model, seed)]
    if s.adds_one_block:
        models.append((replace(s.model, depth=1), seed + s.seeds))
    return [
        Case(gamma, first + k, model, s.steps, s.batch, s.rate, s.decay)
        for model, first in models
        for gamma in s.gammas
        for k in range(s.seeds)
    ]
