"""Writes a page a study when the documentation is built: from the registry and the verdicts in results.md."""

import re
from pathlib import Path

from condenslab import studies

_HEADING = re.compile(r"^## (\w+)$", re.MULTILINE)


def write(folder: Path, results: str) -> None:
    """Writes the page of every study, and their index.

    Args:
        folder: Where; pages that are as they should be are left alone, so that Sphinx reads only what changed.
        results: The text of results.md.
    """
    folder.mkdir(exist_ok=True)
    recorded = sections(results)
    pages = {name: page(studies.get(name), recorded.get(name, "")) for name in studies.names()}
    pages["index"] = _index(sorted(pages))
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in folder.glob("*.md"):
        if path.stem not in pages:
            path.unlink()


def sections(results: str) -> dict[str, str]:
    """Returns what results.md says of each study, by name."""
    parts = _HEADING.split(results)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


def page(study: studies.Study, recorded: str) -> str:
    """Returns the page of a study as Markdown.

    Args:
        study: The study.
        recorded: Its section of results.md; empty where no run of it is recorded.
    """
    lines = [f"# {study.name}", "", f"**{study.question}**", "", f"Source: {study.source}. Part: {study.part}.", ""]
    lines += ["## Command", "", f"    condenslab run {study.name} --preset quick --out runs", ""]
    lines += ["    condenslab report runs -o atlas.html", "", "## Settings", "", _settings(study), "## Claims", ""]
    if recorded:
        lines += ["As last recorded in [results](../results.md):", "", recorded, ""]
    else:
        lines += ["No run is recorded in [results](../results.md). What it claims:", ""]
        lines += [f"- {_escaped(text)}" for text in study.claim_statements] + [""]
    return "\n".join(lines)


def _settings(study: studies.Study) -> str:
    presets = study.presets
    fields = dict.fromkeys(field for preset in presets.values() for field in type(preset).__dataclass_fields__)
    rows = [f"| {' | '.join(['setting', *presets])} |", "|" + "---|" * (len(presets) + 1)]
    for field in fields:
        values = (_escaped(str(getattr(preset, field, ""))) for preset in presets.values())
        rows.append(f"| `{field}` | {' | '.join(values)} |")
    return "\n".join([*rows, ""])


def _escaped(text: str) -> str:
    return re.sub(r"([|*<>$\[\]])", r"\\\1", text)


def _index(names: list[str]) -> str:
    rows = [f"- [{name}]({name}.md): {_escaped(studies.get(name).question)}" for name in names]
    tree = ["```{toctree}", ":hidden:", "", *names, "```"]
    return "\n".join(["# The studies", "", "Each asks one question.", "", *rows, "", *tree, ""])
