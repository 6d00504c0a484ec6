"""Settings and cases of the recovery study; imports no JAX."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from condenslab.errors import UserError
from condenslab.studies.settings import Count, Positive
from condenslab.studies.shared.proven.cases import ProofCase, provable

if TYPE_CHECKING:
    from condenslab.tasks import Table

SAMPLES = 50
"""Of the built-in target."""

Activation = Literal["tanh", "relu", "leaky_relu", "sigmoid", "softplus", "gelu", "swish", "exp", "x_tanh", "x2_tanh"]
Start = Literal["small", "std 1", "PyTorch default"]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        width: Neurons of the wide network.
        activation: Its activation; the built-in target is a sum of tanh, so its claims are made for tanh only.
        seeds: Small-initialisation runs.
        contrast_seeds: Runs from std-1 initialisation, and from small initialisation without the L2 term.
        starts: Starts of the search for critical points, for each width.
        critical_width: Critical functions are searched for widths 1 … this.
        l2: Coefficient of the L2 term of the first stage of the flow.
        time: End time of the first stage, and of the runs without an L2 term.
        risk: Risk that ends a flow without L2 term.
        threshold: Largest relative distance of two neurons of a group.
        max_steps: Largest number of solver steps of a stage.
        standardise: Whether inputs and targets of the user's own table are shifted and scaled to mean 0 and standard
            deviation 1, column by column; the built-in target never is.
    """

    width: Count = 500
    activation: Activation = "tanh"
    seeds: Count = 3
    contrast_seeds: Count = 3
    starts: Count = 200
    critical_width: Count = 3
    l2: NotNegative = 1e-6
    time: Positive = 1e7
    risk: Positive = 1e-10
    threshold: Annotated[float, msgspec.Meta(gt=0, lt=2)] = 0.1
    max_steps: Count = 20_000
    standardise: bool = True


PRESETS = {
    "tiny": Settings(width=60, seeds=1, contrast_seeds=1, starts=40, critical_width=1, max_steps=6_000),
    "quick": Settings(),
    "full": Settings(seeds=5, contrast_seeds=5, starts=1000),
}


@dataclass(frozen=True)
class FlowCase:
    """One gradient flow of the wide network.

    Attributes:
        kind: Tells the two sorts of case apart.
        start: The initial law: "small" is N(0, width⁻³) for every parameter.
        seed: Of the initial parameters.
        width: Neurons.
        activation: Name of the activation.
        l2: Coefficient of the L2 term of the first stage; with 0 there is only one stage.
        time: End time of the first stage; a second one, without L2 term, lasts at most ten times as long.
        risk: Risk that ends a stage without L2 term.
        threshold: Largest relative distance of two neurons of a group.
        max_steps: Largest number of solver steps of a stage.
        raw_rank: Whether the model rank at the raw end point (at the start, for "std 1") is computed: it takes seconds.
        data: Digest of the user's own table, or None for the built-in target.
        standardise: Whether that table is standardised.
        samples: How many samples there are, for the estimates of cost; they follow from the data.
        inputs: Input dimension, likewise.
    """

    start: Start
    seed: int
    width: int
    activation: str
    l2: float
    time: float
    risk: float
    threshold: float
    max_steps: int
    raw_rank: bool
    data: str | None
    standardise: bool
    kind: Literal["flow"] = "flow"
    samples: int = field(default=SAMPLES, metadata={"hash": False})
    inputs: int = field(default=1, metadata={"hash": False})


@dataclass(frozen=True)
class CriticalCase:
    """The critical functions of one narrow width, and their embedding into the wide network.

    Attributes:
        kind: Tells the two sorts of case apart.
        width: Neurons of the narrow network.
        starts: Number of starts of the search.
        seed: Of the starts.
        wide: Width to embed into, or 0 for none.
        activation: Name of the activation.
        data: Digest of the user's own table, or None for the built-in target.
        standardise: Whether that table is standardised.
        samples: How many samples there are, for the estimates of cost; they follow from the data.
        inputs: Input dimension, likewise.
    """

    width: int
    starts: int
    seed: int
    wide: int
    activation: str
    data: str | None
    standardise: bool
    kind: Literal["critical"] = "critical"
    samples: int = field(default=SAMPLES, metadata={"hash": False})
    inputs: int = field(default=1, metadata={"hash": False})


def narrow_widths(settings: Settings) -> list[int]:
    """Returns the widths whose critical functions are searched."""
    return [width for width in range(1, settings.critical_width + 1) if width <= settings.width]


def embedded_widths(settings: Settings) -> list[int]:
    """Returns the widths whose lowest minimum is embedded: 1 and 2, of which the theory predicts the inertia."""
    return [width for width in narrow_widths(settings) if width <= 2]


def proof_cases(settings: Settings) -> list[ProofCase]:
    """Returns the minima whose inertia, in the wide network too, is to be proven; of tanh neurons only.

    Args:
        settings: The settings.
    """
    widths = embedded_widths(settings) if settings.activation == "tanh" else []
    return [ProofCase(width, (settings.width,) if settings.width > width else ()) for width in widths]


def make_cases(settings: Settings, seed: int, data: "Table | None") -> list[FlowCase | CriticalCase | ProofCase]:
    """Returns the cases of a run: seeds `seed`, `seed` + 1, … and the widths 1 … `critical_width`.

    Args:
        settings: The settings.
        seed: The first seed.
        data: The user's own table, or None.

    Raises:
        UserError: The table has several targets, or classes.
    """
    if data is not None and (data.labels or data.targets.shape[1] != 1):
        raise UserError(f"{data.name} must have one column of numbers as its target here; the study table takes others")
    digest = None if data is None else data.digest
    scaled = settings.standardise and data is not None
    samples, inputs = (SAMPLES, 1) if data is None else data.inputs.shape

    def flow(start: Start, number: int, l2: float) -> FlowCase:
        return FlowCase(
            start=start,
            seed=seed + number,
            width=settings.width,
            activation=settings.activation,
            l2=l2,
            time=settings.time,
            risk=settings.risk,
            threshold=settings.threshold,
            max_steps=settings.max_steps,
            raw_rank=number == 0 and l2 > 0,
            data=digest,
            standardise=scaled,
            samples=samples,
            inputs=inputs,
        )

    def critical(width: int) -> CriticalCase:
        wide = settings.width if width in embedded_widths(settings) else 0
        fields = (width, settings.starts, seed, wide, settings.activation, digest, scaled)
        return CriticalCase(*fields, samples=samples, inputs=inputs)

    contrasts = range(settings.contrast_seeds)
    return [
        *(flow("small", k, settings.l2) for k in range(settings.seeds)),
        *(flow("small", k, 0.0) for k in contrasts if settings.l2 > 0),
        *(flow("std 1", k, 0.0) for k in contrasts),
        flow("PyTorch default", 0, 0.0),
        *([flow("std 1", 0, settings.l2)] if settings.l2 > 0 else []),
        *(critical(width) for width in narrow_widths(settings)),
        *(provable(proof_cases(settings)) if data is None else []),
    ]
