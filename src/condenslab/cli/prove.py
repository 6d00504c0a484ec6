"""`condenslab prove`: the critical points of a store, and a certificate file of each that is proven."""

import contextlib
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from condenslab.cli import show
from condenslab.errors import UserError
from condenslab.sweeps import Record, Store

_KEY = "critical_points"
_SAFE = re.compile(r"[^\w-]", re.ASCII)  # names come from files that anybody may have written


def prove_store(folder: str, study: str | None, output: str) -> list[dict[str, Any]]:
    """Proves every critical point that the records of a store hold, and writes the certificates.

    Args:
        folder: The store.
        study: Only records of this study, or None.
        output: Folder for the certificates.

    Returns:
        A row for each point, in the order of the records; a record or point that is malformed, or whose certificate
        cannot be written, gets a row with the sentence, and the others are proven all the same.

    Raises:
        UserError: There is no store, no record holds critical points, python-flint is missing, or the folder for the
            certificates cannot be written.
    """
    records = [record for record in Store(folder).records(study).values() if record.values.get(_KEY)]
    if not records:
        whose = "of any study" if study is None else f"of the study {study}"
        raise UserError(
            f"the folder {folder} has no record {whose} with critical points (values.{_KEY}); run exercise_proof, "
            "embedding_width or recovery first, or store your own with landscape.proof.stored_points"
        )
    try:
        from condenslab.landscape import proof
    except ImportError as error:
        raise UserError(str(error)) from error
    _require_writable(Path(output))
    rows = []
    for record in records:
        try:
            problem, described = proof.described_points(record.values[_KEY])
        except UserError as error:
            rows.append(_damaged(record, None, str(error)))
            continue
        rows += [_point_row(record, number, (problem, point), Path(output)) for number, point in enumerate(described)]
    return rows


def damaged(rows: list[dict[str, Any]]) -> bool:
    """Returns whether something was malformed, or a certificate could not be written: the exit status is then 1.

    Args:
        rows: As `prove_store` returns them.
    """
    return any(row["kind"] is None or (row["proven"] and row["certificate"] is None) for row in rows)


def _point_row(record: Record, number: int, about: tuple[Any, Any], output: Path) -> dict[str, Any]:
    from condenslab.landscape import proof

    try:
        found = proof.prove(about[0], proof.network_of(about[1]))
    except (UserError, TypeError, ArithmeticError) as error:
        return _damaged(record, number, str(error))
    row = _row(record, number, found)
    if not found.proven:
        return row
    file = output / f"{_SAFE.sub('_', record.study)}-{_SAFE.sub('_', record.id)}-{number}.json"
    try:
        write(file, found.certificate())
    except UserError as error:
        return {**row, "reason": str(error)}
    return {**row, "certificate": str(file)}


def _require_writable(folder: Path) -> None:
    """Refuses a folder in which nothing can be written, before minutes are spent on proofs."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(f"certificates cannot be written into {folder}: {error.strerror or error}") from error


def write(file: Path, certificate: dict[str, Any]) -> None:
    """Writes a certificate; a reader sees the old file or the new one, never half of it.

    Args:
        file: Where to.
        certificate: Plain values.

    Raises:
        UserError: It cannot be written.
    """
    kept = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, kept = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(json.dumps(certificate, indent=1, ensure_ascii=False) + "\n")
        Path(kept).replace(file)
    except OSError as error:
        if kept is not None:
            with contextlib.suppress(OSError):
                Path(kept).unlink()
        raise UserError(f"the certificate {file} cannot be written: {error.strerror or error}") from error


def as_text(rows: list[dict[str, Any]]) -> str:
    """Writes the rows for people.

    Args:
        rows: As `prove_store` returns them.
    """
    lines = [show.item(_label(row), _sentence(row)) for row in rows]
    points = [row for row in rows if row["kind"] is not None]
    proven, bad = sum(row["proven"] for row in points), len(rows) - len(points)
    more = f"; {bad} malformed" if bad else ""
    return "\n".join([*lines, f"{len(points)} points: {proven} proven, {len(points) - proven} not{more}"])


def _label(row: dict[str, Any]) -> str:
    return "proven" if row["proven"] else "MALFORMED" if row["kind"] is None else "NOT proven"


def _sentence(row: dict[str, Any]) -> str:
    name = f"{row['study']} {row['record'][:12]}" + ("" if row["point"] is None else f" point {row['point']}")
    if not row["proven"]:
        return f"{name}: {row['reason']}"
    signs = f"inertia {tuple(row['inertia'])}" + (f", {row['open']} signs open" if row["open"] else "")
    near = "" if row["unique_within"] is None else f", the only one within {row['unique_within']:.2g}"
    return f"{name}: {row['kind']}, {signs}{near}; {row['certificate'] or row['reason']}"


def _row(record: Record, number: int, found: Any) -> dict[str, Any]:
    isolated = found.isolated
    return {
        "study": record.study,
        "record": record.id,
        "point": number,
        "kind": "isolated point" if isolated else "embedded or on a section",
        "proven": found.proven,
        "inertia": list(found.inertia.counts),
        "open": found.inertia.open,
        "unique_within": found.radius if isolated else None,
        "precision": found.precision,
        "reason": found.reason or None,
        "certificate": None,
    }


def _damaged(record: Record, number: int | None, reason: str) -> dict[str, Any]:
    """Returns the row of what cannot be read: a whole record, or one of its points."""
    empty = dict.fromkeys(("kind", "inertia", "open", "unique_within", "precision", "certificate"))
    return {"study": record.study, "record": record.id, "point": number, **empty, "proven": False, "reason": reason}
