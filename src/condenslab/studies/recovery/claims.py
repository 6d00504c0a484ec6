"""What the recovery study claims, and how it is read from records; numbers only, no JAX."""

from collections.abc import Callable
from typing import Any

from condenslab.studies.contract.criteria import at_least, at_most, below, exactly, within
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Statement
from condenslab.studies.recovery.cases import (
    CriticalCase,
    FlowCase,
    Settings,
    embedded_widths,
    narrow_widths,
    proof_cases,
)
from condenslab.studies.recovery.embedding import embedding, no_count_falls, strict_saddle
from condenslab.studies.recovery.readings import (
    WIDTH_1_MINIMUM,
    WIDTH_2_MINIMUM,
    distances,
    lowest_outputs,
    minima,
    plateau_decades,
)
from condenslab.studies.shared.proven.cases import proven
from condenslab.studies.shared.ranks import decided
from condenslab.sweeps import Record

_EP21 = "Zhang et al., NeurIPS 2021 (EP21)"
_EXERCISE = "deck 000, exercise on width-3 tanh nets, EP21, Fig. 4, which prints 0.11, 0.07 and 0"
_DECK3 = "deck 003, 'Generalization puzzle explained'"
_CONTRAST = (
    "deck 000 and 003: small initialisation condenses; Luo et al., JMLR 22(71) 2021; the amount is the study's own"
)
_OWN = "the study's own criterion for 'a small network in disguise'"

_PRINTED = 0.005
"""Two decimals are printed."""

