"""Which growth of a network costs samples: neurons, or connections a neuron?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from condenslab.studies.contract.criteria import exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Statement
from condenslab.studies.contract.study import Drawing, Study
from condenslab.studies.settings import Count
from condenslab.studies.shared.ranks import decided
from condenslab.sweeps import Outcome, Progress, Record

Growth = Literal["neurons", "connections"]

NEURONS, INPUTS = 2, 2
"""Of the target, a sum of two tanh neurons without biases."""
_DECK = "deck 001, principle of model scaling: width is free, connections are not (settings not stated)"
_FIGURE = "Neurons are free, connections are not"


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Random targets.
        factors: By how much the number of neurons, or of connections, grows.
    """

    seeds: Count = 5
    factors: tuple[Count, ...] = (1, 2, 4, 8)


@dataclass(frozen=True)
class Case:
    """One target, and the network that learns it.

    Attributes:
        growth: What grows: its neurons, or its inputs, of which the target ignores the further ones.
        factor: By how much.
        seed: Of target and probes.
    """

    growth: Growth
    factor: int
    seed: int


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns both growths by every factor, for every seed.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    growths: tuple[Growth, ...] = ("neurons", "connections")
    return [Case(g, f, seed + s) for g in growths for f in settings.factors for s in range(settings.seeds)]


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    return [
        Statement(
            "the smallest rank on the target set stays k(d + 1) however many neurons there are",
            _DECK,
            _deviation("neurons", lambda factor: NEURONS * (INPUTS + 1)),
            exactly(0),
            note="deviation",
            of="networks",
            label="more neurons leave the smallest rank on the target set at k(d + 1)",
            figure=_FIGURE,
        ),
        Statement(
            "connections that the target does not need raise it in proportion, to k(d′ + 1)",
            _DECK,
            _deviation("connections", lambda factor: NEURONS * (INPUTS * factor + 1)),
            exactly(0),
            note="deviation",
            of="networks",
            figure=_FIGURE,
        ),
    ]


def _deviation(growth: Growth, expected: Callable[[int], int]) -> Callable[[Evidence], list[int | None]]:
    def of(record: Record) -> int | None:
        rank = decided(record)
        return None if rank is None else abs(rank - expected(record.case["factor"]))

    return lambda evidence: evidence.where(growth=growth).each(of)


def measure(case: Case, progress: Progress) -> Outcome:
    """Returns the smallest model rank on the target set of the grown network.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    import jax
    import jax.numpy as jnp

    from condenslab import networks, sample_size

    random = np.random.default_rng([case.seed, 11])
    weights, outgoing = random.standard_normal((NEURONS, INPUTS)), random.uniform(0.5, 2.0, (1, NEURONS))
    inputs = INPUTS * (case.factor if case.growth == "connections" else 1)
    weights = np.pad(weights, ((0, 0), (0, inputs - INPUTS)))
    target = networks.TwoLayer(jnp.asarray(weights), None, jnp.asarray(outgoing), None, networks.activation("tanh"))
    width = NEURONS * (case.factor if case.growth == "neurons" else 1)
    points = sample_size.dense_points(target, width, jax.random.key(case.seed))
    smallest = sample_size.minimum_rank(points, random.standard_normal((3 * width * (inputs + 1), inputs)))
    return Outcome({"rank": smallest.value, "rank_decided": smallest.decided, "parameters": width * (inputs + 1)})


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws ranks and parameters against both growths.

    Args:
        records: The records.
    """
    from condenslab import figures

    known = [record for record in records if decided(record) is not None]
    if not known:
        return []
    first = min(record.case["seed"] for record in known)
    figure, axes = figures.panels(1, 2, width=4.6, height=3.6)
    growths = {"neurons": "More neurons", "connections": "More connections a neuron"}
    for ax, (growth, title) in zip(axes[0], growths.items(), strict=True):
        shown = [r for r in known if (r.case["growth"], r.case["seed"]) == (growth, first)]
        factors = [record.case["factor"] for record in shown]
        numbers = {"parameters": "parameters", "rank": "smallest rank on the target set"}
        curves = {label: (factors, [r.values[name] for r in shown]) for name, label in numbers.items()}
        figures.value_curves(ax, curves, x_label=f"{growth}, in multiples", y_label="number", logarithmic="xy")
        figures.title(ax, title)
    figures.legend_below(axes[0, 0])
    caption = (
        "A sum of two tanh neurons of two inputs, learned by larger networks; both axes logarithmic. Left: with "
        "further neurons. Right: with further inputs, which the target ignores; the rank is the number of samples "
        f"needed. Seed {first}."
    )
    return [Drawing(_FIGURE, caption, figure)]


STUDY = Study(
    name="scaling",
    revision=2,
    question="Which growth of a network costs samples: neurons, or connections a neuron?",
    source="deck 001, principle of model scaling and scaling of the brain",
    part="generalization",
    deck="001",
    presets={
        "tiny": Settings(seeds=1, factors=(1, 2)),
        "quick": Settings(),
        "full": Settings(seeds=20, factors=(1, 2, 4, 8, 16)),
    },
    make_cases=make_cases,
    parts=(Part(case=Case, run="condenslab.studies.scaling:measure", seconds=lambda case: 0.3 * case.factor),),
    statements=statements,
    figures="condenslab.studies.scaling:drawings",
)
