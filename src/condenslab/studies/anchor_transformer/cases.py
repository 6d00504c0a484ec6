"""Settings and cases: three sizes of the task, fixed beforehand, each with several initial scales."""

from dataclasses import dataclass

from condenslab.studies.settings import Count, Numbers, Positive
from condenslab.studies.shared.decoders import Model
from condenslab.tasks.anchors import AnchorTask, Layout, ModulusSplit, RandomSplit, composite
from condenslab.tasks.anchors.offsets import PUBLISHED

SMALL = Model()
"""What two cores carry: 59,000 parameters."""
DESIGNS = ("three", "five", "nine")
"""Tokens in a sequence: key and anchors alone, with two tokens of noise, and the published length."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        designs: Which of "three", "five" and "nine" tokens.
        gammas: Rates of the initial scale, std d_in^−γ: the larger, the smaller the scale.
        seeds: Runs of each.
        model: Sizes of the decoder.
        steps: Steps of training with three tokens; five take twice, nine ten times as many.
        batch: Sequences in a step, new ones at every step.
        rate: Of AdamW, at its largest.
        decay: Weight decay.
    """

    designs: tuple[str, ...] = ("three", "five")
    gammas: Numbers = (0.3, 0.5, 0.8, 1.1)
    seeds: Count = 3
    model: Model = SMALL
    steps: Count = 4000
    batch: Count = 128
    rate: Positive = 1e-3
    decay: float = 0.1

    def __post_init__(self) -> None:
        strange = sorted(set(self.designs) - set(DESIGNS))
        if strange:
            raise ValueError(f"a design is one of {', '.join(DESIGNS)}, not {strange[0]!r}")
        if len(set(self.gammas)) < len(self.gammas) or len(set(self.designs)) < len(self.designs):
            raise ValueError("gammas and designs must be different")


@dataclass(frozen=True)
class Case:
    """One decoder.

    Attributes:
        design: How many tokens a sequence has.
        gamma: Rate of the initial scale.
        seed: Of initial values and batches.
        model: Sizes of the decoder.
        steps: Steps of training.
        batch: Sequences in a step.
        rate: Of AdamW, at its largest.
        decay: Weight decay.
    """

    design: str
    gamma: float
    seed: int
    model: Model
    steps: int
    batch: int
    rate: float
    decay: float


def make_task(design: str) -> AnchorTask:
    """Returns the published table, (3, 4) designated and (4, 3) withheld, at one of three lengths.

    With three tokens there is one position, and the published split would leave keys unseen: there a fifth of the
    combinations of key and pair is held out instead.

    Args:
        design: "three", "five" or "nine".
    """
    length = {"three": 3, "five": 5, "nine": 9}[design]
    layout = Layout(items=(20, 99 if design == "nine" else 59), length=length)
    split = RandomSplit(0.2, 5) if design == "three" else ModulusSplit.published("code")
    return composite(PUBLISHED, designated={(3, 4): -6}, withheld=[(4, 3)], layout=layout, split=split, name=design)


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns every design with every scale and seed.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    s = settings
    longer = {"three": 1, "five": 2, "nine": 10}
    return [
        Case(design, gamma, seed + k, s.model, s.steps * longer[design], s.batch, s.rate, s.decay)
        for design in s.designs
        for gamma in s.gammas
        for k in range(s.seeds)
    ]
