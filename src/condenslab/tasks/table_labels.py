"""The last column of a table as classes: words, or numbers of which the user says so."""

import numpy as np

from condenslab.errors import UserError
from condenslab.tasks.files import FilePath
from condenslab.tasks.table_cells import remedy

_MOST = 100
"""So many classes are no mistake; and no more than half as many as there are samples."""


class Labels:
    """Classes by their names, in the order in which they appear.

    A column of words is taken for classes only if all of it is words, some of which come again: a slip in a column of
    numbers stays one.
    """

    def __init__(self, *, asked: bool) -> None:
        """Begins without a sample.

        Args:
            asked: Whether the user said that the column holds classes.
        """
        self.found = asked
        self._asked, self._numbers = asked, False
        self._places: dict[str, int] = {}
        self._first = (0, "")

    def coded(self, line: int, row: list[str], *, number: bool) -> list[str]:
        """Takes a line; returns it with the number of its class in the last cell, or as it is where that is no class.

        Args:
            line: The line's number.
            row: Its cells.
            number: Whether the last cell is a number.
        """
        word = row[-1].strip()
        self._numbers = self._numbers or (number and not self._asked)
        if not word or (self._numbers and not self.found):
            return row
        if not self._places:
            self.found, self._first = True, (line, word)
        return [*row[:-1], str(self._places.setdefault(word, len(self._places)))]

    def one_hot(self, path: FilePath, codes: np.ndarray, column: int) -> tuple[np.ndarray, tuple[str, ...]]:
        """Returns one-hot rows, shape (sample, class), and the names of the classes in alphabetical order.

        Args:
            path: The file, for the message.
            codes: The number of the class of each sample, shape (sample,).
            column: Number of the column in the file, for the message.

        Raises:
            UserError: There is one class only, or there are about as many as samples: words that are no classes.
        """
        names = sorted(self._places)
        if len(names) == 1 and len(codes) > 1 and not self._numbers:
            raise UserError(
                f"{path}: all {len(codes)} samples are of the class {names[0][:40]!r}: give several classes."
            )
        if self._numbers or len(names) < 2 or len(names) > min(_MOST, len(codes) / 2):
            line, word = self._first
            raise UserError(
                f"{path}, line {line}: column {column} is {word[:40]!r}, which is not a number, and words there are "
                f"classes only if all of them are and several samples share each: there are {len(names)} in "
                f"{len(codes)} samples. If they are none, {remedy(word)}."
            )
        place = {self._places[name]: column for column, name in enumerate(names)}
        columns = np.array([place[int(code)] for code in codes])
        return np.eye(len(names))[columns], tuple(names)
