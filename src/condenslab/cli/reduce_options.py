"""The options of `condenslab reduce` and `condenslab embed`."""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

_TARGET = arg(metavar="MODULE:FUNCTION", help_behavior_hint="")


@dataclass(frozen=True)
class ReduceOptions:
    """Options of `condenslab reduce`."""

    targets: Annotated[Positional[tuple[str, ...]], _TARGET]
    """A function of yours without arguments that returns a torch module. Your code is imported and run."""
    weights: Annotated[str | None, arg(metavar="W", help_behavior_hint="")] = None
    """The checkpoint to load into the module; reading it runs nothing."""
    inputs: Annotated[str | None, arg(metavar="X.npz", help_behavior_hint="")] = None
    """Your inputs, and their classes as 'labels' if accuracy is to be measured."""
    output: Annotated[str | None, arg(aliases=["-o"], metavar="DIR", help_behavior_hint="")] = None
    """The new folder for module, weights and receipt."""
    exact: bool = False
    """Remove only what changes no output on any input (the default where nothing else is asked for)."""
    silent: bool = False
    """Also remove units that are 0 on all of your inputs: it holds for these only."""
    threshold: Annotated[float | None, arg(metavar="T", help_behavior_hint="")] = None
    """Merge units up to this relative distance, between 0 and 2."""
    width: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="LAYER=N", help_behavior_hint="")] = ()
    """Merge a layer to this width; may be repeated, LAYER with * and ? is a pattern."""
    budget: Annotated[float | None, arg(metavar="E", help_behavior_hint="")] = None
    """Merge as far as the outputs on your inputs move by at most E of the largest."""
    uniform: bool = False
    """Equal widths in all blocks, so that from_pretrained loads the result."""
    round_to: Annotated[int, arg(metavar="N")] = 1
    """Round widths up to multiples of N."""
    repair: bool = False
    """Fit output weights of merged units by least squares on your inputs."""
    retrain: Annotated[int, arg(metavar="STEPS")] = 0
    """Train so many steps towards the old outputs on your inputs."""
    layers: Annotated[str, arg(metavar="GLOB")] = "*"
    """Which layers, by name, with * and ?."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Seed of the certificates and random inputs."""
    page: Annotated[str | None, arg(metavar="OUT.html", help_behavior_hint="")] = None
    """Write the receipt as a page that needs nothing else."""
    json: bool = False
    """Print the receipt as JSON alone on standard output."""


@dataclass(frozen=True)
class EmbedOptions:
    """Options of `condenslab embed`."""

    targets: Annotated[Positional[tuple[str, ...]], _TARGET]
    """A function of yours without arguments that returns a torch module. Your code is imported and run."""
    weights: Annotated[str | None, arg(metavar="W", help_behavior_hint="")] = None
    """The checkpoint to load into the module; reading it runs nothing."""
    inputs: Annotated[str | None, arg(metavar="X.npz", help_behavior_hint="")] = None
    """Your inputs, on which the outputs are compared, and 'labels' or 'targets' for the gradient."""
    output: Annotated[str | None, arg(aliases=["-o"], metavar="DIR", help_behavior_hint="")] = None
    """The new folder for module, weights and receipt."""
    width: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="LAYER=N", help_behavior_hint="")] = ()
    """Widen a layer to N units; may be repeated, LAYER with * and ? is a pattern."""
    kind: Annotated[str, arg(metavar="split|null")] = "split"
    """How: new units share the output weights of the one that they copy, or have zero weights."""
    deepen: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="LAYER", help_behavior_hint="")] = ()
    """Put a new layer in front of this one; may be repeated, LAYER with * and ? is a pattern."""
    activation: Annotated[str | None, arg(metavar="NAME", help_behavior_hint="(default: the nearest one)")] = None
    """The activation of new layers."""
    tangent: Annotated[float | None, arg(metavar="H", help_behavior_hint="")] = None
    """Take an activation without a linear piece for its tangent within ±H: approximate."""
    inertia: bool = False
    """Compute the inertia of the Hessian also above 1,000 parameters; above 5,000 bounds."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Seed of the choice of units and shares."""
    page: Annotated[str | None, arg(metavar="OUT.html", help_behavior_hint="")] = None
    """Write the receipt as a page that needs nothing else."""
    json: bool = False
    """Print the receipt as JSON alone on standard output."""
