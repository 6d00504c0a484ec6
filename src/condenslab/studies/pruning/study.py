"""The pruning study itself: settings, cases and claims; imports no JAX."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec

from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.studies.seeds import over_seeds
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

Count = Annotated[int, msgspec.Meta(ge=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Fraction = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Moment = Literal["plateau", "published"]

MOMENTS: dict[Moment, str] = {
    "plateau": "on the flattest stretch of its loss",
    "published": "at the published epoch",
}
"""When the network is merged; the source merges at a plateau, which its figure has at about epoch 5,000."""
SHARE = 58 / 400
"""Neurons that the source keeps."""
AGREEMENT = 0.985
"""Held-out images on which its merged network predicts the same class."""
TRAVEL = 5000 * 3e-5
"""Published epoch × learning rate: how far Adam moves a weight until then; other rates reach it at another epoch."""
READ_OFF = 0.1
"""Precision of losses read off the source's figure: "the same loss" is the same to a tenth."""

STATEMENTS = (
    "merging by the source's rule leaves at most 58 of 400 neurons",
    "the merged network predicts the same class on at least 98.5 % of held-out digits",
    "the merged network, trained on, stagnates at the same loss",
)
_SOURCE = "EP21 (Zhang et al., NeurIPS 2021), Fig. 5 and Appendix B"


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
        seeds: Networks (and draws of the training images).
    """

    width: Count = 200
    images: Count = 500
    rate: Positive = 1e-4
    epochs: Count = 1500
    retrain: Count = 500
    similarity: Fraction = 0.9
    amplitude_filter: Fraction = 0.01
    seeds: Count = 3


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


class Pruning(Study):
    """A wide ReLU network on real digits, reduced by merging what has condensed."""

    name: ClassVar[str] = "pruning"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "How few neurons does a network need that rests on a plateau of its loss?"
    source: ClassVar[str] = "EP21 Fig. 5; deck 000 (reduction of a trained network)"
    claim_statements: ClassVar[tuple[str, ...]] = STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(width=40, images=100, rate=1e-3, epochs=150, retrain=30, seeds=1),
        "quick": Settings(),
        "full": Settings(width=400, images=1000, rate=3e-5, epochs=100_000, retrain=5000),
    }
    precision: ClassVar[str] = "float32"

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[Case]:
        """Returns one case a seed."""
        return [
            Case(
                settings.width,
                settings.images,
                settings.rate,
                settings.epochs,
                settings.retrain,
                settings.similarity,
                settings.amplitude_filter,
                seed + number,
            )
            for number in range(settings.seeds)
        ]

    def compile_key(self, case: Case) -> Hashable:
        """Returns everything but the seed."""
        return (case.width, case.images, case.rate, case.epochs, case.retrain, case.similarity, case.amplitude_filter)

    def bytes_per_member(self, case: Case) -> int:
        """Returns the size of the recorded parameters."""
        return 4 * 800 * case.width * 70 + 4 * 784 * 5000

    def seconds_per_member(self, case: Case) -> float:
        """Returns the time of three matrix products a step, measured on one core."""
        return 4.0 + 4.5e-8 * case.width * case.images * (case.epochs + 2 * SHARE * case.retrain)

    def run_batch(
        self, cases: Sequence[Case], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Trains, merges and trains on, one case after the other."""
        from condenslab.studies.pruning.runs import run

        return [run(case, number, len(cases), progress) for number, case in enumerate(cases)]

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims, once on the flattest stretch and once at the published epoch."""
        return [claim for moment in MOMENTS for claim in _decide(records, moment)]

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws losses, and neurons and agreement along the training."""
        from condenslab.studies.pruning import draw

        return draw.drawings(records)


def _decide(records: Sequence[Record], moment: Moment) -> list[Claim]:
    found = [r.values if r.status == "done" and r.values.get(f"{moment}_step") is not None else None for r in records]
    shares = [None if v is None else v[f"{moment}_neurons"] / v["width"] for v in found]
    agreements = [None if v is None else v[f"{moment}_agreement"] for v in found]
    ratios = [None if v is None else v[f"{moment}_retrained"] / v[f"{moment}_risk"] for v in found]
    counts = ", ".join(f"{v['width']} to {v[f'{moment}_neurons']}" for v in found if v is not None) or "none"
    when = f"merged {MOMENTS[moment]}"
    few = over_seeds(f"{STATEMENTS[0]} ({when}; {counts})", [s is not None and s <= SHARE for s in shares])
    right = ", ".join(f"{100 * v[f'{moment}_accuracy']:.1f} %" for v in found if v is not None) or "unknown"
    same = over_seeds(
        f"{STATEMENTS[1]} ({when}, when the whole network is right on {right})",
        [a is not None and a >= AGREEMENT for a in agreements],
    )
    stays = [ratio is not None and abs(ratio - 1) <= READ_OFF for ratio in ratios]
    rests = over_seeds(f"{STATEMENTS[2]} ({when}; final loss over the loss before merging)", stays)
    return [
        Claim.at_most(few, _SOURCE, bound=SHARE, measured=shares or None),
        Claim.at_least(same, _SOURCE, bound=AGREEMENT, measured=agreements or None),
        Claim.within(rests, f"{_SOURCE}; ±10 % is ours", expected=1.0, measured=ratios or None, tolerance=READ_OFF),
    ]


STUDY = Pruning()
