"""Draws the critical_dimension study from its stored records."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.critical_dimension.claims import CORANKS
from condenslab.sweeps import Record

_SPECTRA = 3


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the coranks against the predictions, and the spectra of some embedded points.

    Args:
        records: The records, in any order.
    """
    done = [record for record in records if record.status == "done"]
    return [_coranks(done), _spectra(done)] if done else []


def _coranks(done: Sequence[Record]) -> Drawing:
    figure, axes = figures.panels(1, 1, width=6.4, height=4.4)
    groups = (
        ("two-layer, 1-2-1", 1),
        ("three-layer, 1-2-2-1", 2),
    )
    series = {}
    for name, layers in groups:
        decided = [r for r in done if len(r.case["narrow"]) == layers and r.values["decided"]]
        predicted = [r.values["heuristic"] for r in decided]
        series[name] = (predicted, [r.values["corank"] for r in decided])
        series[f"{name}: K alone"] = (predicted, [r.values["proved"] for r in decided])
    figures.measured_against_predicted(
        axes[0, 0], series, predicted_label="predicted: K, plus K₁K₂ for three layers", measured_label="corank, or K"
    )
    undecided = sum(not r.values["decided"] for r in done)
    caption = (
        "Corank of the Hessian at random compatible embeddings of critical points made to order, against the number of "
        "free parameters that the count of EP22 predicts (a theorem for two layers, heuristic for three). On the "
        "line both would agree. The points 'K alone' show the dimension that is proved; their distance below the "
        "line is K₁K₂. "
        f"{undecided} of {len(done)} spectra have no gap that decides and are left out."
    )
    return Drawing(CORANKS, caption, figure)


def _spectra(done: Sequence[Record]) -> Drawing:
    deep = [r for r in done if len(r.case["narrow"]) == 2] or list(done)
    first = min(r.case["seed"] for r in deep)
    wanted = [r for r in deep if r.case["seed"] == first]
    wanted.sort(key=lambda r: sum(r.case["added"]))
    chosen = [wanted[k] for k in np.unique(np.linspace(0, len(wanted) - 1, _SPECTRA).astype(int))]
    figure, axes = figures.panels(1, len(chosen), width=4.4, height=4.0)
    for ax, record in zip(axes[0], chosen, strict=True):
        sizes = np.sort(np.abs(record.arrays["eigenvalues"]))[::-1]
        values = record.values
        figures.spectrum(
            ax,
            sizes,
            tolerance=values["tolerance"],
            floor=values["floor"],
            kept=len(sizes) - values["corank"],
            decided=values["decided"],
            name="|eigenvalue|",
        )
        ax.set_ylabel("|eigenvalue| of the Hessian")
        figures.title(ax, f"added {', '.join(map(str, record.case['added']))}: corank {values['corank']}")
    caption = (
        "Absolute eigenvalues of the Hessian, largest first, narrow and embedded. Eigenvalues of the flat directions "
        "lie at rounding, below a gap."
    )
    return Drawing("Spectra with their gap", caption, figure)
