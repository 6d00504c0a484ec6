"""What a store holds: a record a case, and a run for every time that a study's claims were evaluated."""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from safetensors import SafetensorError, safe_open

from condenslab.sweeps.files import damaged

Status = Literal["done", "diverged", "failed"]


@dataclass(frozen=True)
class Record:
    """The result of one case.

    Attributes:
        study: Name of the study.
        id: Content hash of the case; see `condenslab.sweeps.grid.case_id`.
        case: The fields of the case.
        status: `done`; `diverged`, a valid answer that says that the computation left the finite numbers or its
            tolerances; or `failed`, an accident that the next run tries again.
        message: A sentence, for a record that is not `done`.
        values: Numbers, strings, lists of those, or None, by name. Never NaN or infinite.
        arrays: Arrays by name, read from disk when one is asked for.
        provenance: How it was computed: versions of condenslab and jax, device, precision, the study's revision, number
            of cases in the batch, wall time of the batch in seconds, UTC time.
    """

    study: str
    id: str
    case: dict[str, Any]
    status: Status
    message: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One evaluation of a study's claims.

    Attributes:
        study: Name of the study.
        revision: Revision of the study.
        preset: Name of the preset.
        seed: The seed.
        settings: Every setting, by name.
        overrides: Those settings in which the run differs from its preset.
        data: `{"name", "digest"}` of the user's own data, or None.
        records: Ids of the records that the claims rest on, in the order of the study's cases.
        counts: How many of the records are `done`, `diverged` and `failed`.
        failures: The distinct sentences of the failed records.
        claims: The claims as rows, with the keys `study`, `preset`, `seed`, `claim`, `source`, `expected`, `measured`,
            `tolerance`, `margin`, `verdict`.
        provenance: Versions, device, wall time of the run in seconds, UTC time at its end.
    """

    study: str
    revision: int
    preset: str
    seed: int
    settings: dict[str, Any]
    overrides: dict[str, Any]
    data: dict[str, Any] | None
    records: list[str]
    counts: dict[str, int]
    failures: list[str]
    claims: list[dict[str, Any]]
    provenance: dict[str, Any]


class ShardArrays(Mapping[str, np.ndarray]):
    """The arrays of one record: a read-only mapping that opens its safetensors file when an array is asked for."""

    def __init__(self, path: Path, prefix: str, names: list[str], checksums: Mapping[str, str] | None = None):
        """Names the file, the record's prefix in it and its arrays.

        Args:
            path: The safetensors file.
            prefix: The record's id; the array `x` is the tensor `prefix/x`.
            names: Names of the arrays.
            checksums: Of the arrays, by name; older stores have none.
        """
        self._path, self._prefix, self._names, self._checksums = path, prefix, names, checksums or {}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(name)
        try:
            with safe_open(self._path, framework="numpy") as shard:
                array = shard.get_tensor(f"{self._prefix}/{name}")
        except (SafetensorError, OSError) as error:
            raise damaged(self._path, str(error)) from error
        if name in self._checksums and array_checksum(array) != self._checksums[name]:
            raise damaged(self._path, f"the array {name!r} of record {self._prefix} does not match its checksum")
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"ShardArrays({self._names})"


def array_checksum(array: np.ndarray) -> str:
    """Returns the checksum of an array: of its type, its shape and its little-endian entries in C order."""
    plain = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
    return hashlib.sha256(f"{plain.dtype.str} {plain.shape}".encode() + plain.tobytes()).hexdigest()[:16]


def storable(value: Any, where: str = "values") -> Any:
    """Reduces a result to what JSON can hold; a number that is not finite becomes None.

    Args:
        value: None, a bool, number or string of Python or NumPy, an array, or a list, tuple or dict of those. Of a
            string what is no Unicode, as in the name of a file, is written out.
        where: Its name, for the message.

    Raises:
        TypeError: For anything else.

    Example:
        >>> storable({"risk": float("nan"), "counts": (3, np.int64(4))})
        {'risk': None, 'counts': [3, 4]}
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return unicode(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple):
        return [storable(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {unicode(str(key)): storable(item, f"{where}.{key}") for key, item in value.items()}
    raise TypeError(
        f"{where} must be None, a number, a string, or a list or dict of those. Got {type(value).__qualname__}; "
        "put arrays among the arrays, and convert other objects."
    )


def unicode(text: str) -> str:
    r"""Returns a text as JSON can hold it: a byte of a file's name that is no Unicode is written out.

    Args:
        text: The text.

    Example:
        >>> unicode("caf\udce9.csv")
        'caf\\udce9.csv'
    """
    return text.encode("utf-8", "backslashreplace").decode()