COURSE, DISTANCE = "The plateau, seed by seed", "How near the flow passes"
CRITICAL, GROUPS = "Critical functions of narrow networks", "How many groups"
RANK, CONTRAST = "Model rank", "What the initial scale does"
"""Titles of drawings."""


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed: of the built-in target where it is learnt by tanh neurons, else what holds of any data.

    Args:
        settings: The settings.
    """
    if settings.activation != "tanh":
        return [*embedding(), *(no_count_falls(width, settings.width) for width in embedded_widths(settings))]
    return [
        *_plateau(settings),
        *_levels(settings),
        *_reduction(settings),
        *embedding(),
        *(strict_saddle(width, settings.width) for width in embedded_widths(settings)),
        *(no_count_falls(width, settings.width, other=True) for width in embedded_widths(settings)),
        *_samples(settings),
        *_contrast(),
        *(proven(case, "") for case in proof_cases(settings)),
    ]


def _main(settings: Settings, evidence: Evidence) -> Evidence:
    """Returns the flows from small initialisation with the L2 term, of which there are none without such a term."""
    return evidence.where(FlowCase, start="small", l2=settings.l2 if settings.l2 > 0 else ())


def _each(settings: Settings, value: Callable[[Record], Any]) -> Callable[[Evidence], Any]:
    return lambda evidence: _main(settings, evidence).each(value)


def _plateau(settings: Settings) -> list[Statement]:
    def closest(evidence: Evidence) -> Any:
        narrow = evidence.where(CriticalCase, width=1).all(lambda records: lowest_outputs(records[0]))
        runs = _main(settings, evidence)
        return runs.each(lambda run: None if narrow is None else float(distances(run, narrow).min()))

    return [
        Statement(
            "R stays within 10 % of the width-1 minimum for at least 3 decades of time",
            f"{_EP21}, Fig. 1; {_EXERCISE}; 10 % and 3 decades are the study's own",
            _each(settings, lambda run: plateau_decades(run, WIDTH_1_MINIMUM)),
            at_least(3),
            of="seeds",
            label="R stays within 10 % of the width-1 minimum for at least 3 decades",
            figure=COURSE,
        ),
        Statement(
            "the network's function passes within 1 % (relative rms on the samples) of the width-1 critical function",
            f"{_EP21}, Fig. 1; 1 % is the study's own",
            closest,
            at_most(0.01),
            of="seeds",
            label="the network's function passes within 1 % of the width-1 critical function",
            figure=DISTANCE,
        ),
    ]


def _levels(settings: Settings) -> list[Statement]:
    def at(width: int, level: float) -> Callable[[Evidence], Any]:
        def of(records: list[Record]) -> list[float] | None:
            nearest = minima(records[0], level)
            return nearest if len(nearest) >= (width if level > 0 else 1) else None

        return lambda evidence: evidence.where(CriticalCase, width=width).all(of)

    claimed = {
        1: Statement(
            "the width-1 net has its minimum at the published R = 0.11, with inertia (3, 0, 0)",
            _EXERCISE,
            at(1, WIDTH_1_MINIMUM),
            within(0.11, _PRINTED),
            label="the width-1 net has a minimum at R = 0.11 with inertia (3, 0, 0)",
            figure=CRITICAL,
        ),
        2: Statement(
            "the width-2 net has a minimum at the published R = 0.07, and its mirror image, with inertia (6, 0, 0)",
            _EXERCISE,
            at(2, WIDTH_2_MINIMUM),
            within(0.07, _PRINTED),
            label="the width-2 net has a mirrored pair of minima at R = 0.07",
            figure=CRITICAL,
        ),
        3: Statement(
            "the width-3 net reaches the target exactly, with inertia (9, 0, 0)",
            _EXERCISE,
            at(3, 0.0),
            at_most(1e-20),
            figure=CRITICAL,
        ),
    }
    return [statement for width, statement in claimed.items() if width in narrow_widths(settings)]


def _reduction(settings: Settings) -> list[Statement]:
    def value(name: str) -> Callable[[Evidence], Any]:
        return _each(settings, lambda run: run.values.get(name))

    return [
        Statement(
            "three groups of neurons up to sign are dominant (at least 5 % of the largest amplitude)",
            f"{_EP21}, Fig. 1; {_DECK3}; 5 % is the study's own",
            value("dominant_groups"),
            exactly(3),
            of="seeds",
            label="three groups of neurons up to sign are dominant",
            figure=GROUPS,
        ),
        Statement(
            "the fourth amplitude is below 5 % of the first", _OWN, value("fourth_amplitude"), below(0.05), of="seeds"
        ),
        Statement(
            "merging the groups gives 3 neurons",
            f"{_EP21}, Fig. 1 (effective neurons)",
            value("reduced_width"),
            exactly(3),
            of="seeds",
        ),
        Statement(
            "merging alone changes the function by at most 1e-3 (relative rms)",
            _OWN,
            value("merge_error"),
            at_most(1e-3),
            of="seeds",
        ),
        Statement(
            "after polishing, the parameters equal the target's up to symmetry to 1e-6",
            "deck 000: f* is the only width-3 zero",
            _each(settings, lambda run: run.values.get("parameter_error") if _polished(run) else None),
            at_most(1e-6),
            of="seeds",
        ),
    ]


def _polished(run: Record) -> bool:
    """Returns whether polishing came to a critical point; where it did not, nothing was recovered exactly."""
    return run.values.get("polish_fate", "critical").startswith("critical")


def _samples(settings: Settings) -> list[Statement]:
    return [
        Statement(
            "the model rank of the recovered network, embedded back into the wide one, is 9",
            "Zhang et al., JML 2025 (OPT), two-layer tanh: k(d + 2) = 9",
            _each(settings, lambda run: decided(run) if _polished(run) else None),
            exactly(9),
            of="seeds",
            figure=RANK,
        ),
        Statement(
            "that rank is read off a gap of at least two decades",
            _OWN,
            _each(settings, lambda run: run.values.get("rank_gap") if _polished(run) else None),
            at_least(2),
            of="seeds",
            label="the rank of the recovered network is read off a gap of two decades",
            figure=RANK,
        ),
    ]


def _contrast() -> list[Statement]:
    def pairs(value: Callable[[dict[str, Any], dict[str, Any]], float | None]) -> Callable[[Evidence], Any]:
        """Returns a reader of value(from small, from std-1 initialisation) for every seed with both flows."""

        def of(records: list[Record]) -> float | None:
            by_start = {record.case["start"]: record.values for record in records}
            return value(by_start["small"], by_start["std 1"])

        def values(evidence: Evidence) -> Any:
            flows = evidence.where(FlowCase, start=("small", "std 1"), l2=0.0).by("seed").values()
            return [flow.all(of) for flow in flows if flow.fields("start") == ["small", "std 1"]]

        return values

    return [
        Statement(
            "from std-1 initialisation the same flow ends with at least 3 dominant groups more",
            _CONTRAST,
            pairs(lambda small, large: large["dominant_groups"] - small["dominant_groups"]),
            at_least(3),
            of="seeds",
            figure=GROUPS,
        ),
        Statement(
            "from std-1 initialisation the test error is at least 5 times that from small initialisation",
            _CONTRAST,
            pairs(lambda small, large: large["test_error"] / small["test_error"] if small["test_error"] else None),
            at_least(5),
            of="seeds",
            figure=CONTRAST,
        ),
    ]
