"""Sphinx configuration: markdown pages (myst), API pages from the docstrings (autodoc)."""

import importlib
import re
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "src"), str(Path(__file__).parent)]

import constants
import map_pages
import study_pages
import symbol_links
from sphinx.util import logging

import condenslab

project = "condenslab"
author = "the condenslab authors"
copyright = "2026, the condenslab authors"
release = version = condenslab.__version__

extensions = ["myst_parser", "formulas", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build", "verdicts"]
default_role = "code"

myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath", "deflist", "attrs_block"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False

html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["docs.css"]
html_theme = "furo"
html_title = "condenslab"


# One letter and a dot, at the start of a line or of what an argument is: to Sphinx the first item of a list.
_INITIAL = r"^( *(?:\w+(?: \([^)]*\))?: )?)([A-Za-z])\.(?=\s|$)"


def as_restructured_text(app, what, name, obj, options, lines):
    """Turns fenced code into code blocks, and escapes |w|, w_ and a line that begins with "L. V." elsewhere."""
    more = constants.described(obj) if what == "module" else []
    text = "\n".join(lines)
    text = re.sub(r"^( *)```(\w+)\n(.*?)^ *```$", _code_block, text, flags=re.MULTILINE | re.DOTALL)
    parts = re.split(r"(`[^`]*`|^ *(?:>>>|\.\.\.) .*$)", text, flags=re.MULTILINE)
    parts[::2] = [re.sub(r"_(?=\W|$)", r"\\_", part.replace("|", r"\|")) for part in parts[::2]]
    parts[::2] = [re.sub(_INITIAL, r"\1\2\\.", part, flags=re.MULTILINE) for part in parts[::2]]
    lines[:] = ["".join(parts), *more]
    lines[:] = "\n".join(lines).split("\n")


def _code_block(match):
    indent, language, code = match.groups()
    return f"{indent}.. code-block:: {language}\n\n" + "".join(f"    {line}\n" for line in code.splitlines())


def without_modules(app, what, name, obj, options, signature, annotation):
    """Shortens the types in a signature: `Float[Array, 'sample']` rather than the modules where they are defined."""

    def short(text):
        text = re.sub(r"<function (\w+)[^>]*>", r"\1", text or "")
        return re.sub(r"~?\b(?:[A-Za-z_]\w*\.)+(?=[A-Z])", "", text) or None

    return short(signature), short(annotation)


def generated(app):
    """Writes the pages that are made of others before Sphinx looks which pages there are."""
    source = Path(app.srcdir)
    study_pages.write(source / "studies", study_pages.verdicts(source / "verdicts"))
    map_pages.write(source / "checks", source / "map")


def with_links(app, docname, content):
    """Turns a page of the map into one of links; it is read again where verdicts have changed."""
    folder, _, name = docname.rpartition("/")
    if folder == "map":
        results = Path(app.srcdir) / "verdicts"
        for path in results.glob("*.md"):
            app.env.note_dependency(str(path), docname=docname)
        content[0] = map_pages.page(name, content[0], study_pages.verdicts(results))


def with_symbols(app, doctree):
    """Links symbols to their definitions."""
    terms = symbol_links.definitions((Path(app.srcdir) / "symbols.md").read_text(encoding="utf-8"))
    symbol_links.link(doctree, app.env.docname, terms, symbol_links.linked(terms))


def every_public_name(app, env):
    """Warns of what a documented module lists in `__all__` and no page describes."""
    objects = env.domains["py"].objects
    known = {name.rpartition(".")[2] for name in objects}
    for module in [name for name, entry in objects.items() if entry.objtype == "module"]:
        for name in set(getattr(importlib.import_module(module), "__all__", ())) - known:
            logging.getLogger(__name__).warning("no page describes %s.%s", module, name)


def setup(app):
    """Connects the handlers; napoleon, which reads the sections of a docstring, has priority 500."""
    app.connect("builder-inited", generated)
    app.connect("source-read", with_links)
    app.connect("doctree-read", with_symbols)
    app.connect("env-check-consistency", every_public_name)
    app.connect("autodoc-process-docstring", as_restructured_text, priority=400)
    app.connect("autodoc-process-signature", without_modules)
