"""Turns the tables of docs/map into links: to functions, to studies with their verdicts, and to the code of tests."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent

_TABLE = re.compile(r"^\| statement \|.*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)
_CLAIM = re.compile(r"^\| (holds|fails|undecided) \| (.*?) \| [^|]*\| [^|]*\| [^|]*\|$", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """A statement of the map.

    Attributes:
        statement: What the theory says, in Markdown.
        functions: Names below `condenslab` that compute it.
        studies: Studies that test it, each with words of the claims that do: none where all of them do; empty ones
            where the study only uses it.
        tests: Files below tests, and the tests in them.
    """

    statement: str
    functions: list[str]
    studies: list[tuple[str, str | None]]
    tests: list[tuple[str, str]]


def rows(text: str) -> list[Row]:
    """Returns the rows of all tables of a page of the map."""
    return [row for table in _TABLE.findall(text) for row in _rows(table)]


def page(name: str, text: str, results: dict[str, str]) -> str:
    """Returns a page of the map with links, to be read by Sphinx.

    Args:
        name: The page: it tells where the code of its tests is shown.
        text: The page as it is written, with tables.
        results: The recorded verdicts of each study, by name.
    """
    return _TABLE.sub(lambda table: "\n".join(_entry(name, row, results) for row in _rows(table.group(1))), text)


def tests_page(name: str, text: str) -> str:
    """Returns the page that shows the code of the tests which a page of the map names."""
    lines = ["---", "orphan: true", "---", "", f"# Tests of the map: {name.replace('_', ' ')}", ""]
    lines += [f"What [the map](../map/{name}.md) names, as it is in the repository.", ""]
    for file, test in dict.fromkeys(test for row in rows(text) for test in row.tests):
        path = source(file, test).relative_to(ROOT)
        lines += [
            f"({_label(name, file, test)})=",
            "",
            f"## {path.name}, {test.removeprefix('test_')}".replace("_", " "),
            "",
        ]
        lines += [f"In `{path}`:", "", "```python", code(ROOT / path, test), "```", ""]
    return "\n".join(lines)


def write(folder: Path, maps: Path) -> None:
    """Writes the pages that show the code of tests; pages that are as they should be are left alone."""
    folder.mkdir(exist_ok=True)
    pages = {path.name: tests_page(path.stem, path.read_text(encoding="utf-8")) for path in sorted(maps.glob("*.md"))}
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def source(file: str, test: str) -> Path:
    """Returns the one file below tests of this name that defines this test.

    Raises:
        ValueError: None does, or several do.
    """
    found = [path for path in (ROOT / "tests").rglob(file) if f"\ndef {test}(" in path.read_text(encoding="utf-8")]
    if len(found) != 1:
        raise ValueError(f"the map names the test {file}::{test}; there are {len(found)} of it below tests")
    return found[0]


def code(path: Path, test: str) -> str:
    """Returns the lines of a test, from its first decorator on."""
    text = path.read_text(encoding="utf-8")
    (node,) = (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == test)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])


def verdicts(study: str, words: Sequence[str | None], results: dict[str, str]) -> Counter[str]:
    """Returns how many recorded claims of a study hold, fail and are undecided, of those that are meant.

    Args:
        study: Its name.
        words: Each of claims that are meant; None for all, empty for none. A claim counts once.
        results: The recorded verdicts of each study, by name.

    Raises:
        ValueError: No claim of the study contains some of the words.
    """
    claims = _CLAIM.findall(results.get(study, ""))
    meant = [[word is None or bool(word and word in claim) for _, claim in claims] for word in words]
    for word, found in zip(words, meant, strict=True):
        if word and claims and not any(found):
            raise ValueError(f'the map names claims of {study} with the words "{word}"; none are recorded')
    return Counter(verdict for (verdict, _), *found in zip(claims, *meant, strict=True) if any(found))


def _rows(table: str) -> Iterator[Row]:
    for line in table.splitlines():
        cells = line.split("|")[1:-1]
        if len(cells) != 4:
            raise ValueError(
                f"a row of the map has statement, function, study and test; this one has {len(cells)} cells: {line}"
            )
        statement, functions, studies, tests = (cell.strip() for cell in cells)
        yield Row(
            statement,
            re.findall(r"`((?:\w+\.)+\w+)`", functions),
            [(found[1], found[2]) for found in re.finditer(r'`(\w+)`(?: "([^"]*)")?', studies)],
            re.findall(r"`(\w+\.py)::(\w+)`", tests),
        )


def _entry(name: str, row: Row, results: dict[str, str]) -> str:
    """A statement as the term of a definition list: {any} and the links warn where they lead nowhere."""
    functions = ", ".join(f"{{any}}`{function} <condenslab.{function}>`" for function in row.functions)
    tests = ", ".join(
        f"[{test.removeprefix('test_').replace('_', ' ')}](#{_label(name, file, test)})" for file, test in row.tests
    )
    lines = [row.statement, f": *function* {functions}"]
    told: dict[str, str] = {}
    for study in dict.fromkeys(study for study, _ in row.studies):
        named = [words for other, words in row.studies if other == study]
        told[study] = "uses it" if named == [""] else _told(verdicts(study, named, results))
    lines += [f": *study* [{study}](../studies/{study}.md): {words}" for study, words in told.items()]
    return "\n".join([*lines, f": *tested* {tests}", ""])


def _told(counts: Counter[str]) -> str:
    if not counts:
        return "no run recorded"
    words = {"holds": "hold", "fails": "fail", "undecided": "undecided"} if counts.total() > 1 else {}
    return ", ".join(
        f"{counts[verdict] if words else ''} **{words.get(verdict, verdict)}**".strip()
        for verdict in ("holds", "fails", "undecided")
        if counts[verdict]
    )


def _label(name: str, file: str, test: str) -> str:
    return f"{name}-{file.removesuffix('.py')}-{test}".replace("_", "-")
