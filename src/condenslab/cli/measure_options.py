"""The options of `condenslab measure`."""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg


@dataclass(frozen=True)
class MeasureOptions:
    """Options of `condenslab measure`."""

    targets: Annotated[Positional[tuple[str, ...]], arg(metavar="FILE|FOLDER|MODULE:FUNCTION", help_behavior_hint="")]
    """A checkpoint (safetensors, torch, npz, Flax, Equinox; nothing in it is run), a folder with one, or a function of
    yours that returns a torch module."""
    layers: Annotated[str, arg(metavar="GLOB")] = "*"
    """Which weights, by name, with * and ?."""
    against: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="OTHER…", help_behavior_hint="")] = ()
    """Later checkpoints of the same network: condensation over training."""
    weights: Annotated[str | None, arg(metavar="W", help_behavior_hint="")] = None
    """MODULE:FUNCTION only: the checkpoint to load into the module."""
    inputs: Annotated[str | None, arg(metavar="X.npz", help_behavior_hint="")] = None
    """MODULE:FUNCTION only: inputs, to say which neurons are silent on all of them."""
    activation: Annotated[str | None, arg(metavar="NAME", help_behavior_hint="(default: from config.json)")] = None
    """The hidden activation, whose symmetry the groups follow."""
    heads: Annotated[int | None, arg(metavar="N", help_behavior_hint="(default: from config.json)")] = None
    """Attention heads a block."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Seed of the nulls."""
    repeats: Annotated[int | None, arg(metavar="N", help_behavior_hint="(default: 11, or 100 in doubt)")] = None
    """Draws from each null."""
    exact: bool = False
    """Compare all pairs of neurons in full, however many there are."""
    all: bool = False
    """Measure embeddings and output layers too."""
    without_nulls: bool = False
    """Draw no nulls: no twins and no verdict, and many times faster."""
    page: Annotated[str | None, arg(metavar="OUT.html", help_behavior_hint="")] = None
    """Write a page that explains the numbers and needs nothing else."""
    quiet: bool = False
    """Show no progress."""
    json: bool = False
    """Print JSON alone on standard output."""
