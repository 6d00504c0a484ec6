"""Legends under their panels, where they hide no data and take no room from the axes."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.transforms import ScaledTranslation

from condenslab.figures.style import figure_of, styled

_BELOW = "below, most columns: "


@styled
def legend_below(ax: Axes, *, columns: int = 3) -> Legend:
    """Puts the legend of all labelled series under the axis label, where it hides no data.

    It gets fewer columns where its panel's share of the figure's width holds fewer: a wider one would take its room
    from the axes.

    Args:
        ax: The axes; a legend that it has already is replaced.
        columns: Most entries in one line.
    """
    handles, labels = ax.get_legend_handles_labels()
    under_the_label = ax.transAxes + ScaledTranslation(0, -36 / 72, figure_of(ax).dpi_scale_trans)
    count = max(1, min(columns, len(labels)))
    while True:
        legend = ax.legend(
            handles,
            labels,
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            bbox_transform=under_the_label,
            ncols=count,
            borderaxespad=0.0,
            columnspacing=1.4,
            handletextpad=0.6,
        )
        legend.set_label(f"{_BELOW}{columns}")
        if count == 1 or legend.get_window_extent().width <= _share(ax) * figure_of(ax).bbox.width:
            return legend
        count -= 1


def fit_legends(figure: Figure) -> None:
    """Lays the legends below panels out anew, for a figure whose size has changed."""
    for ax in figure.axes:
        legend = ax.get_legend()
        mark = str(legend.get_label()) if legend is not None else ""
        if mark.startswith(_BELOW):
            legend_below(ax, columns=int(mark.removeprefix(_BELOW)))


def _share(ax: Axes) -> float:
    """Which part of the figure's width the panel has, its labels included."""
    place = ax.get_subplotspec()
    return 1.0 if place is None else len(place.colspan) / place.get_gridspec().ncols
