"""Which growth of a network costs samples: neurons, or connections a neuron?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from condenslab.studies.contract.criteria import exactly, within
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Statement
from condenslab.studies.contract.study import Drawing, Study
from condenslab.studies.settings import Count
from condenslab.studies.shared.ranks import decided
from condenslab.sweeps import Outcome, Progress, Record

Growth = Literal["neurons", "connections"]
Brain = Literal["mouse", "human"]

BRAINS: dict[Brain, int] = {"mouse": 10**8, "human": 10**11}
CONNECTIONS = (10**3, 10**4)
"""Neurons, and connections a neuron, of both brains (deck 001)."""
INTRINSIC = 1000
"""Neurons of the target for which brains are planned."""
NEURONS, INPUTS = 2, 2
"""Of the target, a sum of two tanh neurons without biases."""
_DECK = "deck 001, principle of model scaling: width is free, connections are not (settings not stated)"
_FIGURE = "Neurons are free, connections are not"
_BRAINS = "Brains as networks"
_SLIDE = "deck 001, 'principle of model scaling vs. scaling of brain'; as the closed form k(d + 1) of `plan` has it"


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


@dataclass(frozen=True)
class BrainCase:
    """A target of a thousand neurons, in a two-layer network with the numbers of a brain.

    Attributes:
        brain: Whose.
        connections: Of a neuron.
    """

    brain: Brain
    connections: int


def make_cases(settings: Settings, seed: int) -> list[Case | BrainCase]:
    """Returns both growths by every factor, for every seed, and the brains.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    growths: tuple[Growth, ...] = ("neurons", "connections")
    brains = [BrainCase(brain, connections) for brain in BRAINS for connections in CONNECTIONS]
    return [*(Case(g, f, seed + s) for g in growths for f in settings.factors for s in range(settings.seeds)), *brains]


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
        *_brain_statements(),
    ]


def _brain_statements() -> list[Statement]:
    def samples(record: Record) -> int:
        return record.values["samples"]

    def ratio(records: list[Record]) -> float:
        first, last = samples(records[0]), samples(records[-1])
        return last / first

    return [
        Statement(
            "from a mouse's 10⁸ neurons to a human's 10¹¹ the optimistic sample size of a target does not grow",
            _SLIDE,
            lambda evidence: evidence.where(BrainCase).per("connections", ratio),
            within(1.0, 0.0005),
            "ratio, with 10³ and 10⁴ connections a neuron",
            label="more neurons, from mouse to human, need no more samples",
            figure=_BRAINS,
        ),
        Statement(
            "ten times the connections a neuron would take ten times the samples",
            _SLIDE,
            lambda evidence: evidence.where(BrainCase).per("brain", ratio),
            within(10.0, 0.01),
            "ratio of 10⁴ to 10³ connections, in both brains",
            figure=_BRAINS,
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


def plan_brain(case: BrainCase, progress: Progress) -> Outcome:
    """Returns the optimistic sample size and the number of parameters of a two-layer network of a brain's numbers.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    from condenslab.sample_size import planning

    request = planning.PlanRequest("two-layer", inputs=case.connections, width=BRAINS[case.brain], intrinsic=INTRINSIC)
    answer = planning.plan(request)
    return Outcome({"samples": answer.samples, "parameters": answer.closed.parameters})


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws ranks and parameters against both growths, and the brains.

    Args:
        records: The records.
    """
    return [*_growths(records), *_brains(records)]


def _brains(records: Sequence[Record]) -> list[Drawing]:
    from condenslab import figures

    rows = [r for r in records if r.status == "done" and "brain" in r.case]
    if not rows:
        return []
    figure, axes = figures.panels(1, 1, width=7.0, height=3.2)
    figures.measured_and_expected(
        axes[0, 0],
        [f"{r.case['brain']}, {r.case['connections']:,} connections" for r in rows],
        [r.values["samples"] for r in rows],
        [r.values["parameters"] for r in rows],
        x_label="samples",
        names=("optimistic estimate", "classic estimate: parameters"),
        logarithmic=True,
    )
    figures.title(axes[0, 0], f"A target of {INTRINSIC:,} neurons in networks of a brain's numbers")
    caption = (
        "A two-layer network with as many neurons as a brain has (mouse 10⁸, human 10¹¹), and as many inputs as a "
        "neuron has connections: the closed form k(d + 1) of the plan, and the number of parameters. Neurons are free, "
        "connections are not, and the two brains differ by neurons."
    )
    return [Drawing(_BRAINS, caption, figure)]


def _growths(records: Sequence[Record]) -> list[Drawing]:
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
    parts=(
        Part(case=Case, run="condenslab.studies.scaling:measure", seconds=lambda case: 0.3 * case.factor),
        Part(case=BrainCase, run="condenslab.studies.scaling:plan_brain", varies=("brain",), seconds=lambda _: 0.01),
    ),
    statements=statements,
    figures="condenslab.studies.scaling:drawings",
)
