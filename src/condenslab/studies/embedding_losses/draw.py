"""Draws the study of embeddings at any depth and for any loss from its stored records; imports no JAX."""

from collections.abc import Sequence

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.embedding_losses.cases import COPIES, LOSSES, SPLIT, STEPS, STILL, THREE_FOLD, WIDTH
from condenslab.studies.embedding_losses.claims import GRADIENTS, SIGNS
from condenslab.studies.shared.columns import rows
from condenslab.sweeps import Record

_FLOOR = 1e-18
_KINDS = {SPLIT: "split", STEPS: "steps", COPIES: "two copies", THREE_FOLD: "three copies"}


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    done = [record for record in records if record.status == "done"]
    return [_gradients(done), _signs(done)] if done else []


def _gradients(done: Sequence[Record]) -> Drawing:
    shown = [loss for loss in LOSSES if any(record.case["loss"] == loss for record in done)]
    figure, axes = figures.panels(1, len(shown), width=2.6, height=3.8)
    for ax, loss in zip(axes[0], shown, strict=True):
        records = [record for record in done if record.case["loss"] == loss]
        groups = {"narrow": [max(record.values["narrow_gradient"], _FLOOR) for record in records]}
        for kind, name in _KINDS.items():
            tables = [rows(record, point="critical", kind=kind) for record in records]
            groups[name] = [max(_FLOOR, *(row["gradient"] for row in table)) for table in tables if table]
        others = [rows(record, point="any", kind=SPLIT) for record in records]
        groups["not critical"] = [max(row["gradient"] for row in table) for table in others if table]
        figures.seed_values(ax, groups, y_label="relative L1 norm of ∇R", logarithmic=True)
        ax.set_ylim(_FLOOR, 1e3)
        ax.axhline(STILL, color="#888888", linestyle="--", linewidth=1.0)
        ax.tick_params(axis="x", labelrotation=90)
        figures.title(ax, f"{loss} loss")
    caption = (
        f"Networks of {WIDTH} neurons a layer at critical points that are made to order, and embedded: a neuron of any "
        "one layer split; steps in every layer, a null neuron among them; two mixed copies; three copies. A mark is a "
        "point, of any depth, with its largest gradient over embeddings, relative to that with the targets of other "
        "samples; the dashed line is what counts as rounding. On the right points that are not critical, split."
    )
    return Drawing(GRADIENTS, caption, figure)


def _signs(done: Sequence[Record]) -> Drawing:
    decided = [record for record in done if record.values["narrow_decided"]] or done
    figure, axes = figures.panels(1, 3, width=3.4, height=3.6)
    for number, (ax, sign) in enumerate(zip(axes[0], ("positive", "zero", "negative"), strict=True)):
        gains = {
            name: [
                min(row[sign] for row in rows(record, point="critical", kind=kind))
                - record.values["narrow_counts"][number]
                for record in decided
            ]
            for kind, name in _KINDS.items()
        }
        figures.seed_values(ax, gains, y_label="further eigenvalues")
        ax.axhline(0, color="#888888", linestyle="--", linewidth=1.0)
        ax.tick_params(axis="x", labelrotation=30)
        figures.title(ax, sign.capitalize())
    caption = (
        "What embeddings add to the numbers of positive, zero and negative eigenvalues of the Hessian at critical "
        "points, all losses and depths: a mark is a point with its least gain. Nothing lies below the dashed line: a "
        "strict saddle stays one. In the wide network what is within the noise counts as zero."
    )
    return Drawing(SIGNS, caption, figure)
