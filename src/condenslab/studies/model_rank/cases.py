"""Settings and cases of the study of model ranks; imports no JAX."""

from dataclasses import dataclass
from typing import Literal

from condenslab.studies.settings import Count, Positive

Kind = Literal["condensed", "opposite", "generic", "dead", "formula", "run"]
PAIRS: dict[Kind, int] = {"condensed": 2, "opposite": 2, "generic": 4, "dead": 3}
"""Two tanh neurons of one input without biases: the model rank by where they are."""
RISK = 1e-14
"""Where a flow ends. One that stops before it may condense further: its merged rank is not claimed."""
THRESHOLDS = (1e-2, 1e-4, 1e-6, 1e-8)


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Random pairs, random networks, and training runs.
        width: Neurons of the trained network.
        samples: Samples of the training runs, even on [−3, 3].
        time: End time of the gradient flows. They condense late: at 10⁶ the risk is still 10⁻⁹ and neurons of two norms
            share the direction of the target; the risk at which they end takes 10⁷ to more than 10¹⁰.
        std: Standard deviation of the small initialisation.
    """

    seeds: Count = 5
    width: Count = 20
    samples: Count = 20
    time: Positive = 1e10
    std: Positive = 1e-4


@dataclass(frozen=True)
class Case:
    """A network whose rank is computed, or a training run along which it is.

    Attributes:
        kind: Which network.
        seed: Of its parameters.
        width: Neurons of a training run.
        samples: Samples of a training run.
        time: Its end time.
        std: Its initial standard deviation.
    """

    kind: Kind
    seed: int
    width: int = 0
    samples: int = 0
    time: float = 0.0
    std: float = 0.0


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns pairs, random networks, and runs from small and from std-1 initialisation.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    s = settings
    seeds = range(seed, seed + s.seeds)
    fixed: tuple[Kind, ...] = (*PAIRS, "formula")
    plain = [Case(kind, k) for kind in fixed for k in seeds]
    return plain + [Case("run", k, s.width, s.samples, s.time, std) for std in (s.std, 1.0) for k in seeds]
