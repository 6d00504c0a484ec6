"""`condenslab verify`: reads a certificate and has the independent checker go through it."""

import json
from pathlib import Path
from typing import Any

from condenslab.cli import show
from condenslab.errors import UserError
from condenslab.tasks.files import regular_size

_LARGEST = 500_000_000


def verify_file(name: str) -> dict[str, Any]:
    """Checks the certificate in a file.

    Args:
        name: The file.

    Returns:
        "file", "kind", "verified" and "sentence"; a file that is no JSON is refused like any other damage.

    Raises:
        UserError: There is no such file, it is too large, or python-flint is missing.
    """
    if not name:
        raise UserError("verify needs the file of a certificate: condenslab verify CERTIFICATE")
    if regular_size(name) > _LARGEST:
        raise UserError(f"the file {name} is larger than {_LARGEST} bytes, which no certificate is")
    try:
        text = Path(name).read_bytes()
    except OSError as error:
        raise UserError(f"the certificate {name} cannot be read: {error.strerror or error}") from error
    try:
        from condenslab.checker import verify
    except ImportError as error:
        raise UserError(str(error)) from error
    try:
        values = json.loads(text, object_pairs_hook=_pairs)
    except UserError as error:
        return {"file": name, "kind": "", "verified": False, "sentence": f"refused: {error}"}
    except (ValueError, RecursionError):
        sentence = "refused: the file is not JSON: it was cut short or changed, or is no certificate"
        return {"file": name, "kind": "", "verified": False, "sentence": sentence}
    verdict = verify(values)
    return {"file": name, "kind": verdict.kind, "verified": verdict.verified, "sentence": verdict.sentence}


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses a key that is there twice: what is checked would not be what another reader sees."""
    values = dict(pairs)
    if len(values) < len(pairs):
        twice = next(key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1)
        raise UserError(f"the key {twice[:40]!r} is there twice")
    return values


def as_text(row: dict[str, Any]) -> str:
    """Writes the verdict for people.

    Args:
        row: As `verify_file` returns it.
    """
    return show.item("verified" if row["verified"] else "REFUSED", row["sentence"].removeprefix("refused: "))
