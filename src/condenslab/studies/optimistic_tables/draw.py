"""Draws the tables of optimistic sample sizes from stored records."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.optimistic_tables.cases import NETWORKS, NN_INPUTS, SHARINGS, WORDS
from condenslab.studies.optimistic_tables.claims import AXIS, TABLE, closed_form, matrix_rank
from condenslab.studies.shared.ranks import decided
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run, of its first seed.

    Args:
        records: The records, in any order.
    """
    done = [record for record in records if record.status == "done"]
    first = min((record.case["seed"] for record in done), default=0)
    known = [r for r in done if r.case["seed"] == first and decided(r) is not None]
    drawn = [_axis(known), _tables(known)]
    return [drawing for drawing in drawn if drawing is not None]


def _of(records: Sequence[Record], kind: str) -> list[Record]:
    return [record for record in records if record.case["@type"] == kind]


def _axis(records: Sequence[Record]) -> Drawing | None:
    chosen = {
        name: next((r for r in _of(records, "DenseCase") if _is(r, width)), None) for name, width in NETWORKS.items()
    }
    rows = {name: record for name, record in chosen.items() if record is not None}
    if not rows:
        return None
    figure, axes = figures.panels(1, 1, width=6.4, height=3.4)
    ax = axes[0, 0]
    figures.measured_and_expected(
        ax,
        [f"{name}: {NETWORKS[name]} neurons" for name in rows],
        [record.values["rank"] for record in rows.values()],
        [record.values["parameters"] for record in rows.values()],
        x_label="samples",
        names=("optimistic estimate", "classic estimate"),
        logarithmic=True,
    )
    figures.title(ax, f"A function of {NETWORKS['NN_A']} neurons in three networks")
    caption = (
        f"A sum of {NETWORKS['NN_A']} tanh neurons of {NN_INPUTS} inputs without biases. The classic estimate of how "
        "many samples are needed is the number of parameters; the optimistic one is the smallest rank of the Jacobian "
        "on the target set, and does not grow with the network. The axis is logarithmic."
    )
    return Drawing(AXIS, caption, figure)


def _is(record: Record, width: int) -> bool:
    case = record.case
    return (case["width"], case["intrinsic"], case["inputs"]) == (width, NETWORKS["NN_A"], NN_INPUTS)


def _tables(records: Sequence[Record]) -> Drawing | None:
    kernels, matrices = _of(records, "KernelCase"), _of(records, "MatrixCase")
    dense = [r for r in _of(records, "DenseCase") if r.case["inputs"] != NN_INPUTS or r.case["width"] < 6]
    if not (kernels and matrices and dense):
        return None
    figure, axes = figures.panels(1, 3, width=4.6, height=4.4)
    _rows(axes[0, 0], {f"d = {r.case['inputs']}, k = {r.case['intrinsic']}": r for r in dense})
    figures.title(axes[0, 0], "Two-layer tanh, k(d + 1)")
    rows = [r for sharing in SHARINGS for r in kernels if r.case["sharing"] == sharing]
    named = {f"{WORDS[r.case['sharing']]}, k = {r.case['intrinsic']}, m_n = {r.case['zeros']}": r for r in rows}
    _rows(axes[0, 1], named, logarithmic=True)
    figures.title(axes[0, 1], "Kernels of 2 × 2 on 4 × 4")
    _pairs(axes[0, 2], matrices)
    figures.title(axes[0, 2], "Matrix factorisation")
    caption = (
        "Left and middle: the smallest rank of the Jacobian over the known kinds of points of the target set, and the "
        "closed form, row by row; m_n is the number of output weights of the target that vanish. Right: the rank at "
        f"factors of any ranks; on the diagonal it is the optimistic sample size. Seed {records[0].case['seed']}."
    )
    return Drawing(TABLE, caption, figure)


def _rows(ax: Axes, rows: Mapping[str, Record], *, logarithmic: bool = False) -> None:
    figures.measured_and_expected(
        ax,
        list(rows),
        [record.values["rank"] for record in rows.values()],
        [closed_form(record) for record in rows.values()],
        x_label="smallest rank on the target set",
        names=("measured", "closed form"),
        logarithmic=logarithmic,
    )


def _pairs(ax: Axes, matrices: Sequence[Record]) -> None:
    sides = sorted({r.case["left"] for r in matrices})
    found = {(r.case["left"], r.case["right"]): r for r in matrices}
    ranks = [[found[a, b].values["rank"] if (a, b) in found else float("nan") for b in sides] for a in sides]
    largest = matrix_rank(sides[-1], sides[-1], sides[-1])
    figures.value_map(
        ax,
        [str(b) for b in sides],
        [str(a) for a in sides],
        ranks,
        x_label="rank of B",
        y_label="rank of A",
        value_label="model rank of A·B",
        limits=(0.0, float(max(largest, 1))),
        marks={"balanced: 2rd − r²": [(k, k) for k in range(len(sides))]},
    )
