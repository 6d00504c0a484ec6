"""What a table of numbers may hide: row numbers in front, and decimal commas that look like column separators."""

import re

from condenslab.errors import UserError
from condenslab.tasks.files import FilePath

_UNNAMED = re.compile(r"unnamed: ?0|", re.IGNORECASE)


class RowNumbers:
    """The first column of a table whose header leaves it without a name."""

    def __init__(self) -> None:
        """Begins before the header."""
        self._last: int | None = None
        self._kind = ""

    def begin(self, header: list[str]) -> bool:
        """Returns whether a first line is a header that leaves the first column without a name."""
        words = [cell.strip() for cell in header]
        return bool(_UNNAMED.fullmatch(words[0])) and all(words[1:]) and not any(map(_plain, words[1:]))

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


class DecimalCommas:
    """Signs that commas between columns are decimal commas: whole parts and digits in turn, all the way down."""

    def __init__(self, delimiter: str) -> None:
        """Begins before the first line."""
        self._possible, self._evidence = delimiter == ",", False

    def see(self, row: list[str]) -> None:
        """Takes a line of numbers."""
        if not self._possible:
            return
        whole, digits = row[::2], row[1::2]
        self._possible = len(whole) == len(digits) and all(map(_WHOLE.fullmatch, whole)) and all(map(_DIGITS, digits))
        padded = any(cell.strip() in ("-0", "+0") for cell in whole) or any(_PADDED(cell) for cell in digits)
        self._evidence = self._evidence or padded

    def refuse(self, path: FilePath) -> None:
        """Refuses a table that shows them throughout.

        Raises:
            UserError: As said.
        """
        if self._possible and self._evidence:
            raise UserError(
                f"{path} seems to have decimal commas between columns that commas separate: write decimal points (or, "
                "where these are whole numbers, no zeros in front)."
            )

    def hint(self, found: int, needed: int) -> str:
        """Returns what to add to the complaint about a line with another number of columns."""
        return " (numbers need decimal points, not commas)" if self._possible and found == 2 * needed else ""


_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_DIGITS = re.compile(r"\d+\s*").fullmatch
_PADDED = re.compile(r"0\d+\s*").fullmatch


def _plain(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
