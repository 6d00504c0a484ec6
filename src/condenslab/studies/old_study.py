"""The contract of a study: a question, its cases, how to run a batch of them, and the claims they decide."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from condenslab.studies.contract.claims import Claim, wilson
from condenslab.sweeps import Outcome, Progress, Record
from condenslab.tasks import Table

__all__ = ["Claim", "Drawing", "Outcome", "Study", "wilson"]


@dataclass(frozen=True)
class Drawing:
    """A figure of a study.

    Attributes:
        title: A few words.
        caption: What is drawn, on which axes, and what to see in it.
        figure: A matplotlib `Figure`, or a plotly `Figure` for something worth interacting with.
    """

    title: str
    caption: str
    figure: Any


class Study(ABC):
    """A question that computations can answer.

    A study is stateless; its module imports no JAX, so that `condenslab list` is quick: `run_batch` does, inside.

    Attributes:
        name: Its name on the command line.
        revision: Raised when the same case would give other numbers; records of the old revision are then kept, not
            used.
        question: What it asks, one sentence.
        source: Where the question comes from: deck and slide, or paper and figure.
        claim_statements: What it claims, one sentence each, before anything is measured.
        presets: Settings by the names `tiny`, `quick` and `full`: instances of one frozen dataclass, whose fields
            `--set` can change. A bound is part of a field's type: `Annotated[int, msgspec.Meta(ge=1)]`.
        precision: In which it computes, `"float64"` or `"float32"`.
        accepts_data: Whether it can run on the user's own table.
    """

    name: ClassVar[str]
    revision: ClassVar[int]
    question: ClassVar[str]
    source: ClassVar[str]
    claim_statements: ClassVar[tuple[str, ...]]
    presets: ClassVar[Mapping[str, Any]]
    precision: ClassVar[str] = "float64"
    accepts_data: ClassVar[bool] = False

    @abstractmethod
    def cases(self, settings: Any, *, seed: int, data: Table | None) -> Sequence[Any]:
        """Returns the cases to compute, frozen dataclasses (see `condenslab.sweeps.canonical`).

        Args:
            settings: An instance of the settings dataclass.
            seed: The seed of the run; a case carries every seed that it uses.
            data: The user's own table, or None for the study's own task. Cases on it carry its digest.
        """

    @abstractmethod
    def compile_key(self, case: Any) -> Hashable:
        """Returns what decides the compiled program: cases with equal keys run in one batch."""

    @abstractmethod
    def bytes_per_member(self, case: Any) -> int:
        """Returns the memory that one case takes in a batch, in bytes."""

    @abstractmethod
    def seconds_per_member(self, case: Any) -> float:
        """Returns roughly the wall time of one case, in seconds on two cores."""

    @abstractmethod
    def run_batch(
        self, cases: Sequence[Any], *, data: Table | None = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Computes a batch of cases that share a compile key.

        A case that diverges is an outcome with a sentence, not an exception.

        Args:
            cases: The cases.
            data: The user's own table, or None.
            progress: Called with the finished fraction of the batch, in [0, 1], and a few words.

        Returns:
            One outcome a case, in their order.
        """

    @abstractmethod
    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims, from the records alone.

        Args:
            records: One record a case, in the order of `cases`. Any may be `diverged` or `failed`: what rests on it is
                undecided.
            settings: An instance of the settings dataclass.
            known_target: False on the user's own data: claims that need a known target are left out.
        """

    @abstractmethod
    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws the records: from what is stored, computing nothing."""
