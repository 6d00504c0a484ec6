"""A shard: the records of one batch, rows in one file and arrays in another, as bytes and back."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from condenslab.errors import told
from condenslab.sweeps.files import damaged, read_sealed
from condenslab.sweeps.records import Record, ShardArrays, Status, array_checksum, storable, unicode


class Row(msgspec.Struct, gc=False):
    """One line of a shard's rows file; `checksums` are those of the arrays, and are missing in older stores."""

    study: str
    id: str
    case: dict[str, Any]
    status: Status
    message: str
    values: dict[str, Any]
    arrays: list[str]
    provenance: dict[str, Any]
    checksums: dict[str, str] = {}


class Spent(msgspec.Struct, gc=False):
    """What a record's provenance says of time; older records have no estimate."""

    batch: int = 1
    seconds: float = 0.0
    estimate: float | None = None
    program: str = ""


class Costing(msgspec.Struct, gc=False):
    """What a line says of time."""

    study: str
    status: Status
    provenance: Spent


class Head(msgspec.Struct, gc=False):
    """What a status needs of a line: decoding it costs a fraction of the whole."""

    study: str
    id: str
    status: Status


def row_of(record: Record) -> Row:
    """Returns a record as a line of a shard.

    Args:
        record: The record.

    Raises:
        TypeError: A value or an array is of a type that cannot be stored.
    """
    return Row(
        study=record.study,
        id=record.id,
        case=storable(record.case, "case"),
        status=record.status,
        message=unicode(record.message),
        values=storable(record.values),
        arrays=sorted(record.arrays),
        provenance=storable(record.provenance, "provenance"),
        checksums={name: array_checksum(tensor(name, array)) for name, array in record.arrays.items()},
    )


def tensor(name: str, array: Any) -> np.ndarray:
    """Makes an array what safetensors stores faithfully: C order, native byte order, a plain type.

    Args:
        name: Its name, for the message.
        array: The array.

    Raises:
        TypeError: It holds other things than real numbers and booleans.
    """
    array = np.asarray(array, order="C")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"the array {name!r} must hold real numbers or booleans. Got dtype {array.dtype}.")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def encoded(records: list[Record]) -> tuple[bytes, bytes]:
    """Returns the two files of a shard: rows, and arrays, which are empty where there are none.

    Args:
        records: The records of one batch, with distinct ids.

    Raises:
        TypeError: A value or an array is of a type that cannot be stored.
    """
    try:
        rows = b"".join(msgspec.json.encode(row_of(record)) + b"\n" for record in records)
        arrays = {f"{r.id}/{name}": tensor(name, array) for r in records for name, array in r.arrays.items()}
        content = safetensors.numpy.save(arrays) if arrays else b""
        _ROWS.decode_lines(rows)  # what does not come back would make the whole folder unreadable
    except (ValueError, RecursionError, OverflowError, SafetensorError) as error:
        raise TypeError(f"it cannot be stored: {told(error)[:300]}") from error
    return rows, content


def read_rows(path: Path) -> list[Row]:
    """Reads the rows of a shard, and opens its arrays' file if they have arrays.

    Args:
        path: The file of the rows.

    Raises:
        UserError: It is truncated or damaged.
    """
    rows = _decoded(path, _ROWS)
    if any(row.arrays for row in rows):
        _check_arrays(path.with_suffix(".safetensors"))
    return rows


def read_costs(path: Path) -> list[Costing]:
    """Reads what the rows of a shard say of the time that they took.

    Args:
        path: The file of the rows.

    Raises:
        UserError: It is truncated or damaged.
    """
    return _decoded(path, _COSTS)


def read_heads(path: Path) -> list[Head]:
    """Reads only what statuses need of the rows of a shard.

    Args:
        path: The file of the rows.

    Raises:
        UserError: It is truncated or damaged.
    """
    return _decoded(path, _HEADS)


def check_whole(path: Path) -> None:
    """Reads everything of a shard, arrays included, and compares it with the checksums.

    Args:
        path: The file of the rows.

    Raises:
        UserError: It is truncated or damaged.
    """
    rows, file = _decoded(path, _ROWS), path.with_suffix(".safetensors")
    if not any(row.arrays for row in rows):
        return
    try:
        with safe_open(file, framework="numpy") as shard:
            for row in rows:
                for name in row.arrays:
                    array = shard.get_tensor(f"{row.id}/{name}")
                    if row.checksums.get(name, array_checksum(array)) != array_checksum(array):
                        raise damaged(file, f"the array {name!r} of record {row.id} does not match its checksum")
    except (SafetensorError, OSError) as error:
        raise damaged(file, str(error)) from error


def _decoded(path: Path, decoder: msgspec.json.Decoder) -> list:
    try:
        return decoder.decode_lines(read_sealed(path))
    except msgspec.DecodeError as error:
        raise damaged(path, str(error)) from error


_ROWS, _HEADS, _COSTS = msgspec.json.Decoder(Row), msgspec.json.Decoder(Head), msgspec.json.Decoder(Costing)


def _check_arrays(path: Path) -> None:
    """Opens an arrays file; safetensors compares its length with its header and reads no more than that."""
    try:
        with safe_open(path, framework="numpy"):
            pass
    except (SafetensorError, OSError) as error:
        raise damaged(path, str(error)) from error


def record_of(row: Row, path: Path) -> Record:
    """Returns the record of a line; its arrays are read when they are asked for.

    Args:
        row: The line.
        path: The file of the rows.
    """
    arrays = ShardArrays(path.with_suffix(".safetensors"), row.id, row.arrays, row.checksums) if row.arrays else {}
    return Record(row.study, row.id, row.case, row.status, row.message, row.values, arrays, row.provenance)
