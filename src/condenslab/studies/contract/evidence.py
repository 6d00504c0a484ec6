"""The records of a run as claims read them: none that was asked for can be lost."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from condenslab.studies.contract.criteria import Share
from condenslab.studies.contract.endings import CUT_OFF
from condenslab.sweeps import Record


@dataclass(frozen=True)
class Asked:
    """A case that was asked for, and what became of it.

    Attributes:
        id: Its id.
        case: Its fields by name, and the name of its class as "@type".
        record: Its record, or None where there is none.
    """

    id: str
    case: Mapping[str, Any]
    record: Record | None

    @property
    def status(self) -> str:
        """`done`, `diverged`, `failed` or `missing`."""
        return "missing" if self.record is None else self.record.status

    @property
    def has_diverged(self) -> bool:
        """Whether it left the finite numbers, which is an answer; a run that was cut off has not answered."""
        diverged = self.record is not None and self.record.status == "diverged"
        return diverged and self.record.values.get("stop") not in CUT_OFF  # pyright: ignore[reportOptionalMemberAccess]


class Evidence:
    """The cases of a run with their records.

    A claim reads it by `each`, `per` and `share` alone. They hand finished records to a function, and put None, or an
    unknown share, wherever a case that was asked for has no finished one: so no statement rests on survivors only.
    Which cases were looked at is remembered: `read` are those that a claim rests on.
    """

    def __init__(self, asked: Iterable[Asked], read: dict[str, Asked] | None = None) -> None:
        """Takes the cases of a run; parts of the evidence share the memory of what was read."""
        self._asked = tuple(asked)
        self._read: dict[str, Asked] = {} if read is None else read
        self._places: dict[str, dict[Any, list[Asked]]] = {}

    def __len__(self) -> int:
        return len(self._asked)

    @property
    def read(self) -> tuple[Asked, ...]:
        """The cases that were looked at, in that order."""
        return tuple(self._read.values())

    def afresh(self) -> "Evidence":
        """Returns the same evidence, of which nothing has been read."""
        same = Evidence(self._asked)
        same._places = self._places
        return same

    def where(self, case_class: type | None = None, /, **chosen: Any) -> "Evidence":
        """Returns the part in which fields of the case have these values, whatever became of the cases.

        Args:
            case_class: Class of the case; any by default.
            **chosen: Field = value, a tuple of values of which any will do, or a function that says whether a value
                fits. A case without the field does not fit.
        """

        def fits(case: Mapping[str, Any]) -> bool:
            right = case_class is None or case.get("@type") == case_class.__name__
            return right and all(_fits(case, field, value) for field, value in chosen.items())

        return Evidence((asked for asked in self._candidates(chosen) if fits(asked.case)), self._read)

    def _candidates(self, chosen: Mapping[str, Any]) -> Sequence[Asked]:
        """The cases among which to look: of the fields that must have one value, the rarest value's, in their order."""
        found: list[Sequence[Asked]] = [self._asked]
        for field, value in chosen.items():
            if isinstance(value, str | int | float):
                if field not in self._places:
                    self._places[field] = self._by_value(field)
                found.append(self._places[field].get(value, ()))
        return min(found, key=len)

    def _by_value(self, field: str) -> dict[Any, list[Asked]]:
        places: dict[Any, list[Asked]] = {}
        for asked in self._asked:
            if isinstance(asked.case.get(field), str | int | float):
                places.setdefault(asked.case[field], []).append(asked)
        return places

    def by(self, *fields: str) -> dict[Any, "Evidence"]:
        """Returns the evidence by the value of a field, increasing, or by the tuple of values of several.

        Args:
            *fields: Names of fields; cases without them are in no part.
        """
        parts: dict[Any, list[Asked]] = {}
        for asked in self._asked:
            if all(field in asked.case for field in fields):
                values = tuple(_hashable(asked.case[field]) for field in fields)
                parts.setdefault(values[0] if len(fields) == 1 else values, []).append(asked)
        return {value: Evidence(parts[value], self._read) for value in sorted(parts)}

    def fields(self, name: str) -> list[Any]:
        """Returns the values of a field of the cases, increasing, each once.

        Args:
            name: Of the field.
        """
        return sorted({_hashable(asked.case[name]) for asked in self._asked if name in asked.case})

    def each(self, value: Callable[[Record], Any], *, diverged: Any = None) -> list[Any]:
        """Returns value(record) for every case, and None for one that has no finished record.

        Args:
            value: A function of a finished record.
            diverged: The value of a case that left the finite numbers, such as an infinite error.
        """
        self._look()
        return [
            value(asked.record)
            if asked.record is not None and asked.status == "done"
            else diverged
            if asked.has_diverged
            else None
            for asked in self._asked
        ]

    def all(self, value: Callable[[list[Record]], Any]) -> Any:
        """Returns value(records) where every case has a finished record, and there is a case; else None.

        Args:
            value: A function of all the records, in the order of the cases.
        """
        self._look()
        records = [asked.record for asked in self._asked if asked.record is not None and asked.status == "done"]
        return value(records) if records and len(records) == len(self._asked) else None

    def per(self, field: str, value: Callable[[list[Record]], Any]) -> list[Any]:
        """Returns, for every value of a field, value(records) of its cases, or None where one is not finished.

        Args:
            field: Mostly "seed".
            value: A function of all the finished records of one value.
        """
        return [part.all(value) for part in self.by(field).values()]

    def share(self, succeeds: Callable[[Record], bool | None]) -> Share | None:
        """Returns which share of the cases succeeds; None without cases.

        A case that left the finite numbers has answered, and has not succeeded. One that failed, is missing, or was cut
        off (its steps exhausted, its time over) is unknown, and so is one of which the function says None.

        Args:
            succeeds: Whether a finished record is a success.
        """
        return self._tally(succeeds, len(self._asked))

    def count(self, succeeds: Callable[[Record], bool | None]) -> Share | None:
        """Returns how many of the cases succeed; see `share`.

        Args:
            succeeds: Whether a finished record is a success.
        """
        return self._tally(succeeds, 1)

    def _tally(self, succeeds: Callable[[Record], bool | None], total: int) -> Share | None:
        self._look()
        found = [_succeeded(asked, succeeds) for asked in self._asked]
        return Share(sum(f is True for f in found), sum(f is None for f in found), total) if found else None

    def _look(self) -> None:
        self._read.update((asked.id, asked) for asked in self._asked)


