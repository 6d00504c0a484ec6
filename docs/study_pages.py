"""Writes a page a study when the documentation is built: from the registry and the recorded verdicts."""

import json
import re
from collections import Counter
from pathlib import Path

from condenslab import studies

IMAGES = Path(__file__).parent / "images" / "studies"


def write(folder: Path, recorded: dict[str, str]) -> None:
    """Writes the page of every study, and their index.

    Args:
        folder: Where; pages that are as they should be are left alone, so that Sphinx reads only what changed.
        recorded: What `verdicts` returns.
    """
    folder.mkdir(exist_ok=True)
    pages = {name: page(studies.get(name), recorded.get(name, "")) for name in studies.names()}
    pages["index"] = _index(sorted(pages), recorded)
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in folder.glob("*.md"):
        if path.stem not in pages:
            path.unlink()


def verdicts(folder: Path) -> dict[str, str]:
    """Returns what write_results.py wrote of each study, by name.

    Args:
        folder: docs/verdicts.
    """
    return {path.stem: path.read_text(encoding="utf-8").strip() for path in sorted(folder.glob("*.md"))}


def counted(recorded: str) -> Counter[str]:
    """Returns how many claims hold, fail and are undecided.

    Args:
        recorded: What write_results.py wrote of a study.
    """
    return Counter(re.findall(r"^\| (holds|fails|undecided) \|", recorded, re.MULTILINE))


def page(study: studies.Study, recorded: str) -> str:
    """Returns the page of a study as Markdown.

    Args:
        study: The study.
        recorded: Its recorded verdicts; empty where no run of it is recorded.
    """
    lines = [f"# {study.name}", "", f"**{study.question}**", "", f"Source: {study.source}. Part: {study.part}.", ""]
    lines += _picture(study.name)
    lines += ["## Command", "", f"    condenslab run {study.name} --preset quick --out runs", ""]
    lines += ["    condenslab report runs -o atlas.html", "", "## Settings", "", _settings(study), "## Claims", ""]
    if recorded:
        lines += ["As last recorded ([all studies](../results.md)):", "", recorded, ""]
    else:
        lines += ["No run is recorded. What it claims:", ""]
        lines += [f"- {escaped(text)}" for text in study.claim_statements] + [""]
    return "\n".join([*lines, *_figures(study)])


def _picture(name: str) -> list[str]:
    """The study's first figure, as draw_images.py drew it from the recorded run, and what is to be seen in it."""
    told = json.loads((IMAGES / "captions.json").read_text(encoding="utf-8")).get(name)
    if told is None:
        return []
    alternative = re.sub(r"[\[\]\n]", " ", told["title"])
    return [f"![{escaped(alternative)}](../images/studies/{name}.png)", "", escaped(told["caption"]), ""]


def _figures(study: studies.Study) -> list[str]:
    """Which figures show which claims, and the command that writes them."""
    statements = [statement for preset in study.presets.values() for statement in study.statements(preset)]
    claims: dict[str, list[str]] = {}
    for statement in statements:
        shown = claims.setdefault(statement.figure, []) if statement.figure else []
        if (label := statement.label or statement.text) not in shown:
            shown.append(label)
    lines = [f"- *{escaped(title)}*: {escaped('; '.join(labels))}" for title, labels in claims.items()]
    if lines:
        lines = ["Of these some show claims:", "", *lines, ""]
    command = f"    condenslab figures runs --study {study.name} --format svg"
    return [
        "## Figures",
        "",
        "The page that `report` writes shows all of them, and this writes them as files:",
        "",
        command,
        "",
        *lines,
    ]


def _settings(study: studies.Study) -> str:
    presets = study.presets
    fields = dict.fromkeys(field for preset in presets.values() for field in type(preset).__dataclass_fields__)
    rows = [f"| {' | '.join(['setting', *presets])} |", "|" + "---|" * (len(presets) + 1)]
    for field in fields:
        values = (escaped(str(getattr(preset, field, ""))) for preset in presets.values())
        rows.append(f"| `{field}` | {' | '.join(values)} |")
    return "\n".join([*rows, ""])


def escaped(text: str) -> str:
    """Returns a text so that Markdown shows it as it is, in a table too."""
    return re.sub(r"([|*<>$\[\]])", r"\\\1", text)


def _index(names: list[str], recorded: dict[str, str]) -> str:
    rows = []
    for name in names:
        found = counted(recorded.get(name, ""))
        told = f" {found['holds']} of {found.total()} claims hold." if found else " No run is recorded."
        rows.append(f"- [{name}]({name}.md): {escaped(studies.get(name).question)}{told}")
    tree = ["```{toctree}", ":hidden:", "", *names, "```"]
    return "\n".join(["# The studies", "", "Each asks one question.", "", *rows, "", *tree, ""])
