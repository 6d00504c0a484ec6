"""Anchor functions: sequences in which a few anchor tokens say what is to be done to the item beside them.

`published` has the task of the sources; `single`, `composite`, `left_right`, `symmetric`, `random` and `from_table`
make others of any size, `complexities` counts the rules that each kind of solution must hold.
"""

from condenslab.tasks.anchors.complexity import Complexities, complexities
from condenslab.tasks.anchors.explanations import ANSWERS, explanations, labelled, mirrored
from condenslab.tasks.anchors.families import (
    FAMILIES,
    composite,
    family,
    from_table,
    left_right,
    published,
    random,
    single,
    symmetric,
)
from condenslab.tasks.anchors.offsets import coinciding_sums, generic_offsets
from condenslab.tasks.anchors.splits import PUBLISHED_MODULI, ModulusSplit, RandomSplit, Split
from condenslab.tasks.anchors.task import AnchorTask, Layout, Part, Sequences

__all__ = [
    "ANSWERS",
    "FAMILIES",
    "PUBLISHED_MODULI",
    "AnchorTask",
    "Complexities",
    "Layout",
    "ModulusSplit",
    "Part",
    "RandomSplit",
    "Sequences",
    "Split",
    "coinciding_sums",
    "complexities",
    "composite",
    "explanations",
    "family",
    "from_table",
    "generic_offsets",
    "labelled",
    "left_right",
    "mirrored",
    "published",
    "random",
    "single",
    "symmetric",
]
