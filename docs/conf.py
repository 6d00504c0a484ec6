"""Sphinx configuration: markdown pages (myst), API pages from the docstrings (autodoc)."""

import re
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "src"), str(Path(__file__).parent)]

import study_pages

import condenslab

project = "condenslab"
author = "the condenslab authors"
copyright = "2026, the condenslab authors"
release = version = condenslab.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
default_role = "code"

myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False

html_theme = "furo"
html_title = "condenslab"


def as_restructured_text(app, what, name, obj, options, lines):
    """Turns fenced code into code blocks, and escapes |w| and w_ elsewhere: formulas to us, markup to Sphinx."""
    text = "\n".join(lines)
    text = re.sub(r"^( *)```(\w+)\n(.*?)^ *```$", _code_block, text, flags=re.MULTILINE | re.DOTALL)
    parts = re.split(r"(`[^`]*`|^ *(?:>>>|\.\.\.) .*$)", text, flags=re.MULTILINE)
    parts[::2] = [re.sub(r"_(?=\W|$)", r"\\_", part.replace("|", r"\|")) for part in parts[::2]]
    lines[:] = "".join(parts).split("\n")


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
    """Writes the pages of the studies before Sphinx looks which pages there are."""
    source = Path(app.srcdir)
    study_pages.write(source / "studies", (source / "results.md").read_text(encoding="utf-8"))


def setup(app):
    """Connects the handlers; napoleon, which reads the sections of a docstring, has priority 500."""
    app.connect("builder-inited", generated)
    app.connect("autodoc-process-docstring", as_restructured_text, priority=400)
    app.connect("autodoc-process-signature", without_modules)
