"""What a table of numbers may hide: row numbers, numbers of columns, and decimal commas that look like separators."""

import re

from condenslab.errors import UserError
from condenslab.tasks.files import FilePath

_UNNAMED = re.compile(r"unnamed: ?0|", re.IGNORECASE)
_COUNTS = re.compile(
    r"#|n[ro]\.?|numbers?|index|idx|(sample|case|record|obs|observation|row|line|entry|item)?s?[ _.-]*"
    r"(id|n[ro]\.?|num|number|name|index)|row|rownames|obs\.?|observation|record|case|line",
    re.IGNORECASE,
)
"""Names that people give to a column of row numbers, and seldom to an input."""


class RowNumbers:
    """The first column of a table whose header leaves it without a name."""

    def __init__(self) -> None:
        """Begins before the header."""
        self._last: int | None = None
        self._kind = ""

    def begin(self, path: FilePath, line: int, header: list[str]) -> bool:
        """Returns whether a first line is a header that leaves the first column without a name.

        Raises:
            UserError: It leaves other columns without one.
        """
        words = [cell.strip() for cell in header]
        if any(map(_plain, words)):
            return False
        nameless = next((k for k, word in enumerate(words[1:], 2) if not word), None)
        if nameless:
            raise UserError(
                f"{path}, line {line}: column {nameless} has no name: name it if it is an input, or remove it."
            )
        return bool(_UNNAMED.fullmatch(words[0]))

    def see(self, path: FilePath, line: int, cell: str) -> None:
        """Takes a cell of the column; refuses what is neither a row number nor a row name.

        Raises:
            UserError: A number that does not follow the one before: then the column may well be an input.
        """
        number = int(cell) if re.fullmatch(r"\s*\d{1,15}\s*", cell) else None
        kind = "number" if number is not None else "value" if _plain(cell) else "name"
        follows = number is None or self._last is None or number == self._last + 1
        begins = number is None or self._kind or number in (0, 1)
        if kind == "value" or (self._kind and kind != self._kind) or not follows or not begins:
            raise UserError(
                f"{path}, line {line}: column 1 has no name and {cell.strip()[:40]!r} is no row number that follows: "
                "give the column a name if it is an input, or remove it."
            )
        self._last, self._kind = number, kind


class Doubts:
    """What else a table could be than it seems, until its lines say that it is not."""

    def __init__(self, delimiter: str, first: list[str], line: int) -> None:
        """Begins with the first line.

        Args:
            delimiter: Between the columns.
            first: Its cells, of a header or of a sample.
            line: Its number.
        """
        named = not any(map(_plain, first))
        self._commas = _DecimalCommas(delimiter, named)
        self._open: list[_CountedRows | _CountedColumns | _DecimalCommas] = [self._commas]
        if named and _COUNTS.fullmatch(first[0].strip()):
            self._open.append(_CountedRows(first[0].strip()))
        if [cell.strip() for cell in first] == [str(number) for number in range(len(first))]:
            self._open.append(_CountedColumns(line))

    def see(self, row: list[str]) -> None:
        """Takes a line of numbers."""
        if self._open:
            self._open = [doubt for doubt in self._open if doubt.see(row)]

    def refuse(self, path: FilePath) -> None:
        """Refuses a table of which a doubt is left.

        Raises:
            UserError: As said.
        """
        for reason in (doubt.reason() for doubt in self._open):
            if reason:
                raise UserError(f"{path}{reason}.")

    def hint(self, found: int, needed: int) -> str:
        """Returns what to add to the complaint about a line with another number of columns."""
        doubted = self._commas in self._open and found == 2 * needed
        return " (numbers need decimal points, not commas)" if doubted else ""


class _CountedRows:
    """A first column whose name says that it counts the rows: an input only if its numbers do something else."""

    def __init__(self, name: str) -> None:
        self._name, self._last = name, -1.0

    def see(self, row: list[str]) -> bool:
        number = float(row[0]) if _plain(row[0]) else -1.0
        follows = number == self._last + 1 or (self._last == -1 and number == 1)
        self._last = number
        return follows

    def reason(self) -> str:
        if self._last < 1:
            return ""
        return (
            f": column 1, {self._name!r}, counts the rows and would be an input: remove the column or its name (it is "
            "then left out), or give it another name if it is an input"
        )


class _CountedColumns:
    """A first line 0, 1, 2 … which may count the columns, as pandas writes it where they have no names."""

    def __init__(self, line: int) -> None:
        self._line, self._rows = line, 0

    def see(self, row: list[str]) -> bool:
        self._rows += 1
        return self._rows == 1 or not any(map(_WHOLE.fullmatch, row))

    def reason(self) -> str:
        if self._rows < 2:
            return ""
        return (
            f", line {self._line} may be a sample or count the columns, as pandas does: give the columns names, or "
            "write the sample with decimal points as all others"
        )


class _DecimalCommas:
    """Signs that commas between columns are decimal commas: whole parts and digits in turn, all the way down."""

    def __init__(self, delimiter: str, named: bool) -> None:
        self._delimiter, self._named = delimiter, named
        self._sure = self._likely = False

    def see(self, row: list[str]) -> bool:
        whole, digits = row[::2], row[1::2]
        if self._delimiter != "," or len(whole) != len(digits):
            return False
        padded = any(cell.strip() in ("-0", "+0") for cell in whole) or any(_PADDED(cell) for cell in digits)
        self._sure = self._sure or padded
        self._likely = self._likely or (len(digits) > 1 and any(len(cell.strip()) > 1 for cell in digits))
        return all(map(_WHOLE.fullmatch, whole)) and all(map(_DIGITS, digits))

    def reason(self) -> str:
        if self._sure:
            return (
                " seems to have decimal commas between columns that commas separate: write decimal points (or, where "
                "these are whole numbers, no zeros in front)"
            )
        if self._likely and not self._named:
            return (
                " has no names of columns and only whole numbers between its commas, some of which may be decimal "
                "commas: write decimal points, or a first line with the names of the columns"
            )
        return ""


_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_DIGITS = re.compile(r"\d+\s*").fullmatch
_PADDED = re.compile(r"0\d+\s*").fullmatch


def _plain(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
