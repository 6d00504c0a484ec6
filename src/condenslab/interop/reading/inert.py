"""What a pickle stands for, as plain data: names that import nothing, objects that were never built."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


class Name(str):
    """A global of a pickle, "module.name"; nothing is looked up."""


@dataclass(eq=False)
class Unbuilt:
    """An object that a pickle asks to build.

    Attributes:
        cls: What it asks to call.
        args: With which arguments.
        state: The state it would be given.
        items: Appended values, or keys and values in turn.
    """

    cls: Any
    args: tuple[Any, ...]
    state: Any = None
    items: list[Any] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Storage:
    """A run of numbers elsewhere in the file.

    Attributes:
        dtype: Their type.
        key: Its name in the file.
        numel: How many.
        start: The first that counts, where the storage is itself a view of another one.
    """

    dtype: np.dtype
    key: str
    numel: int
    start: int = 0


@dataclass(frozen=True, eq=False)
class TensorRef:
    """A view of a storage.

    Attributes:
        storage: Of what.
        dtype: Type of the numbers.
        offset: Of the first number.
        shape: Sizes of the axes.
        stride: In numbers, for each axis.
    """

    storage: Storage
    dtype: np.dtype
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Unread:
    """A tensor of a kind that is no plain array.

    Attributes:
        reason: Which, a clause.
    """

    reason: str
