"""Draws the training_similarity study from its stored records."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.training_similarity.cases import BINS, HIGHEST, LOWEST, NARROW
from condenslab.studies.training_similarity.claims import AT_LEVEL, COURSES
from condenslab.studies.training_similarity.lines import INFERRED, SPECTRUM
from condenslab.studies.training_similarity.spectrum import Results
from condenslab.sweeps import Record

_SHOWN = 4


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    done = [record for record in records if record.status == "done"]
    rates = sorted({record.case["rate"] for record in done if record.case["kind"] == "trial"})
    if not rates:
        return []
    results, *inferred = [Results([r for r in done if r.case.get("rate", rate) == rate]) for rate in rates]
    drawn = [_spectrum(results, SPECTRUM), _curves(results), *(_spectrum(other, INFERRED) for other in inferred)]
    return drawn + ([_functions(results)] if results.passing("width_2") and 2 in results.levels else [])


def _levels(results: Results) -> dict[str, float]:
    """Returns log₁₀ R of the lowest critical risks of each width, and of the zero function."""
    named: dict[str, float] = {}
    for width, record in sorted(results.levels.items()):
        risks = record.arrays["risks"]
        if risks[0] > 0:
            named[f"width-{width} minimum"] = float(np.log10(risks[0]))
        named["zero function"] = float(np.log10(record.values["start_risk"]))
    return named


def _spectrum(results: Results, title: str) -> Drawing:
    shares = np.stack([results.spectrum(width) for width in results.widths], axis=1)
    figure, axes = figures.panels(1, 1, width=8.6, height=5.4)
    names = [str(width) for width in results.widths]
    figures.level_spectrum(axes[0, 0], np.linspace(LOWEST, HIGHEST, BINS + 1), shares, names, levels=_levels(results))
    case = results.trials[results.widths[0]][0].case
    caption = (
        f"Each column is a width: the share of all {case['steps']:,} steps of all its trials spent in each of 200 bins "
        "of log₁₀ R. Horizontal bands are risks at which training rests. "
        "Dashed: critical risks found by enumeration, without training. The start has standard deviation "
        f"{figures.readable(case['std'])}·{figures.power('m', -case['exponent'])} for every parameter, the samples "
        f"are {case['samples']} points of "
        "[−1, 1]; both are our choices."
    )
    return Drawing(title, caption, figure)


def _curves(results: Results) -> Drawing:
    figure, axes = figures.panels(1, 1, width=8.2, height=4.2)
    chosen = [w for w in results.widths if w in (2, NARROW, 30, 200, 2000)] or results.widths[:_SHOWN]
    lines = [(name, 10**level) for name, level in _levels(results).items()]
    for width in chosen:
        run = min(results.trials[width], key=lambda record: record.values["final_risk"])
        figures.risk_curve(
            axes[0, 0],
            run.arrays["times"],
            run.arrays["risk"],
            label=f"width {width}",
            time_label="step",
            levels=lines if width == chosen[-1] else (),
        )
    figures.legend_below(axes[0, 0], columns=5)
    caption = (
        "Of some widths the trial with the lowest final risk. Horizontal lines: critical risks of narrow networks."
    )
    return Drawing(COURSES, caption, figure)


def _functions(results: Results) -> Drawing:
    known, passing = results.levels[2].arrays, results.passing("width_2")
    widths = list(passing) if len(passing) <= _SHOWN else [list(passing)[k] for k in (0, 1, -2, -1)]
    nearest = {w: min(passing[w], key=lambda record: record.values["width_2_away"]) for w in widths}
    figure, axes = figures.panels(1, 2, width=5.0, height=4.2)
    curves = {"critical function (width 2)": known["best_outputs"]}
    curves |= {f"width {width}": record.arrays["width_2_outputs"] for width, record in nearest.items()}
    figures.function_curves(axes[0, 0], known["inputs"], curves, samples=(known["inputs"], known["targets"]))
    figures.title(axes[0, 0], "Functions")
    for width, record in nearest.items():
        angles, amplitudes = record.arrays["width_2_angles"], np.abs(record.arrays["width_2_amplitudes"])
        look = figures.series(1 + widths.index(width))
        size = 90 - 20 * widths.index(width)
        axes[0, 1].scatter(
            angles,
            amplitudes,
            s=size,
            marker=look.marker,
            facecolors="none",
            edgecolors=look.colour,
            label=f"width {width}",
        )
    axes[0, 1].set_xlim(-np.pi, np.pi)
    axes[0, 1].set_ylim(bottom=0)
    axes[0, 1].set_xlabel("orientation of (w, b) (rad)")
    axes[0, 1].set_ylabel("amplitude of the merged neurons")
    figures.legend_below(axes[0, 1])
    figures.title(axes[0, 1], "Merged neurons")
    caption = (
        "At the risk of the width-2 minimum. Left: outputs of one trial each that passes there, and the critical "
        "function found without training. Right: their neurons merged by direction (relative distance 0.1, amplitudes "
        "below 2 % of the largest dropped)."
    )
    return Drawing(AT_LEVEL, caption, figure)
