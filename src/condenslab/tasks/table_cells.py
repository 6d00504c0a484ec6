"""What to do about a cell that is no number, and about a file that is no text."""

import re

_MISSING = {"", "na", "n/a", "#n/a", "null", "none", "nil", "?", "-", "--", ".", "*", "missing", "unknown"}
_TRUTH = {"true", "false", "yes", "no", "t", "f", "y", "n", "on", "off"}
_DATE = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|\d{1,2}:\d{2}.*"
_THOUSANDS = r"[+-]?\d{1,3}([ '’,]\d{3})+(\.\d*)?"
_COMMA = r"[+-]?\d*,\d+([eE][+-]?\d+)?"
_UNIT = r"[+-]?[\d.]+([eE][+-]?\d+)?\s*[^\d\s.,eE].*|[$€£¥]\s*[\d.,-]+"
_REMEDIES = (
    (_DATE, "write a date or time as a number, such as days since the first"),
    (_THOUSANDS, "write a number with a decimal point and no marks between thousands"),
    (_COMMA, "write a number with a decimal point"),
    (_UNIT, "write the number alone, its unit in the first line"),
)
_MAGIC = (
    (b"\x1f\x8b", "it is packed by gzip: unpack it first"),
    (b"PK\x03\x04", "it is an Excel sheet or another ZIP archive: save the samples as CSV in UTF-8"),
    (b"PAR1", "it is a Parquet file: save the samples as CSV in UTF-8"),
    (b"\x93NUMPY", "it is a NumPy file: numpy.savetxt with delimiter=',' writes CSV"),
    (b"\xd0\xcf\x11\xe0", "it is an old Excel sheet: save the samples as CSV in UTF-8"),
    (b"\xff\xfe", "it is UTF-16: save the samples as CSV in UTF-8"),
    (b"\xfe\xff", "it is UTF-16: save the samples as CSV in UTF-8"),
    (b"", "it has zero bytes: save the samples as CSV in UTF-8"),
)


def complaint(cell: str, *, last: bool) -> str:
    """Returns what a cell is instead of a number, and what to do: "'n.a.', which is not a number: …".

    Args:
        cell: Its text.
        last: Whether it is the last of its line.
    """
    word = cell.strip()
    if not word:
        ending = " (or remove the separator at the end of every line)" if last else ""
        return f"empty: fill it in or leave the line out{ending}"
    return f"{word[:40]!r}, which is not a number: {remedy(word)}"


def remedy(word: str) -> str:
    """Returns what to write instead of a word, by what it seems to be.

    Args:
        word: Without blanks around it.

    Example:
        >>> remedy("NA"), remedy("1,5")
        ('fill in what is missing, or leave the line out', 'write a number with a decimal point')
    """
    if word.lower() in _MISSING:
        return "fill in what is missing, or leave the line out"
    if word.lower() in _TRUTH:
        return "write 1 and 0 for the two"
    for pattern, said in _REMEDIES:
        if re.fullmatch(pattern, word):
            return said
    if re.match(r"[A-Za-z]{2}", word):
        return "write a number with a decimal point there; of a column of words make columns of 0 and 1, one a word"
    return "write a number with a decimal point there"


def kind_of(content: bytes) -> str:
    """Returns what a file with zero bytes is, and what to do.

    Args:
        content: Its beginning.
    """
    return next(said for magic, said in _MAGIC if content.startswith(magic))
