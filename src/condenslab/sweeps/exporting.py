"""A store as files of other tools: Parquet and CSV tables, and xarray's netCDF with the arrays."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from condenslab.errors import UserError, unknown
from condenslab.sweeps.executors.extras import need
from condenslab.sweeps.records import Record
from condenslab.sweeps.results import flat
from condenslab.sweeps.store import Store

FORMATS = {"parquet": ".parquet", "csv": ".csv", "xarray": ".nc"}
"""What `export` writes, and the ending of its file."""

_ROWS = 10_000


def export(store: Store, path: str | Path, form: str, study: str | None = None) -> int:
    """Writes the records of a store as one file, a row a case.

    Columns are `study`, `id`, `status`, `message`, `case.NAME` and `values.NAME`; lists and the like are JSON text.
    Parquet and CSV go through the store shard by shard and hold no arrays; `xarray` writes netCDF with a dimension
    `case` and the arrays as variables, shorter ones padded with NaN.

    Args:
        store: The store.
        path: The file.
        form: `"parquet"`, `"csv"` or `"xarray"`.
        study: Only records of this study.

    Returns:
        The number of rows.

    Raises:
        UserError: There is no such format, a package is missing, or there is nothing to write or no place for it.
    """
    if form not in FORMATS:
        raise unknown("format", form, FORMATS)
    kinds, count = _columns(store, study)
    if not count:
        raise UserError(f"there is no record to export in {store.path}" + (f" of the study {study!r}" if study else ""))
    write = {"csv": _csv, "parquet": _parquet, "xarray": _xarray}[form]
    try:
        write(store, Path(path), kinds, study)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from error
    return count


def _best(store: Store, study: str | None) -> Iterator[Record]:
    """Yields the one record of each id that counts, in the order of the shards that hold them."""
    place: dict[str, tuple[int, bool]] = {}
    for number, record in enumerate(store.scan(study)):
        if record.status != "failed" or not place.get(record.id, (0, False))[1]:
            place[record.id] = number, record.status != "failed"
    for number, record in enumerate(store.scan(study)):
        if place.get(record.id, (-1, False))[0] == number:
            yield record


def _columns(store: Store, study: str | None) -> tuple[dict[str, set[type]], int]:
    """Returns the types that each column holds, and the number of rows."""
    kinds: dict[str, set[type]] = {}
    ids = set()
    for record in store.scan(study):
        ids.add(record.id)
        for name, value in flat(record).items():
            kinds.setdefault(name, set()).add(type(value))
    return kinds, len(ids)


def _cell(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value


def _csv(store: Store, path: Path, kinds: dict[str, set[type]], study: str | None) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(kinds), restval="")
        writer.writeheader()
        for record in _best(store, study):
            writer.writerow({name: _cell(value) for name, value in flat(record).items()})


def _plain(kinds: set[type]) -> type:
    """Returns the type of a column: mixed numbers are floats, anything else that is mixed is text."""
    kinds = kinds - {type(None)}
    if len(kinds) == 1 and (kind := next(iter(kinds))) in (bool, int, float):
        return kind
    return float if kinds and kinds <= {int, float} else str


def _as(kind: type, value: Any) -> Any:
    if value is None:
        return None
    return str(_cell(value)) if kind is str else kind(value)


def _parquet(store: Store, path: Path, kinds: dict[str, set[type]], study: str | None) -> None:
    need("pyarrow", "tables", "pyarrow")
    import pyarrow
    import pyarrow.parquet

    types = {bool: pyarrow.bool_(), int: pyarrow.int64(), float: pyarrow.float64(), str: pyarrow.string()}
    plain = {name: _plain(found) for name, found in kinds.items()}
    schema = pyarrow.schema([(name, types[kind]) for name, kind in plain.items()])
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for rows in _groups(store, study):
            columns = {name: [_as(kind, row.get(name)) for row in rows] for name, kind in plain.items()}
            writer.write_table(pyarrow.table(columns, schema=schema))


def _groups(store: Store, study: str | None) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    for record in _best(store, study):
        rows.append(flat(record))
        if len(rows) == _ROWS:
            yield rows
            rows = []
    if rows:
        yield rows


def _xarray(store: Store, path: Path, kinds: dict[str, set[type]], study: str | None) -> None:
    xarray = need("xarray", "tables", "xarray")
    need("h5netcdf", "tables", "h5netcdf")
    records = list(_best(store, study))
    rows = [flat(record) for record in records]
    variables: dict[str, Any] = {}
    for name, found in kinds.items():
        kind = _plain(found)
        cells = [_as(kind, row.get(name)) for row in rows]
        if kind is str:
            column = np.array(["" if cell is None else cell for cell in cells], dtype=object)
        elif None in cells:
            column = np.array([np.nan if cell is None else cell for cell in cells], dtype=float)
        else:
            column = np.array(cells)
        variables[name] = ("case", column)
    for name in dict.fromkeys(name for record in records for name in record.arrays):
        own = [record.arrays.get(name) for record in records]
        stacked = _stacked(own)
        variables[f"arrays.{name}"] = ("case", *(f"{name}_{k}" for k in range(stacked.ndim - 1))), stacked
    xarray.Dataset(dict(variables)).to_netcdf(path, engine="h5netcdf")


def _stacked(arrays: Sequence[np.ndarray | None]) -> np.ndarray:
    """Stacks arrays of one number of dimensions; where shapes differ or one is missing, NaN fills up."""
    there = [array for array in arrays if array is not None]
    dimensions = max(array.ndim for array in there)
    shapes = [
        array.shape if array.ndim == dimensions else (1,) * (dimensions - array.ndim) + array.shape for array in there
    ]
    if len(there) == len(arrays) and len(set(shapes)) == 1 and len({array.dtype for array in there}) == 1:
        return np.stack([array.reshape(shapes[0]) for array in there])
    room = np.full((len(arrays), *np.max(shapes, axis=0)), np.nan)
    for row, array in zip(room, arrays, strict=True):
        if array is not None:
            own = array.reshape((1,) * (dimensions - array.ndim) + array.shape)
            row[tuple(slice(size) for size in own.shape)] = own
    return room
