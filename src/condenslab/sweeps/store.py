"""The store: a folder of immutable shards, one a batch, and one file a run. Nothing in it is ever changed or deleted.

    store.json          {"format": 1}
    shards/NAME.jsonl   one record a line; its presence is what commits the shard
    shards/NAME.safetensors   the arrays of those records, where they have any
    runs/NAME.json      one run: settings, ids of its records, claims
    plans/NAME.json     what a run was asked for, written when it begins: its cases, batches and memory
    quarantine/         what was found damaged, moved there by the next run, which computes it again
    .jobs/              files and logs of a batch system

NAME is the time and the checksum of the file. Files are written aside and renamed, arrays first: a process killed at
any moment leaves at most a hidden temporary file, or arrays without rows, and both are ignored.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from condenslab.errors import UserError
from condenslab.sweeps.content import check_foreign
from condenslab.sweeps.files import damaged, listed, read, read_sealed, sealed_name, unusable, write_whole
from condenslab.sweeps.records import Record, Run, Status, storable
from condenslab.sweeps.shards import Head, encoded, read_heads, read_rows, record_of

FORMAT = 1
"""Version of the layout above; a store of a higher one is refused, untouched."""

Say = Callable[[str], None] | None
"""Takes a sentence for the user."""


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
        rows, arrays = encoded(list(records))
        rows_file = self.path / "shards" / f"{sealed_name(rows)}.jsonl"
        with self.writing():
            rows_file.parent.mkdir(parents=True, exist_ok=True)
            if arrays:
                write_whole(rows_file.with_suffix(".safetensors"), arrays)
            try:
                write_whole(rows_file, rows)
            except BaseException:
                if not rows_file.exists():
                    rows_file.with_suffix(".safetensors").unlink(missing_ok=True)
                raise

    def records(self, study: str | None = None, shards: Iterable[Path] | None = None) -> dict[str, Record]:
        """Reads the index of all records.

        Args:
            study: Only those of this study.
            shards: Only what these files hold.

        Returns:
            The records by id, arrays not yet read. Of several with one id the newest counts, except that a `failed` one
            never hides one that is `done` or `diverged`.

        Raises:
            UserError: A shard is truncated or damaged; the message names the file.
        """
        index: dict[str, Record] = {}
        for record in self.scan(study, shards):
            if record.status == "failed" and record.id in index and index[record.id].status != "failed":
                continue
            index[record.id] = record
        return index

    def scan(self, study: str | None = None, shards: Iterable[Path] | None = None) -> Iterator[Record]:
        """Reads record after record, oldest first, holding one shard at a time.

        Args:
            study: Only those of this study.
            shards: Only what these files hold.

        Yields:
            The records; where there are several with one id, each of them.

        Raises:
            UserError: A shard is truncated or damaged; the message names the file.
        """
        for path in self.shards() if shards is None else shards:
            yield from (record_of(row, path) for row in read_rows(path) if study in (None, row.study))

    def heads(self, shards: Iterable[Path] | None = None, say: Say = None) -> Iterator[Head]:
        """Reads study, id and status of record after record, oldest first.

        Args:
            shards: The files of the rows of some shards, or None for all.
            say: Called with the sentence on a damaged shard, which is left out then; without it, it is raised.

        Yields:
            What is to be known of a record before a sweep; where there are several with one id, each of them.

        Raises:
            UserError: A shard is truncated or damaged; the message names the file.
        """
        for path in self.shards() if shards is None else shards:
            try:
                yield from read_heads(path)
            except UserError as error:
                if say is None:
                    raise
                say(str(error))

    def statuses(
        self, study: str | None = None, shards: Iterable[Path] | None = None, *, damaged: bool = False
    ) -> dict[str, Status]:
        """Reads the statuses of all records by id.

        Args:
            study: Only those of this study.
            shards: Only what these files hold.
            damaged: Whether damaged shards are left out, not raised.

        Raises:
            UserError: A shard is truncated or damaged; the message names the file.
        """
        found: dict[str, Status] = {}
        for head in self.heads(shards, (lambda _: None) if damaged else None):
            if study in (None, head.study) and not (head.status == "failed" and head.id in found):
                found[head.id] = head.status
        return found

    def shards(self) -> list[Path]:
        """Returns the files of the rows of all shards, oldest first."""
        return listed(self.path / "shards", ".jsonl")

    def add_run(self, run: Run) -> None:
        """Stores a run.

        Raises:
            UserError: The disk is full or read-only. What was stored before is untouched.
        """
        content = msgspec.json.encode(storable(msgspec.to_builtins(run), "run"))
        path = self.path / "runs" / f"{sealed_name(content)}.json"
        with self.writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)

    def runs(self, *, latest: bool = True) -> list[Run]:
        """Reads the runs, oldest first.

        Args:
            latest: Only the newest of each request, that is of the same study, preset, seed, changed settings and data.

        Raises:
            UserError: A run's file is truncated or damaged; the message names it.
        """
        runs = [read_run(path) for path in listed(self.path / "runs", ".json")]
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
        with self.writing():
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
            if type(version) is not int or version < 1:
                raise TypeError
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
    def writing(self) -> Iterator[None]:
        """Tells what goes wrong while the store is written to.

        Raises:
            UserError: The disk is full or read-only, or the like.
        """
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


def read_run(path: Path) -> Run:
    """Reads a run.

    Args:
        path: Its file.

    Raises:
        UserError: It is truncated or damaged.
    """
    try:
        run = msgspec.json.decode(read_sealed(path), type=Run)
        check_foreign(run)
    except msgspec.DecodeError as error:
        raise damaged(path, str(error)) from error
    return run


def _request(run: Run) -> bytes:
    data = run.data and run.data.get("digest")
    return msgspec.json.encode((run.study, run.preset, run.seed, data, run.overrides), order="sorted")
