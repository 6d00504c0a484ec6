"""`condenslab prove`: the critical points of a store, and a certificate file of each that is proven."""

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from condenslab.cli import show
from condenslab.errors import UserError
from condenslab.sweeps import Store

_KEY = "critical_points"


def prove_store(folder: str, study: str | None, output: str) -> list[dict[str, Any]]:
    """Proves every critical point that the records of a store hold, and writes the certificates.

    Args:
        folder: The store.
        study: Only records of this study, or None.
        output: Folder for the certificates.

    Returns:
        A row for each point, in the order of the records.

    Raises:
        UserError: There is no store, no record holds critical points, python-flint is missing, or a certificate cannot
            be written.
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
    rows = []
    for record in records:
        problem, networks = proof.points_of(record.values[_KEY])
        for number, network in enumerate(networks):
            found = proof.prove(problem, network)
            file = Path(output) / f"{record.study}-{record.id[:12]}-{number}.json"
            if found.proven:
                write(file, found.certificate())
            rows.append(_row(record.study, record.id, number, found, str(file) if found.proven else None))
    return rows


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
    lines = [show.item("proven" if row["proven"] else "NOT proven", _sentence(row)) for row in rows]
    proven = sum(row["proven"] for row in rows)
    return "\n".join([*lines, f"{len(rows)} points: {proven} proven, {len(rows) - proven} not"])


def _sentence(row: dict[str, Any]) -> str:
    name = f"{row['study']} {row['record'][:12]} point {row['point']}"
    if not row["proven"]:
        return f"{name}: {row['reason']}"
    signs = f"inertia {tuple(row['inertia'])}" + (f", {row['open']} signs open" if row["open"] else "")
    near = "" if row["unique_within"] is None else f", the only one within {row['unique_within']:.2g}"
    return f"{name}: {row['kind']}, {signs}{near}; {row['certificate']}"


def _row(study: str, record: str, number: int, found: Any, file: str | None) -> dict[str, Any]:
    isolated = found.isolated
    return {
        "study": study,
        "record": record,
        "point": number,
        "kind": "isolated point" if isolated else "embedded or on a section",
        "proven": found.proven,
        "inertia": list(found.inertia.counts),
        "open": found.inertia.open,
        "unique_within": found.radius if isolated else None,
        "precision": found.precision,
        "reason": found.reason or None,
        "certificate": file,
    }
