"""The user's own samples from a text file: columns of numbers, the last one y and the others x."""

import csv
import hashlib
import io
import os
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from condenslab.errors import UserError
from condenslab.tasks.arrays import matrix

_DELIMITERS = (";", "\t", ",")


@dataclass(frozen=True, eq=False)
class Table:
    """Samples read from a file, in the order of its lines; the arrays are read-only float64 copies.

    Attributes:
        inputs: x, shape (sample, input).
        targets: y, shape (sample, 1).
        name: The file's name.
        digest: SHA-256 of the numbers and their shape, as hexadecimal digits: equal for equal numbers, however written.

    Raises:
        ValueError: An array is not a finite matrix or has no samples, or targets is not one column of as many rows.
    """

    inputs: np.ndarray
    targets: np.ndarray
    name: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        x, y = matrix("inputs", self.inputs), matrix("targets", self.targets, "(sample, 1)")
        if y.shape != (len(x), 1):
            raise ValueError(f"targets must have shape ({len(x)}, 1), one row a sample. Got shape {y.shape}.")
        numbers = np.ascontiguousarray(np.hstack([x, y]) + 0.0, dtype="<f8")  # + 0.0 makes −0 and 0 the same number
        digest = hashlib.sha256(repr(numbers.shape).encode() + numbers.tobytes()).hexdigest()
        for name, value in (("inputs", x), ("targets", y), ("digest", digest)):
            object.__setattr__(self, name, value)


def read_table(path: str | os.PathLike[str]) -> Table:
    """Reads samples (x, y) from a text file.

    One line a sample, the last column is y, the others are x. Columns are separated by commas, semicolons or tabs; a
    first line without numbers is a header; blank lines and lines that begin with # are skipped. UTF-8, BOM or not.

    Args:
        path: The file.

    Raises:
        UserError: The file cannot be read, is not such a table, or has no samples; in one sentence that names the file,
            the line and what to do.
    """
    columns, values, lines = _read_numbers(path, _decode(path))
    if not values:
        raise UserError(f"{path} has no samples: write one line for each, x first and y last.")
    numbers = np.frombuffer(values).reshape(-1, columns)
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        row, column = (int(index) for index in bad[0])
        raise UserError(
            f"{path}, line {lines[row]}: column {column + 1} is {numbers[row, column]}, but every value must be a "
            "finite number: correct or remove the line."
        )
    return Table(numbers[:, :-1], numbers[:, -1:], Path(path).name)


def _decode(path: str | os.PathLike[str]) -> str:
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise UserError(f"there is no file {path}: check the name and the folder.") from None
    except IsADirectoryError:
        raise UserError(f"{path} is a folder: give the file of samples in it.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check the file and its permissions.") from None
    try:
        if b"\0" in content:
            raise UserError(f"{path} is not a UTF-8 text file (it has zero bytes): save the samples as CSV in UTF-8.")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {line}: this is not UTF-8 text: save the samples as CSV in UTF-8.") from None


def _read_numbers(path: str | os.PathLike[str], text: str) -> tuple[int, array, array]:
    """Returns the number of columns, all values row by row, and the line that each row stands on."""
    delimiter = next((mark for mark in _DELIMITERS if mark in _typical_line(text)), ",")
    reader = csv.reader(_content_lines(text), delimiter=delimiter, skipinitialspace=True, strict=True)
    columns, first, values, lines = 0, 0, array("d"), array("q")
    convert = _number if "_" in text else float
    try:
        for row in reader:
            if not "".join(row).strip():
                continue
            if not columns:
                columns, first = _count_columns(path, reader.line_num, row), reader.line_num
                if not any(map(_is_number, row)):
                    continue
            if len(row) != columns:
                raise UserError(
                    f"{path}, line {reader.line_num} has {len(row)} column(s) where line {first} has {columns}: give "
                    "every line the same columns."
                )
            try:
                values.extend(map(convert, row))
            except ValueError:
                raise _not_a_number(path, reader.line_num, row) from None
            lines.append(reader.line_num)
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: {error}: write plain numbers without quotes.") from None
    return columns, values, lines


def _content_lines(text: str) -> Iterator[str]:
    """Returns every line, a comment as a blank one, so that the reader still counts it."""
    lines = io.StringIO(text, newline=None)
    return ("\n" if line.lstrip().startswith("#") else line for line in lines) if "#" in text else lines


def _typical_line(text: str) -> str:
    """Returns the second line with content, for the first may be a header in words, or else the first."""
    lines = list(islice((line for line in _content_lines(text) if line.strip()), 2))
    return lines[-1] if lines else ""


def _count_columns(path: str | os.PathLike[str], line: int, row: list[str]) -> int:
    if len(row) < 2:
        raise UserError(
            f"{path}, line {line} has one column only: write x and y, separated by a comma, a semicolon or a tab."
        )
    return len(row)


def _number(cell: str) -> float:
    if "_" in cell:  # float() takes 1_000 for a number
        raise ValueError(cell)
    return float(cell)


def _is_number(cell: str) -> bool:
    try:
        _number(cell)
    except ValueError:
        return False
    return True


def _not_a_number(path: str | os.PathLike[str], line: int, row: list[str]) -> UserError:
    column, cell = next((k, cell) for k, cell in enumerate(row, start=1) if not _is_number(cell))
    given = f"{cell[:40]!r}, which is not a number" if cell.strip() else "empty"
    return UserError(f"{path}, line {line}: column {column} is {given}: write a number with a decimal point there.")
