"""Parts of the page that wait, compressed, until they are asked for; an earlier page gives back what still fits."""

import base64
import binascii
import gzip
import hashlib
import re
import zlib
from collections.abc import Mapping
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import msgspec

import condenslab
from condenslab import studies
from condenslab.errors import UserError
from condenslab.sweeps import Record, Run

_PART = re.compile(
    r'<script type="application/gzip" data-name="([\w.-]+)" data-key="([0-9a-f]{32})">([A-Za-z0-9+/=]*)</script>'
)
_DRAWN_BY = ("figures", "report", "studies")


def packed(text: str) -> str:
    """Returns a text compressed, in base64; equal texts give equal results."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def unpacked(part: str) -> str:
    """Returns the text of a part.

    Raises:
        ValueError: The part is damaged.
    """
    try:
        return gzip.decompress(base64.b64decode(part, validate=True)).decode()
    except (OSError, EOFError, binascii.Error, UnicodeDecodeError, zlib.error) as error:
        raise ValueError(f"a part of the page is damaged: {error}") from error


def earlier(page: Path) -> dict[str, dict[str, str]]:
    """Reads the parts of an earlier page that are whole.

    Args:
        page: Its path; where there is no page, or another file, nothing is found.

    Returns:
        By key the parts by name.
    """
    try:
        text = page.read_text(encoding="utf-8") if page.is_file() else ""  # a device or a pipe need not end
    except (OSError, UnicodeDecodeError):
        return {}
    found: dict[str, dict[str, str]] = {}
    for name, key, part in _PART.findall(text):
        found.setdefault(key, {})[name] = part
    return {key: parts for key, parts in found.items() if all(map(_whole, parts.values()))}


def key(run: Run, records: Mapping[str, Record], anchor: str) -> str:
    """Returns the key of what is drawn of a run: equal only where the run, its records and the drawing code are.

    Args:
        run: The run.
        records: The records of the store by id.
        anchor: The id of its chapter.

    Returns:
        The key, empty where it cannot be known, as for a study whose drawing is not code of a file.
    """
    try:
        study = studies.get(run.study)
        module = import_module(study.figures.partition(":")[0])
        code = Path(str(module.__file__)).read_bytes()
    except (UserError, AttributeError, ImportError, ValueError, OSError):
        return ""
    mine = [_row(records[name]) for name in run.records if name in records]
    content = [anchor, msgspec.to_builtins(run), mine, study.revision, study.question, study.source]
    digest = hashlib.sha256(msgspec.json.encode(content, enc_hook=str) + code + _code())
    return digest.hexdigest()[:32]


def _row(record: Record) -> list[Any]:
    """Returns what tells a record from an earlier one of the same case: the time it was made is in its provenance."""
    return [record.id, record.status, record.message, record.values, sorted(record.arrays), record.provenance]


@cache
def _code() -> bytes:
    """Returns the digest of the code that draws."""
    digest = hashlib.sha256("".join(metadata.version(name) for name in ("matplotlib", "numpy", "plotly")).encode())
    root = Path(condenslab.__file__).parent
    for folder in _DRAWN_BY:
        for path in sorted(root.joinpath(folder).rglob("*")):
            if path.is_file() and path.suffix in (".py", ".html", ".css", ".js"):
                digest.update(path.name.encode() + path.read_bytes())
    return digest.digest()


def _whole(part: str) -> bool:
    try:
        unpacked(part)
    except ValueError:
        return False
    return True
