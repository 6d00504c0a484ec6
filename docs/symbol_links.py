"""Links the names and letters of symbols.md to it wherever a page uses them: at the first use in each section."""

import re
from collections.abc import Iterator

from docutils import nodes
from sphinx import addnodes

PAGE = "symbols"
"""The page that defines them."""

_TERM = re.compile(r"^([^\n:|{#]+)\n: (.+)$", re.MULTILINE)
_LITERAL = (
    *(nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.title, nodes.reference, nodes.raw),
    *(nodes.Inline, nodes.comment, addnodes.pending_xref, addnodes.desc_signature, nodes.field_name),
)
"""What holds no prose; nodes.Inline, as a class, has among it whatever is linked or code already."""
_PROSE = (nodes.emphasis, nodes.strong)


def definitions(text: str) -> dict[str, str]:
    """Returns what symbols.md says of each term of its lists."""
    return dict(_TERM.findall(text))


def linked(terms: dict[str, str]) -> re.Pattern[str] | None:
    """Returns what is linked of the terms: abbreviations and letters that are not words or common Latin letters."""
    found = [term for term in terms if term == "O" or re.search(r"[A-Z].*[A-Z0-9_₀-₉]|^[^\x00-\x7f]", term)]
    names = sorted((re.escape(term) for term in found), key=len, reverse=True)
    return re.compile(rf"(?<![\w.^·/-])(?:{'|'.join(names)})(?![\w′^(/·]|-\w)") if names else None


def link(doctree: nodes.document, name: str, terms: dict[str, str], pattern: re.Pattern[str]) -> None:
    """Makes the first use of a term in each section a link to its definition, which it shows under the pointer."""
    if name == PAGE:
        return
    seen: set[tuple[int, str]] = set()
    for text in list(doctree.findall(nodes.Text)):
        parents = list(_parents(text))
        if any(isinstance(parent, _LITERAL) and not isinstance(parent, _PROSE) for parent in parents):
            continue
        section = next((id(parent) for parent in parents if isinstance(parent, nodes.section)), 0)
        parts, end = [], 0
        for match in pattern.finditer(text):
            if (section, match.group()) not in seen:
                seen.add((section, match.group()))
                parts += [nodes.Text(text[end : match.start()]), _reference(match.group(), terms[match.group()], name)]
                end = match.end()
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text[end:])])


def _parents(node: nodes.Node) -> Iterator[nodes.Node]:
    while node.parent is not None:
        node = node.parent
        yield node


def _reference(term: str, meaning: str, name: str) -> addnodes.pending_xref:
    plain = re.sub(r"\*|\]\([^)]*\)|\[", "", meaning)
    shown = nodes.abbreviation(term, term, explanation=plain)
    return addnodes.pending_xref(
        "", shown, refdomain="std", reftype="term", reftarget=term, refdoc=name, refexplicit=True, refwarn=True
    )
