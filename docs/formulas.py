"""A Sphinx extension that writes formulas as MathML into the page: browsers draw them, and nothing is fetched."""

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging

_PRIMED = re.compile(r"<msup>(<mi[^>]*>[^<]*</mi>)<mi>&#x02032;</mi></msup>")
"""A prime is raised already: as an exponent it is a speck in every font without a small form of its own."""

_BAR = re.compile("<mo>(&#x02016;|&#x0007C;)</mo>")
"""A bar of a norm or an absolute value: browsers take it for one between two operands, and stretch it."""

logger = logging.getLogger(__name__)


def setup(app):
    """Registers the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _inline(self, node):
    self.body.append(_mathml(node, "inline"))
    raise nodes.SkipNode


def _block(self, node):
    self.body.append(self.starttag(node, "div", CLASS="math") + _mathml(node, "block") + "</div>\n")
    raise nodes.SkipNode


def _mathml(node, display):
    """Returns the formula; a command that the converter does not know stays in it as a word, which is a warning."""
    made = convert(node.astext(), display=display)
    if "\\" in made:
        logger.warning("a command of this formula is not known: %s", node.astext(), location=node)
    made = _BAR.sub(r"<mo stretchy='false' lspace='0' rspace='0'>\1</mo>", made)
    return _PRIMED.sub(r"<mrow>\1<mo lspace='0' rspace='0'>&#x02032;</mo></mrow>", made)
