"""The user's own samples from a text file: columns of numbers, the last ones y (or class labels) and the others x."""

import csv
import hashlib
import io
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from condenslab.errors import UserError
from condenslab.tasks.arrays import matrix
from condenslab.tasks.files import FilePath, reading, regular_size, require_memory
from condenslab.tasks.table_cells import complaint, kind_of
from condenslab.tasks.table_labels import Labels
from condenslab.tasks.table_layout import Doubts, RowNumbers

_DELIMITERS = (";", "\t", ",")
_PART, _COPIES = 2**20, 12
"""Bytes read at a time, and how many copies of a file the numbers and the lines of it may take."""


@dataclass(frozen=True, eq=False)
class Table:
    """Samples read from a file, in the order of its lines; the arrays are read-only float64 copies.

    Attributes:
        inputs: x, shape (sample, input).
        targets: y, shape (sample, output); one-hot rows where there are labels.
        name: The file's name.
        labels: The classes, in the order of the columns of targets; empty where targets are numbers.
        columns: Names of the columns, inputs and then targets (one for labels); empty where they have none.
        digest: SHA-256 of the numbers and their shape, as hexadecimal digits: equal for equal numbers, however written.

    Raises:
        ValueError: An array is not a finite matrix or has no samples, targets has another number of rows, labels are
            not one a column of one-hot targets, or columns not one a column.
    """

    inputs: np.ndarray
    targets: np.ndarray
    name: str
    labels: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        x, y = matrix("inputs", self.inputs), matrix("targets", self.targets, "(sample, output)")
        if y.shape != (len(x), y.shape[1]) or not y.shape[1]:
            raise ValueError(f"targets must have shape ({len(x)}, output), one row a sample. Got shape {y.shape}.")
        if self.labels and (len(self.labels) != y.shape[1] or np.any((y != 0) & (y != 1)) or np.any(y.sum(1) != 1)):
            raise ValueError("targets of classes must be one-hot rows, with one label a column. Got other ones.")
        width = x.shape[1] + (1 if self.labels else y.shape[1])
        if self.columns and len(self.columns) != width:
            raise ValueError(f"columns must be {width} names, inputs and then targets. Got {len(self.columns)}.")
        numbers = np.ascontiguousarray(np.hstack([x, y]) + 0.0, dtype="<f8")  # + 0.0 makes −0 and 0 the same number
        shape = numbers.shape if y.shape[1] == 1 else (*numbers.shape, y.shape[1], *self.labels)
        digest = hashlib.sha256(repr(shape).encode() + numbers.tobytes()).hexdigest()
        for name, value in (("inputs", x), ("targets", y), ("digest", digest)):
            object.__setattr__(self, name, value)

    @property
    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the inputs and of the outputs (the classes, where there are labels): own ones, or x1 …, y1 …."""
        inputs, outputs = self.inputs.shape[1], self.targets.shape[1]
        first = self.columns[:inputs] or _numbered("x", inputs)
        return first, self.labels or self.columns[inputs:] or _numbered("y", outputs)

    @property
    def summary(self) -> str:
        """What was read, in words: "60 samples, 1 input"."""
        samples, inputs = self.inputs.shape
        return f"{samples} sample{'s' * (samples != 1)}, {inputs} input{'s' * (inputs != 1)}"


def _numbered(letter: str, count: int) -> tuple[str, ...]:
    return (letter,) if count == 1 else tuple(f"{letter}{number + 1}" for number in range(count))


def read_table(path: FilePath, *, targets: int = 1, classes: bool = False) -> Table:
    """Reads samples (x, y) from a text file.

    One line a sample, the last column is y (or the last few are), the others are x. A last column of words holds
    classes. Columns are separated by commas, semicolons or tabs; a
    first line without numbers is a header; blank lines and lines that begin with # are skipped. UTF-8, BOM or not. A
    first column that the header leaves without a name is left out if it holds row numbers or names, as pandas and R
    write them. What may be read in two ways is refused: whole numbers that may be decimal commas, a column whose name
    says that it counts the rows, and does, a first line 0, 1, 2 … that may count the columns.

    Args:
        path: The file.
        targets: How many of the last columns are y.
        classes: Whether the last column holds classes even if they are written as numbers.

    Raises:
        UserError: The file cannot be read, is not such a table, or has no samples; in one sentence that names the file,
            the line and what to do.
    """
    if isinstance(targets, bool) or not isinstance(targets, int) or targets < 1:
        raise UserError(f"the number of targets must be a whole number, at least 1. Got {targets!r}")
    with reading(path):
        text, labelled = decoded(path), Labels(asked=classes)
        columns, values, lines, first, names = _read_numbers(path, text, labelled)
        if not values:
            raise UserError(f"{path} has no samples: write one line for each, x first and y last.")
        if targets >= columns or (labelled.found and targets > 1):
            given = "one column of classes" if labelled.found else f"{columns} columns"
            raise UserError(
                f"{path} has {given}, and {targets} of them cannot be targets: at least one must be an input"
            )
        numbers = np.frombuffer(values).reshape(-1, columns)
        bad = np.argwhere(~np.isfinite(numbers))
        if len(bad):
            row, column = (int(index) for index in bad[0])
            raise UserError(
                f"{path}, line {lines[row]}: column {first + column + 1} is {numbers[row, column]}, but every value "
                "must be a finite number: correct or remove the line."
            )
        if labelled.found:
            rows, labels = labelled.one_hot(path, numbers[:, -1], first + columns)
            return Table(numbers[:, :-1], rows, Path(path).name, labels, names)
        return Table(numbers[:, :-targets], numbers[:, -targets:], Path(path).name, columns=names)


def require_learnable(table: Table) -> None:
    """Refuses samples from which nothing can be learned, and numbers whose squares leave float64.

    Args:
        table: The samples.

    Raises:
        UserError: There is one sample only, all inputs or all targets are equal, or numbers are out of range; the
            sentence says what was read.
    """
    x, y = table.inputs, table.targets
    wrong = None
    if len(x) < 2:
        wrong = "there is nothing to compare: give at least two samples"
    elif np.all(x == x[0]):
        wrong = "all of them have the same x: give inputs that differ"
    elif table.labels and np.all(y == y[0]):
        wrong = "all of them are of one class: give samples of several"
    elif np.all(y == y[0]):
        wrong = f"y is {y[0, 0]:g} in all of them, which a constant fits: give targets that differ"
    else:
        for name, values in (("x", x), ("y", y)):
            spread = float(np.max(np.ptp(values / 2, axis=0))) * 2  # halved: a difference may leave float64
            if not _LEAST < spread < _MOST or np.abs(values).max() > _MOST:
                wrong = f"{name} spreads over {spread:.3g}, and squares of such numbers leave float64: change its unit"
                break
    if wrong:
        raise UserError(f"{table.name} has {table.summary}, but {wrong}.")


_LEAST, _MOST = 1e-100, 1e100


def decoded(path: FilePath) -> str:
    """Returns the text of a file.

    Args:
        path: The file.

    Raises:
        UserError: It is too large for the memory, or no UTF-8 text.
    """
    size = regular_size(path)
    require_memory(path, _COPIES * size)
    parts = []
    with Path(path).open("rb") as file:
        while part := file.read(_PART):
            if b"\0" in part:
                raise UserError(f"{path} is not a UTF-8 text file, {kind_of(parts[0] if parts else part)}.")
            parts.append(part)
    content = b"".join(parts)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {line}: this is not UTF-8 text: save the samples as CSV in UTF-8.") from None


def _read_numbers(path: FilePath, text: str, labels: Labels) -> tuple[int, array, array, int, tuple[str, ...]]:
    """Returns the number of columns, all values, the line of each row, how many columns are left out, and names."""
    delimiter = delimiter_of(text)
    reader = csv.reader(content_lines(text), delimiter=delimiter, skipinitialspace=True, strict=True)
    columns, first, skipped, values, lines = 0, 0, 0, array("d"), array("q")
    convert = _number if "_" in text else float
    watch, doubts, names = RowNumbers(), None, ()
    try:
        for row in reader:
            if not "".join(row).strip():
                continue
            if doubts is None:
                columns, first = _count_columns(path, reader.line_num, row), reader.line_num
                skipped, doubts = int(watch.begin(path, first, row)), Doubts(delimiter, row, first)
                if skipped or not any(map(is_number, row)):
                    names = _own_names(path, first, row[skipped:])
                    continue
            if len(row) != columns:
                raise UserError(
                    f"{path}, line {reader.line_num} has {len(row)} column(s) where line {first} has {columns}: give "
                    f"every line the same columns{doubts.hint(len(row), columns)}."
                )
            if skipped:
                watch.see(path, reader.line_num, row[0])
                row = row[1:]
            doubts.see(row)
            row = labels.coded(reader.line_num, row, number=is_number(row[-1]))
            try:
                values.extend(map(convert, row))
            except ValueError:
                raise _not_a_number(path, reader.line_num, row, skipped) from None
            lines.append(reader.line_num)
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: {error}: write plain numbers without quotes.") from None
    if doubts is not None:
        doubts.refuse(path)
    if columns - skipped == 1 and values:
        raise UserError(f"{path} has one column beside its row numbers: write x and y.")
    return columns - skipped, values, lines, skipped, names


def _own_names(path: FilePath, line: int, cells: list[str]) -> tuple[str, ...]:
    """Returns the names of a header, each on one line, and refuses equal ones: they would not be told apart."""
    names = tuple(" ".join(cell.split()) for cell in cells)
    twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
    if twice is not None:
        raise UserError(f"{path}, line {line}: two columns are named {twice[:40]!r}: give each a name of its own.")
    return names


def content_lines(text: str) -> Iterator[str]:
    """Returns every line, a comment (and Excel's "sep=;") as a blank one, so that the reader still counts it.

    Args:
        text: The text of a table.
    """
    lines = io.StringIO(text, newline=None)
    return ("\n" if _COMMENT(line) else line for line in lines) if "#" in text or "sep=" in text[:9] else lines


_COMMENT = re.compile(r"\s*#(?![,;\t]|N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!)|\"?sep=[,;\t]\"?\s*$").match
"""A line that begins with #, but not one in which # is the name of the first column, or an error that Excel writes."""


def delimiter_of(text: str) -> str:
    """Returns the mark between the columns.

    Args:
        text: The text of a table.
    """
    return next((mark for mark in _DELIMITERS if mark in _typical_line(text)), ",")


def _typical_line(text: str) -> str:
    """Returns the second line with content, for the first may be a header in words, or else the first."""
    lines = list(islice((line for line in content_lines(text) if line.strip()), 2))
    return lines[-1] if lines else ""


def _count_columns(path: FilePath, line: int, row: list[str]) -> int:
    if len(row) < 2:
        raise UserError(
            f"{path}, line {line} has one column only: write x and y, separated by a comma, a semicolon or a tab."
        )
    return len(row)


def _number(cell: str) -> float:
    if "_" in cell:  # float() takes 1_000 for a number
        raise ValueError(cell)
    return float(cell)


def is_number(cell: str) -> bool:
    """Returns whether a cell is a number.

    Args:
        cell: Its text.
    """
    try:
        _number(cell)
    except ValueError:
        return False
    return True


def _not_a_number(path: FilePath, line: int, row: list[str], skipped: int) -> UserError:
    place, cell = next((k, cell) for k, cell in enumerate(row) if not is_number(cell))
    said = complaint(cell, last=place == len(row) - 1)
    return UserError(f"{path}, line {line}: column {1 + skipped + place} is {said}.")
