"""Tick labels as plain text: a formula costs a parse of its own each time that it is measured, 10⁻³ costs nothing."""

import re

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter

from condenslab.figures import power

_FORMULA = re.compile(r"\$\\mathdefault\{(.*)\}\$", re.DOTALL)
_POWER = re.compile(r"\^\{(-?\d+)\}")


def make_plain(figure: Figure) -> None:
    """Has the axes of a figure write their tick labels without formulas; the labels stay the same.

    Args:
        figure: The matplotlib figure.
    """
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            for which in ("major", "minor"):
                _wrap(axis, which)


def plain(label: str) -> str:
    r"""Returns a tick label without a formula, or as it is where only a formula can say it.

    Args:
        label: As matplotlib's formatters write it.

    Example:
        >>> plain(r"$\mathdefault{10^{-3}}$"), plain(r"$\mathdefault{2\times10^{4}}$"), plain("0.5")
        ('10⁻³', '2×10⁴', '0.5')
    """
    found = _FORMULA.fullmatch(label)
    if found is None:
        return label
    text = _POWER.sub(lambda raised: power("", int(raised[1])), found[1]).replace(r"\times", "×").replace("-", "−")
    return label if re.search(r"[\\${}^_]", text) else text


def _wrap(axis: Axis, which: str) -> None:
    formatter = getattr(axis, f"get_{which}_formatter")()
    if not isinstance(formatter, _Plain):
        getattr(axis, f"set_{which}_formatter")(_Plain(formatter))


class _Plain(Formatter):
    """A formatter that rewrites what another one says."""

    def __init__(self, inner: Formatter) -> None:
        self._inner = inner

    def __call__(self, x: float, pos: int | None = None) -> str:
        return plain(self._inner(x, pos))

    def format_ticks(self, values: list[float]) -> list[str]:
        return [plain(label) for label in self._inner.format_ticks(values)]

    def get_offset(self) -> str:
        return self._inner.get_offset()

    def set_locs(self, locs: list[float]) -> None:
        self._inner.set_locs(locs)
