"""Settings and cases of the dropout study; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from condenslab.studies.settings import Count
from condenslab.studies.shared.descents import DescentCase

FRESH = 100
"""First seed on the teachers: the number of steps was chosen after looking at seeds 0 to 2."""

Keep = Annotated[float, msgspec.Meta(gt=0, lt=1)]

KINDS = {"none": "without dropout", "dropout": "with dropout", "penalty": "on R + R₁"}
TEACHERS = {"teacher_uniform": "inputs uniform on [−1, 1]^10", "teacher_normal": "standard normal inputs"}


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Runs of every kind.
        laws: Of the inputs of the ten-dimensional teacher, which the source does not state: uniform on [−1, 1]^10 or
            standard normal; the latter condenses more slowly.
        teacher_keep: KEEP probability p of the source for the ten-dimensional teacher; PyTorch's p is 1 − keep.
        teacher_steps: Steps on it, which the source does not state; width 100, 30 samples, Adam 1e-3. After 200,000 the
            number of orientations still falls.
        curve_keep: KEEP probability for the target of one input.
        curve_steps: Steps on it; 50 samples, Adam 1e-3.
        curve_width: Neurons for it; the source has 1000.
    """

    seeds: Count = 3
    laws: tuple[Literal["uniform", "normal"], ...] = ("uniform",)
    teacher_keep: Keep = 0.5
    teacher_steps: Count = 600_000
    curve_keep: Keep = 0.9
    curve_steps: Count = 50_000
    curve_width: Count = 200


PRESETS = {
    "tiny": Settings(seeds=1, laws=(), teacher_steps=2_000, curve_steps=2_000, curve_width=50),
    "quick": Settings(seeds=2),
    "full": Settings(
        seeds=10, laws=("uniform", "normal"), teacher_steps=2_000_000, curve_steps=500_000, curve_width=1000
    ),
    "panel": Settings(),  # a third seed: two and a half minutes on two cores
}


def make_cases(settings: Settings, seed: int) -> list[DescentCase]:
    """Returns for every task the runs without dropout, with it, and on R + R₁.

    Args:
        settings: The settings.
        seed: The first of consecutive seeds.
    """

    def three(keep: float, first: int, **fields: Any) -> list[DescentCase]:
        drop = round(1.0 - keep, 12)
        return [
            DescentCase(seed=first + k, exponent=0.2, rate=1e-3, drop=rate, penalty=penalty, **fields)
            for rate, penalty in ((0.0, False), (drop, False), (drop, True))
            for k in range(settings.seeds)
        ]

    teacher = {"samples": 30, "width": 100, "steps": settings.teacher_steps}
    curve = {"task": "two_tanh", "samples": 50, "width": settings.curve_width, "steps": settings.curve_steps}
    return [
        *(
            case
            for law in settings.laws
            for case in three(settings.teacher_keep, seed + FRESH, task=f"teacher_{law}", **teacher)
        ),
        *three(settings.curve_keep, seed, **curve),
    ]
