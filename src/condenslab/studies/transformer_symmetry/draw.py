"""Draws parameters and rank before and after from stored records; imports no JAX."""

from collections.abc import Sequence
from typing import Any

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.transformer_symmetry.claims import FIGURE
from condenslab.sweeps import Record

_WORDS = {
    "a head split": "heads",
    "a neuron split": "neurons",
    "wider heads": "d_k, d_v",
    "d_model repeated": "d_model",
}


def _values(records: Sequence[Record], growth: str, name: str) -> list[Any]:
    return [record.values[name] for record in records if record.case["growth"] == growth]


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws parameters and rank before and after.

    Args:
        records: The records.
    """
    known = [record for record in records if record.case["@type"] == "Case" and record.status == "done"]
    if not known:
        return []
    figure, axes = figures.panels(1, 2, width=4.6, height=3.4)
    for ax, (name, title) in zip(axes[0], {"rank": "rank", "parameters": "parameters"}.items(), strict=True):
        ends = {
            _WORDS[growth]: (_values(known, growth, f"{name}_before"), _values(known, growth, f"{name}_after"))
            for growth in _WORDS
            if any(r.case["growth"] == growth for r in known)
        }
        figures.measured_against_predicted(ax, ends, predicted_label=f"{title} before", measured_label=f"{title} after")
        figures.title(ax, f"The {title}")
    caption = (
        "A random decoder before and after one of its sizes has grown without changing the function: the rank at "
        "that point (left) and the number of parameters (right)."
    )
    return [Drawing(FIGURE, caption, figure)]
