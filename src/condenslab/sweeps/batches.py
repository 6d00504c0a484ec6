"""How a grid is cut into batches: cases of one program together, in parts that fit the memory and the workers."""

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from condenslab.sweeps.grid import case_id

MEMORY = 2 * 2**30
"""Bytes that the members of one batch may take together, by default. What a sweep really had is stored with its plan:
batches must be cut alike when it is resumed."""

_ROUNDS = 4
"""Batches for each of several workers, so that they end at about the same time."""


@dataclass(frozen=True)
class Batch:
    """Cases that run in one program.

    Attributes:
        cases: The cases.
        ids: Their ids.
        seconds: Expected wall time, in seconds; only its share of the whole matters here.
        bytes: Expected memory, in bytes.
        program: A short name of the compile key, equal for batches that share one.
    """

    cases: list[Any]
    ids: list[str]
    seconds: float
    bytes: int
    program: str = ""

    def missing(self, known: Mapping[str, Any]) -> list[str]:
        """Returns the ids that have no record or a failed one.

        Args:
            known: Records, or their statuses, by id.
        """
        return [i for i in self.ids if i not in known or getattr(known[i], "status", known[i]) == "failed"]

    def part(self, numbers: Sequence[int]) -> "Batch":
        """Returns some of its cases as a batch.

        Args:
            numbers: Which, counted from 0.
        """
        share = len(numbers) / len(self.cases)
        cases, ids = [self.cases[k] for k in numbers], [self.ids[k] for k in numbers]
        return Batch(cases, ids, share * self.seconds, int(share * self.bytes), self.program)


@dataclass(frozen=True)
class Schedule:
    """How the cases of one study are batched.

    Attributes:
        study: Name of the study.
        revision: Revision of the study.
        precision: `"float32"` or `"float64"`.
        compile_key: Cases with equal keys share one compiled program.
        bytes_per_member: Memory that one case takes, in bytes.
        seconds_per_member: Rough wall time of one case, in seconds.
        memory: Bytes that one batch may take; a case that needs more runs alone.
        most: Cases that one batch may have, or None.
        alone: Whether a case is computed by itself, so that of its batch only what is missing runs.
    """

    study: str
    revision: int
    precision: str
    compile_key: Callable[[Any], Hashable]
    bytes_per_member: Callable[[Any], int]
    seconds_per_member: Callable[[Any], float] = lambda _: 1.0
    memory: int = MEMORY
    most: int | None = None
    alone: Callable[[Any], bool] = lambda _: False

    def batches(self, cases: Sequence[Any], *, workers: int = 1) -> list[Batch]:
        """Cuts the whole grid into batches; see `Grid.batches`.

        Args:
            cases: The cases, frozen dataclasses; one that is repeated runs once.
            workers: How many there are.
        """
        return Grid(self, cases).batches(workers=workers)

    def id(self, case: Any) -> str:
        """Returns the id of a case."""
        return case_id(self.study, self.revision, case, self.precision)


class Grid:
    """Cases with their ids, which are computed once."""

    def __init__(self, schedule: Schedule, cases: Sequence[Any]):
        """Computes the ids.

        Args:
            schedule: How the cases are batched.
            cases: The cases, frozen dataclasses; one that is repeated runs once.
        """
        self.schedule = schedule
        self.ids = [schedule.id(case) for case in cases]
        self.cases = dict(zip(self.ids, cases, strict=True))

    def batches(self, *, workers: int = 1, memory: int | None = None) -> list[Batch]:
        """Cuts the whole grid into batches.

        What is stored already does not matter, so that a resumed run executes the same programs. For several workers
        a batch takes at most a quarter of a worker's share of the time.

        Args:
            workers: How many there are.
            memory: Bytes that one batch may take; those of the schedule by default.

        Returns:
            The batches; compile keys in the order of their first case, cases in their order.
        """
        schedule, cases = self.schedule, self.cases
        groups: dict[Hashable, list[str]] = {}
        for identity, case in cases.items():
            groups.setdefault(schedule.compile_key(case), []).append(identity)
        seconds = {identity: schedule.seconds_per_member(case) for identity, case in cases.items()}
        sizes = {identity: schedule.bytes_per_member(case) for identity, case in cases.items()}
        longest = sum(seconds.values()) / (_ROUNDS * workers) if workers > 1 else float("inf")
        found = []
        for key, ids in groups.items():
            program = hashlib.sha256(repr(key).encode()).hexdigest()[:12]
            room = schedule.memory if memory is None else memory
            for chunk in chunks(ids, [sizes[i] for i in ids], room, [seconds[i] for i in ids], longest, schedule.most):
                time, size = sum(seconds[i] for i in chunk), sum(sizes[i] for i in chunk)
                found.append(Batch([cases[i] for i in chunk], chunk, time, size, program))
        return found

    def pending(
        self, known: Mapping[str, Any], *, workers: int = 1, memory: int | None = None
    ) -> list[tuple[Batch, list[str]]]:
        """Returns what must run, each batch with the ids that are wanted of it.

        A batch whose cases share a program runs as a whole; of cases that are computed alone what is missing runs.

        Args:
            known: Records, or their statuses, by id.
            workers: As in `batches`.
            memory: As there.
        """
        found = []
        for batch in self.batches(workers=workers, memory=memory):
            missing = batch.missing(known)
            if missing and len(missing) < len(batch.ids) and self.schedule.alone(batch.cases[0]):
                wanted = set(missing)
                batch = batch.part([number for number, identity in enumerate(batch.ids) if identity in wanted])
            if missing:
                found.append((batch, missing))
        return found


def chunks(
    ids: list[str],
    sizes: Sequence[int],
    memory: int,
    seconds: Sequence[float] | None = None,
    longest: float = float("inf"),
    most: int | None = None,
) -> list[list[str]]:
    """Cuts a list so that neither size nor time of a part exceeds its bound, with at least one entry a part.

    Args:
        ids: What is cut.
        sizes: Bytes of each.
        memory: Bytes that a part may take.
        seconds: Seconds of each; none where they do not matter.
        longest: Seconds that a part may take.
        most: Entries that a part may have, or None.
    """
    found: list[list[str]] = []
    room, left = 0, 0.0
    for identity, size, time in zip(ids, sizes, seconds or [0.0] * len(ids), strict=True):
        if not found or size > room or time > left * (1 + 1e-9) or len(found[-1]) == most:
            found.append([])
            room, left = memory, longest
        found[-1].append(identity)
        room -= size
        left -= time
    return found
