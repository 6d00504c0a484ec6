"""Inputs alone from a text file: columns by their names, or in order."""

import csv
from collections.abc import Sequence

import numpy as np

from condenslab.errors import UserError
from condenslab.tasks.files import FilePath, reading
from condenslab.tasks.tables import content_lines, decoded, delimiter_of, is_number


def read_inputs(path: FilePath, names: Sequence[str]) -> np.ndarray:
    """Reads the inputs of some samples, shape (sample, input).

    With a first line of names the columns are found by them, whatever other columns there are; without one there must
    be as many columns as inputs.

    Args:
        path: The file, written as `read_table` reads it.
        names: Names of the inputs, in their order.

    Raises:
        UserError: The file cannot be read, a column is missing, or a cell is no finite number.
    """
    with reading(path):
        text = decoded(path)
        reader = csv.reader(content_lines(text), delimiter=delimiter_of(text), skipinitialspace=True, strict=True)
        try:
            rows = [(reader.line_num, row) for row in reader if "".join(row).strip()]
        except csv.Error as error:
            raise UserError(f"{path}, line {reader.line_num}: {error}: write plain numbers without quotes.") from None
    places, columns = list(range(len(names))), len(rows[0][1]) if rows else 0
    if rows and not any(map(is_number, rows[0][1])):
        places = _places(path, [" ".join(cell.split()) for cell in rows.pop(0)[1]], names)
    elif rows and len(rows[0][1]) != len(names):
        raise UserError(
            f"{path} has {len(rows[0][1])} columns without names, but the inputs are {len(names)}: {', '.join(names)}. "
            "Give these columns in this order, or a first line with names."
        )
    if not rows:
        raise UserError(f"{path} has no samples: write one line for each.")
    _require_columns(path, rows, columns)
    return np.array([[_number(path, line, row, place) for place in places] for line, row in rows])


def _places(path: FilePath, header: Sequence[str], names: Sequence[str]) -> list[int]:
    missing = [name for name in names if name not in header]
    if missing:
        raise UserError(f"{path} has no column {missing[0]!r}: its first line must name {', '.join(names)}.")
    twice = [name for name in names if header.count(name) > 1]
    if twice:
        raise UserError(f"{path} has two columns {twice[0]!r}: keep the one that is the input.")
    return [header.index(name) for name in names]


def _require_columns(path: FilePath, rows: Sequence[tuple[int, Sequence[str]]], columns: int) -> None:
    """Refuses a line that is longer or shorter than the first: a decimal comma would move its numbers."""
    wrong = next(((line, row) for line, row in rows if len(row) != columns), None)
    if wrong is not None:
        raise UserError(
            f"{path}, line {wrong[0]} has {len(wrong[1])} column(s) where the first line has {columns}: give every "
            "line the same columns, and numbers decimal points."
        )


def _number(path: FilePath, line: int, row: Sequence[str], place: int) -> float:
    cell = row[place]
    if not is_number(cell) or not np.isfinite(float(cell)):
        raise UserError(f"{path}, line {line}: column {place + 1} is {cell[:40]!r}, but must be a finite number.")
    return float(cell)
