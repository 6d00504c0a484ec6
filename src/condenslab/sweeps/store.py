"""The store: a folder of immutable shards, one a batch, and one file a run. Nothing in it is ever changed or deleted.

    store.json          {"format": 1}
    shards/NAME.jsonl   one record a line; its presence is what commits the shard
    shards/NAME.safetensors   the arrays of those records, where they have any
    runs/NAME.json      one run: settings, ids of its records, claims

NAME is the time and the checksum of the file. Files are written aside and renamed, arrays first: a process killed at
any moment leaves at most a hidden temporary file, or arrays without rows, and both are ignored.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from condenslab.errors import UserError
from condenslab.sweeps.content import check_foreign
from condenslab.sweeps.files import damaged, listed, read, read_sealed, sealed_name, unusable, write_whole
from condenslab.sweeps.records import Record, Run, ShardArrays, Status, array_checksum, storable

FORMAT = 1
"""Version of the layout above; a store of a higher one is refused, untouched."""


class _Row(msgspec.Struct):
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


class Store:
    """A folder of records and runs.

    Example:
        ```python
        store = Store("runs")
        for record in store.records("recovery").values():
            print(record.case, record.values, record.arrays.keys())
        ```
    """

    def __init__(self, path: str | Path, *, create: bool = False):
        """Opens a store.

        Args:
            path: Its folder.
            create: Make the folder and an empty store in it where there is none yet, and check that it can be written.

        Raises:
            UserError: There is no store and none is to be made, it was written by a newer condenslab, its `store.json`
                is damaged, or it must be written and cannot be. Nothing is changed then.
        """
        self.path = Path(path)
        if create:
            self._create()
        elif not self.exists(self.path):
            raise UserError(
                f"there is no store in {str(path)!r} (no store.json): `condenslab run STUDY --out {path}` makes one"
            )
        self._check_format()

    @staticmethod
    def exists(path: str | Path) -> bool:
        """Says whether there is a store in a folder.

        Raises:
            UserError: The system does not let it be seen: a missing permission, a name that is too long.
        """
        try:
            return (Path(path) / "store.json").is_file()
        except OSError as error:
            raise unusable(path, error) from error

    def add(self, records: Iterable[Record]) -> None:
        """Stores records as one shard: all of them or, if it fails, none.

        Args:
            records: The records of one batch, with distinct ids.

        Raises:
            UserError: The disk is full or read-only. What was stored before is untouched.
            TypeError: A value or an array is of a type that cannot be stored.
        """
        records = list(records)
        rows = b"".join(msgspec.json.encode(_row(record)) + b"\n" for record in records)
        arrays = {f"{r.id}/{name}": _tensor(name, array) for r in records for name, array in r.arrays.items()}
        rows_file = self.path / "shards" / f"{sealed_name(rows)}.jsonl"
        with self._writing():
            rows_file.parent.mkdir(parents=True, exist_ok=True)
            if arrays:
                write_whole(rows_file.with_suffix(".safetensors"), safetensors.numpy.save(arrays))
            try:
                write_whole(rows_file, rows)
            except BaseException:
                if not rows_file.exists():
                    rows_file.with_suffix(".safetensors").unlink(missing_ok=True)
                raise

    def records(self, study: str | None = None) -> dict[str, Record]:
        """Reads the index of all records.

        Args:
            study: Only those of this study.

        Returns:
            The records by id, arrays not yet read. Of several with one id the newest counts, except that a `failed` one
            never hides one that is `done` or `diverged`.

        Raises:
            UserError: A shard is truncated or damaged; the message names the file.
        """
        index: dict[str, Record] = {}
        for path in listed(self.path / "shards", ".jsonl"):
            for row in _read_shard(path):
                if study not in (None, row.study):
                    continue
                if row.status == "failed" and row.id in index and index[row.id].status != "failed":
                    continue
                index[row.id] = _record(row, path)
        return index

    def add_run(self, run: Run) -> None:
        """Stores a run.

        Raises:
            UserError: The disk is full or read-only. What was stored before is untouched.
        """
        content = msgspec.json.encode(storable(msgspec.to_builtins(run), "run"))
        path = self.path / "runs" / f"{sealed_name(content)}.json"
        with self._writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)

    def runs(self, *, latest: bool = True) -> list[Run]:
        """Reads the runs, oldest first.

        Args:
            latest: Only the newest of each request, that is of the same study, preset, seed, changed settings and data.

        Raises:
            UserError: A run's file is truncated or damaged; the message names it.
        """
        runs = [_read_run(path) for path in listed(self.path / "runs", ".json")]
        if not latest:
            return runs
        newest = {_request(run): run for run in runs}
        return [run for run in runs if newest[_request(run)] is run]

    @property
    def _marker(self) -> Path:
        return self.path / "store.json"

    def _create(self) -> None:
        try:
            taken = self.path.exists() and not self.path.is_dir()
        except OSError as error:
            raise unusable(self.path, error) from error
        if taken:
            raise UserError(f"{str(self.path)!r} is a file, and a store is a folder: choose another name")
        with self._writing():
            self.path.mkdir(parents=True, exist_ok=True)
            if self._marker.exists():
                self._check_format()
                _probe(self.path)
            else:
                write_whole(self._marker, msgspec.json.encode({"format": FORMAT}) + b"\n")

    def _check_format(self) -> None:
        try:
            version = msgspec.json.decode(read(self._marker), type=dict[str, Any])["format"]
            newer = version > FORMAT
        except (msgspec.DecodeError, KeyError, TypeError) as error:
            raise UserError(
                f"{self._marker} is damaged, it does not say the store's format: restore it from a copy, or choose "
                "another folder"
            ) from error
        if newer:
            raise UserError(
                f"the store {self.path} has format {version}, written by a newer condenslab (this one reads up to "
                f"{FORMAT}): upgrade condenslab, or choose another folder"
            )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(
                f"the store {self.path} cannot be written ({error.strerror or error}): free the disk or choose another "
                "folder; what was stored before is untouched"
            ) from error


def _probe(folder: Path) -> None:
    """Writes and removes a small file, so that a full or read-only disk shows before the computation and not after."""
    probe = folder / f".probe.{os.getpid()}.tmp"
    try:
        with probe.open("wb") as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
    finally:
        probe.unlink(missing_ok=True)


def _row(record: Record) -> _Row:
    return _Row(
        study=record.study,
        id=record.id,
        case=storable(record.case, "case"),
        status=record.status,
        message=record.message,
        values=storable(record.values),
        arrays=sorted(record.arrays),
        provenance=storable(record.provenance, "provenance"),
        checksums={name: array_checksum(_tensor(name, array)) for name, array in record.arrays.items()},
    )


def _tensor(name: str, array: Any) -> np.ndarray:
    """Makes an array what safetensors stores faithfully: C order, native byte order, a plain type."""
    array = np.asarray(array, order="C")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"the array {name!r} must hold real numbers or booleans. Got dtype {array.dtype}.")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _read_shard(path: Path) -> list[_Row]:
    content = read_sealed(path)
    try:
        rows = msgspec.json.Decoder(_Row).decode_lines(content)
    except msgspec.DecodeError as error:
        raise damaged(path, str(error)) from error
    if any(row.arrays for row in rows):
        _check_arrays(path.with_suffix(".safetensors"))
    return rows


def _check_arrays(path: Path) -> None:
    """Opens an arrays file; safetensors compares its length with its header and reads no more than that."""
    try:
        with safe_open(path, framework="numpy"):
            pass
    except (SafetensorError, OSError) as error:
        raise damaged(path, str(error)) from error


def _record(row: _Row, path: Path) -> Record:
    arrays = ShardArrays(path.with_suffix(".safetensors"), row.id, row.arrays, row.checksums) if row.arrays else {}
    return Record(row.study, row.id, row.case, row.status, row.message, row.values, arrays, row.provenance)


def _read_run(path: Path) -> Run:
    try:
        run = msgspec.json.decode(read_sealed(path), type=Run)
        check_foreign(run)
    except msgspec.DecodeError as error:
        raise damaged(path, str(error)) from error
    return run


def _request(run: Run) -> bytes:
    data = run.data and run.data.get("digest")
    return msgspec.json.encode((run.study, run.preset, run.seed, data, run.overrides), order="sorted")