def gather(identities: Sequence[str], cases: Sequence[Mapping[str, Any]], records: Iterable[Record]) -> Evidence:
    """Returns the evidence of the cases that were asked for, whatever records there are.

    Args:
        identities: Ids of the cases.
        cases: Their fields by name; see `condenslab.sweeps.described`.
        records: Any records; those of other cases are left aside.
    """
    known = {record.id: record for record in records}
    return Evidence(Asked(i, case, known.get(i)) for i, case in zip(identities, cases, strict=True))


def of_records(records: Iterable[Record]) -> Evidence:
    """Returns records as evidence of their own cases: what drawings share with claims.

    Args:
        records: Any records.
    """
    return Evidence(Asked(record.id, record.case, record) for record in records)


def _fits(case: Mapping[str, Any], field: str, wanted: Any) -> bool:
    if field not in case:
        return False
    if callable(wanted):
        return bool(wanted(case[field]))
    return case[field] in wanted if isinstance(wanted, tuple) else case[field] == wanted


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, list | tuple) else value


def _succeeded(asked: Asked, succeeds: Callable[[Record], bool | None]) -> bool | None:
    if asked.has_diverged:
        return False
    if asked.record is None or asked.status != "done":
        return None
    success = succeeds(asked.record)
    return None if success is None else bool(success)
