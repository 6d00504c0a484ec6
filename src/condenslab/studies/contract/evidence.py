"""The records of a run as claims read them: none that was asked for can be lost."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from condenslab.studies.contract.criteria import Share, Value
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

    def __len__(self) -> int:
        return len(self._asked)

    @property
    def read(self) -> tuple[Asked, ...]:
        """The cases that were looked at, in that order."""
        return tuple(self._read.values())

    def afresh(self) -> "Evidence":
        """Returns the same evidence, of which nothing has been read."""
        return Evidence(self._asked)

    def where(self, kind: type | None = None, **chosen: Any) -> "Evidence":
        """Returns the part in which fields of the case have these values, whatever became of the cases.

        Args:
            kind: Class of the case; any by default.
            **chosen: Field = value, or a tuple of values of which any will do. A case without the field does not fit.
        """

        def fits(case: Mapping[str, Any]) -> bool:
            right = kind is None or case.get("@type") == kind.__name__
            return right and all(_fits(case, field, value) for field, value in chosen.items())

        return Evidence((asked for asked in self._asked if fits(asked.case)), self._read)

    def by(self, *fields: str) -> dict[Any, "Evidence"]:
        """Returns the evidence by the value of a field, increasing, or by the tuple of values of several.

        Args:
            *fields: Names of fields; cases without them are in no part.
        """
        parts: dict[Any, list[Asked]] = {}
        for asked in self._asked:
            if all(field in asked.case for field in fields):
                values = tuple(asked.case[field] for field in fields)
                parts.setdefault(values[0] if len(fields) == 1 else values, []).append(asked)
        return {value: Evidence(parts[value], self._read) for value in sorted(parts)}

    def fields(self, name: str) -> list[Any]:
        """Returns the values of a field of the cases, increasing, each once.

        Args:
            name: Of the field.
        """
        return sorted({asked.case[name] for asked in self._asked if name in asked.case})

    def each(self, value: Callable[[Record], Any]) -> list[Any]:
        """Returns value(record) for every case, and None for one that has no finished record.

        Args:
            value: A function of a finished record.
        """
        self._look()
        return [value(a.record) if a.record is not None and a.status == "done" else None for a in self._asked]

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

        A case that diverged has answered, and has not succeeded; one that failed or is missing is unknown, and so is
        one of which the function says None.

        Args:
            succeeds: Whether a finished record is a success.
        """
        self._look()
        if not self._asked:
            return None
        found = [False if a.status == "diverged" else _known(a, succeeds) for a in self._asked]
        return Share(sum(f is True for f in found), sum(f is None for f in found), len(found))

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


def _fits(case: Mapping[str, Any], field: str, wanted: Any) -> bool:
    if field not in case:
        return False
    return case[field] in wanted if isinstance(wanted, tuple) else case[field] == wanted


def _known(asked: Asked, succeeds: Callable[[Record], Value]) -> bool | None:
    if asked.record is None or asked.status != "done":
        return None
    found = succeeds(asked.record)
    return None if found is None else bool(found)
