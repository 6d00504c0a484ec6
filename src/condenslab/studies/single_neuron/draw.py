"""Draws the study of a single neuron from its stored records."""

from collections.abc import Sequence

from condenslab.studies.contract.study import Drawing
from condenslab.studies.single_neuron.cases import LARGEST
from condenslab.studies.single_neuron.claims import FIGURE, RECOVERED, recovers
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws the share of flows that recover, and the errors at their ends.

    Args:
        records: The records.
    """
    from condenslab import figures

    done = [record for record in records if record.status == "done"]
    figure, axes = figures.panels(1, 2, width=5.0, height=4.0)
    labels = {"small": "small initialisation", "merged": "near a merged pair", "dead": "near a dead neuron"}
    curves = {}
    for start, label in labels.items():
        shares = [(n, *_counts(done, start, n)) for n in range(2, LARGEST + 1)]
        shown = [(n, hits / trials) for n, hits, trials in shares if trials]
        if shown:
            curves[label] = tuple(zip(*shown, strict=True))
    ends = {str(n): [max(r.values["error"], 1e-28) for r in _flows_of(done, "small", n)] for n in range(2, LARGEST + 1)}
    if not curves or not all(ends.values()):
        return []
    figures.value_curves(axes[0, 0], curves, x_label="samples n", y_label="share of flows that recover")
    for n, word in ((3, "O = 3"), (4, "dead\nneuron: 4"), (5, "merged\npair: 5"), (6, "M = 6")):
        axes[0, 0].axvline(n, ymax=1.15 / 1.35, color="black", linewidth=0.8, linestyle=":", zorder=1)
        axes[0, 0].annotate(word, (n, 1.12), ha="center", va="bottom", fontsize=8)
    axes[0, 0].set_ylim(-0.05, 1.3)
    axes[0, 0].set_yticks([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    figures.legend_below(axes[0, 0], columns=2)
    figures.title(axes[0, 0], "Which flows end on the target")
    sides = (RECOVERED, "recovers the target", "ends elsewhere")
    figures.seed_values(axes[0, 1], ends, y_label="mean squared error on [−2, 2]", logarithmic=True, threshold=sides)
    axes[0, 1].set_xlabel("samples n")
    figures.title(axes[0, 1], "End of every flow from small initialisation")
    caption = (
        "Two tanh neurons with biases, target tanh(x + 1), n even samples of [−2, 2]. Left: share of "
        "gradient flows that end on the target; dotted: the thresholds 3 (optimistic sample size), 4 and 5 "
        "(codimension of the two branches of the target set) and 6 (number of parameters). Right: every mark is "
        "one flow, below the dotted line it counts as recovered."
    )
    return [Drawing(FIGURE, caption, figure)]


def _flows_of(records: Sequence[Record], start: str, samples: int) -> list[Record]:
    return [record for record in records if (record.case["start"], record.case["samples"]) == (start, samples)]


def _counts(records: Sequence[Record], start: str, samples: int) -> tuple[int, int]:
    known = [found for record in _flows_of(records, start, samples) if (found := recovers(record)) is not None]
    return sum(known), len(known)
