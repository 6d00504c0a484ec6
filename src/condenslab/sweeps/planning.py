"""What a sweep was asked for, written when it begins, so that a folder can say what is missing."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from condenslab.memory import available_bytes
from condenslab.sweeps.batches import MEMORY, Grid
from condenslab.sweeps.files import checksum, damaged, listed, read_sealed, write_whole
from condenslab.sweeps.grid import ID_DIGITS
from condenslab.sweeps.store import Store


class Cut(msgspec.Struct, frozen=True):
    """One batch of a plan.

    Attributes:
        size: How many cases it has.
        seconds: The study's own estimate of its wall time.
        program: The short name of its compile key.
        alone: Whether its cases are computed one by one, so that only missing ones take time.
    """

    size: int
    seconds: float
    program: str
    alone: bool = False


class Planned(msgspec.Struct, frozen=True):
    """What one run or sweep was asked for; of a search, which finds its cases on its way, one round.

    Attributes:
        study: Name under which its records are stored.
        preset: Name of the preset, or "" for a sweep of one's own.
        seed: The seed.
        command: The arguments of `condenslab` that ask for it, without folder and executor.
        memory: Bytes that a batch may take, measured when it first began and kept since.
        batches: How the grid was cut then, for one worker.
        ids: The ids of its cases, batch after batch, one after the other.
        utc: When it first began.
        search: Which search it is a round of; empty for a grid.
        to_come: How many cases the search may yet ask for, at most, after this round.
    """

    study: str
    preset: str
    seed: int
    command: list[str]
    memory: int
    batches: list[Cut]
    ids: str
    utc: str
    search: str = ""
    to_come: int = 0

    def each(self) -> Iterator[tuple[Cut, list[str]]]:
        """Yields every batch with its ids."""
        ids = [self.ids[k : k + ID_DIGITS] for k in range(0, len(self.ids), ID_DIGITS)]
        first = 0
        for cut in self.batches:
            yield cut, ids[first : first + cut.size]
            first += cut.size

    @property
    def cases(self) -> int:
        """The number of cases."""
        return len(self.ids) // ID_DIGITS


def budget() -> int:
    """Returns the bytes that a batch may take here: half of what is free, as a power of two, and at most 2 GiB."""
    free = available_bytes()
    return MEMORY if free is None else min(MEMORY, 2 ** max(20, (free // 2).bit_length() - 1))


def planned(
    store: Store,
    grid: Grid,
    *,
    preset: str,
    seed: int,
    command: Sequence[str],
    search: str = "",
    to_come: int = 0,
) -> Planned:
    """Returns the plan of a request, which is written when it is new.

    Args:
        store: The store.
        grid: Its cases.
        preset: Name of the preset, or "".
        seed: The seed.
        command: The arguments of `condenslab` that ask for it.
        search: Of a round of a search: which search.
        to_come: Of a round: how many cases may be asked for after it, at most.

    Raises:
        UserError: The store cannot be read or written.
    """
    study = grid.schedule.study
    request = [study, preset, seed, list(command), *([search] if search else [])]
    key = hashlib.sha256(msgspec.json.encode(request)).hexdigest()[:16]
    for found in (plan for path, plan in _read(store) if path.name.startswith(key)):
        if {identity for _, ids in found.each() for identity in ids} == set(grid.ids):
            return found
    room = budget()
    batches = grid.batches(memory=room)
    alone = grid.schedule.alone
    cuts = [Cut(len(batch.cases), batch.seconds, batch.program, alone(batch.cases[0])) for batch in batches]
    ids = "".join(identity for batch in batches for identity in batch.ids)
    moment = datetime.now(UTC).isoformat(timespec="microseconds")
    plan = Planned(study, preset, seed, list(command), room, cuts, ids, moment, search, to_come)
    content = msgspec.json.encode(plan)
    path = store.path / "plans" / f"{key}-{checksum(content)}.json"
    with store.writing():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    return plan


def plans(store: Store) -> list[Planned]:
    """Reads the plans of a store, oldest first.

    Raises:
        UserError: One is damaged.
    """
    return sorted((plan for _, plan in _read(store)), key=lambda plan: plan.utc)


def _read(store: Store) -> Iterator[tuple[Path, Planned]]:
    for path in listed(store.path / "plans", ".json"):
        yield path, read_plan(path)


def read_plan(path: Path) -> Planned:
    """Reads a plan.

    Args:
        path: Its file.

    Raises:
        UserError: It is truncated or damaged.
    """
    try:
        return msgspec.json.decode(read_sealed(path), type=Planned)
    except msgspec.DecodeError as error:
        raise damaged(path, str(error)) from error
