"""The contract of a study: a value with a question, settings, parts that compute, statements, and pictures."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from condenslab.studies.contract.claims import Claim
from condenslab.studies.contract.evidence import gather
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Statement, decide
from condenslab.sweeps import Outcome, Progress, Record, case_id, described
from condenslab.tasks import Table

Theme = Literal["condensation", "landscape", "generalization"]


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


@dataclass(frozen=True, kw_only=True)
class Study:
    """A question that computations can answer.

    It is data: which cases there are, one part a kind of case, and statements, from which everything else follows. Its
    module imports no JAX, so that `condenslab list` is quick: parts name their compute functions.

    Attributes:
        name: Its name on the command line.
        revision: Raised when the same case would give other numbers; records of the old revision are then kept, not
            used.
        question: What it asks, one sentence.
        source: Where the question comes from: deck and slide, or paper and figure.
        part: Which part of the theory it belongs to.
        deck: Number of the lecture deck it belongs to, such as "000".
        presets: Settings by the names `tiny`, `quick` and `full`: instances of one frozen dataclass, whose fields
            `--set` can change. A bound is part of a field's type: `Annotated[int, msgspec.Meta(ge=1)]`.
        make_cases: Returns the cases, frozen dataclasses (see `condenslab.sweeps.canonical`), from (settings, seed), or
            from (settings, seed, data) where the study accepts data; a case carries every seed that it uses, and one on
            the user's own table its digest.
        parts: One a kind of case.
        statements: Returns what is claimed with these settings.
        figures: Its drawing function as "module:function", called with the records; it computes nothing.
        precision: In which it computes.
        accepts_data: Whether it can run on the user's own table.
        own_table: Name of the study that answers for such a table in its place; empty for itself.
        answer: Its function (records, table, folder) → lines as "module:function", which tells what was found before
            the claims, and writes what goes with it into the folder; empty for none.
    """

    name: str
    revision: int
    question: str
    source: str
    part: Theme
    deck: str
    presets: Mapping[str, Any]
    make_cases: Callable[..., Sequence[Any]]
    parts: tuple[Part, ...]
    statements: Callable[[Any], Sequence[Statement]]
    figures: str
    precision: Literal["float32", "float64"] = "float64"
    accepts_data: bool = False
    own_table: str = ""
    answer: str = ""

    @property
    def claim_statements(self) -> tuple[str, ...]:
        """What it claims, one sentence each, before anything is measured."""
        every = [statement.text for preset in self.presets.values() for statement in self.statements(preset)]
        return tuple(dict.fromkeys(every))

    def cases(self, settings: Any, *, seed: int, data: Table | None = None) -> Sequence[Any]:
        """Returns the cases to compute.

        Args:
            settings: An instance of the settings dataclass.
            seed: The seed of the run.
            data: The user's own table, or None for the study's own task.
        """
        return self.make_cases(settings, seed, data) if self.accepts_data else self.make_cases(settings, seed)

    def part_of(self, case: Any) -> Part:
        """Returns the part that computes a case.

        Raises:
            TypeError: There is none: a mistake in the study.
        """
        for part in self.parts:
            if part.takes(case):
                return part
        raise TypeError(f"no part of the study {self.name!r} takes a {type(case).__name__}: {case}")

    def compile_key(self, case: Any) -> Hashable:
        """Returns what decides the compiled program: cases with equal keys run in one batch."""
        return self.part_of(case).key(case)

    def bytes_per_member(self, case: Any) -> int:
        """Returns the memory that one case takes in a batch, in bytes."""
        return self.part_of(case).bytes(case)

    def seconds_per_member(self, case: Any) -> float:
        """Returns roughly the wall time of one case, in seconds on two cores."""
        return self.part_of(case).seconds(case)

    def alone(self, case: Any) -> bool:
        """Returns whether a case is computed by itself, whatever else is in its batch."""
        return not self.part_of(case).together

    def run_batch(
        self, cases: Sequence[Any], *, data: Table | None = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Computes a batch of cases that share a compile key; one outcome a case, in their order.

        Args:
            cases: The cases.
            data: The user's own table, or None.
            progress: Called with the finished fraction of the batch, in [0, 1], and a few words.
        """
        return self.part_of(cases[0]).outcomes(cases, data, progress)

    def id(self, case: Any) -> str:
        """Returns the content id of a case, under which its record is stored."""
        return case_id(self.name, self.revision, case, self.precision)

    def claims(
        self, records: Sequence[Record], settings: Any, *, cases: Sequence[Any], known_target: bool = True
    ) -> list[Claim]:
        """Returns the claim of every statement, whatever records there are.

        Args:
            records: Any records; what rests on a case without a finished one is undecided.
            settings: An instance of the settings dataclass.
            cases: The cases that were asked for.
            known_target: False on the user's own data: statements that need a known target are left out.
        """
        unique = {self.id(case): case for case in cases}
        evidence = gather(list(unique), [described(case) for case in unique.values()], records)
        found = decide(self.statements(settings), evidence, known_target=known_target)
        return [replace(c, part=c.part or self.part, deck=c.deck or self.deck) for c in found]

    def tell(self, records: Sequence[Record], data: Table | None, folder: str | Path | None) -> list[str]:
        """Returns the answer of a run in lines; none where the study has claims only.

        Args:
            records: The records of the run.
            data: The user's own table, or None.
            folder: Where what goes with the answer is written, or None.
        """
        if not self.answer:
            return []
        module, _, name = self.answer.partition(":")
        return getattr(import_module(module), name)(records, data, folder)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Returns the figures of the records: from what is stored, computing nothing.

        Args:
            records: The records, unfinished ones included.
        """
        module, _, name = self.figures.partition(":")
        return getattr(import_module(module), name)(records)
