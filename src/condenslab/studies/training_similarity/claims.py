"""What the training_similarity study claims, and how it is read from records; numbers only, no JAX."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import at_least, at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.training_similarity import lines
from condenslab.studies.training_similarity.cases import NARROW, LevelsCase, Settings, trials_of
from condenslab.studies.training_similarity.lines import NOTES, OWN, PASSING, PRINCIPLE, SPECTRUM, sides, trials
from condenslab.studies.training_similarity.spectrum import BIN, CENTRES, Results, chance, peaks
from condenslab.sweeps import Record

_PASSED = "Wide networks only pass the risk of the width-2 minimum; they rest below, at a critical risk of width 3."
_ANGLE = 0.1
_PERMUTATIONS = 20_000
_CHANCE = 0.01
_ORDERED = 5
"""So many widths must be ordered for anything to be said of them."""

COURSES, AT_LEVEL = "Risk along training", "What the networks are at the width-2 level"
"""Titles of drawings."""


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed with these settings.

    Args:
        settings: The settings.
    """
    return [
        _not_by_chance(settings),
        _critical_levels(settings),
        _lower(settings),
        *_at_level(settings),
        *lines.statements(settings),
    ]


def _listed(settings: Settings, widths: Sequence[int]) -> str:
    return "widths " + (", ".join(f"{width} ({trials_of(settings, width)} trials)" for width in widths) or "(none)")


def _not_by_chance(settings: Settings) -> Statement:
    widths = sorted(set(settings.widths))
    wide = [width for width in widths if width > NARROW]
    one_sided = f"the widths do not lie on both sides of {NARROW}" if wide in ([], widths) else ""

    def value(evidence: Evidence) -> Any:
        return Measured(None, unsettled=one_sided) if one_sided else trials(settings, evidence, _by_chance)

    return Statement(
        "the probability that as many peaks of the wide nets match by chance",
        OWN,
        value,
        at_most(_CHANCE),
        label="probability that as many peaks of the wide nets match by chance",
        figure=SPECTRUM,
    )


def _by_chance(results: Results) -> Measured:
    narrow_peaks, wide = sides(results)
    together = peaks(np.mean([results.spectrum(width) for width in wide], axis=0))
    visited = np.flatnonzero(np.mean([results.spectrum(width) for width in results.widths], axis=0))
    probability, least = chance(together, narrow_peaks, int(visited[-1] - visited[0] + 1))
    note = f"{len(together)} peaks of all wide nets together, {len(narrow_peaks)} of the narrow ones"
    few = "so few peaks that all of them may match by chance" if least > _CHANCE else ""
    return Measured(probability, note, few)


def _critical_levels(settings: Settings) -> Statement:
    narrowest = [width for width in (1, 2) if width in settings.widths and width <= settings.levels]

    def other_peaks(evidence: Evidence, width: int) -> int | None:
        level = evidence.where(LevelsCase, width=width).all(lambda records: records[0].arrays["risks"])
        resting = trials(settings, evidence.where(width=width), lambda found: CENTRES[peaks(found.spectrum(width))])
        if level is None or resting is None:
            return None
        return int(np.sum(np.abs(resting[:, None] - np.log10(np.maximum(level, 1e-300))).min(axis=1) > BIN))

    return Statement(
        "nets of widths 1 and 2 rest at critical risks found without training (within 0.025 decades)",
        f"{NOTES}; {PRINCIPLE}",
        lambda evidence: [other_peaks(evidence, width) for width in narrowest],
        exactly(0),
        note=f"other peaks, {_listed(settings, narrowest)}",
        label="nets of widths 1 and 2 rest at critical risks found without training",
        figure=SPECTRUM,
    )


def share_below(results: Results, width: int, level: float) -> float:
    """Returns the share of the steps of a width below a risk by more than one bin."""
    return float(results.spectrum(width)[np.log10(level) - BIN > CENTRES].sum())


def _lower(settings: Settings) -> Statement:
    widths = sorted(set(settings.widths))

    def p_value(evidence: Evidence) -> Any:
        if len(widths) < _ORDERED:
            return Measured(None, unsettled=f"{len(widths)} widths are too few to be ordered: ask for {_ORDERED}")
        level = evidence.where(LevelsCase, width=1).all(lambda records: float(records[0].arrays["risks"][0]))
        shares = trials(
            settings, evidence, lambda results: [share_below(results, w, level or 1e-300) for w in results.widths]
        )
        return None if level is None or shares is None else _rank_p_value(np.array(shares))

    return Statement(
        "wider nets spend more of their steps below the width-1 minimum",
        NOTES,
        p_value,
        at_most(_CHANCE),
        note=f"p-value of the rank correlation with the width, {_listed(settings, widths)}",
        figure=SPECTRUM,
    )


def _rank_p_value(shares: np.ndarray) -> float:
    """Returns the probability that shuffled values grow as much along the order, from random permutations."""
    ranks = np.array([np.mean([(other < share) + 0.5 * (other == share) for other in shares]) for share in shares])
    order = np.arange(len(shares)) - (len(shares) - 1) / 2
    random = np.random.default_rng(0)
    shuffled = np.array([random.permutation(ranks) @ order for _ in range(_PERMUTATIONS)])
    return float((1 + np.sum(shuffled >= ranks @ order - 1e-12)) / (1 + _PERMUTATIONS))


def _at_level(settings: Settings) -> list[Statement]:
    def passing(value: Callable[[Results, Record], Any]) -> Callable[[Evidence], Any]:
        """Returns a reader of the trials that pass the width-2 minimum, and of that minimum."""

        def of(evidence: Evidence) -> Any:
            if settings.levels < 2:
                return Measured(None, unsettled="the critical risks of width 2 were not asked for")
            minimum = evidence.where(LevelsCase, width=2).all(lambda records: records[0])
            results = trials(settings, evidence, lambda results: results)
            return None if minimum is None or results is None else value(results, minimum)

        return of

    return [
        Statement(
            "at the risk R of the width-2 minimum the functions coincide across widths",
            f"{NOTES}; the bound is {OWN}",
            passing(_distances),
            at_most(0.25),
            note="median rms distance to the critical function, relative to √(2R), that of two functions of that risk "
            "whose residuals have nothing in common, for each width that passes there",
            figure=AT_LEVEL,
            reason=_PASSED,
        ),
        Statement(
            "at that risk the merged neurons are those of the width-2 net",
            f"{NOTES}; 90 % and 0.1 rad: {OWN}",
            passing(_shares),
            at_least(0.9),
            note="share of the amplitude within 0.1 rad of one of its neurons with its sign, median, for each width "
            "that passes there",
            label="at the risk of the width-2 minimum the merged neurons are its neurons",
            figure=AT_LEVEL,
            reason=_PASSED,
        ),
    ]


def _told(results: Results, passing: dict[int, list[Record]]) -> tuple[str, str]:
    """Returns which widths pass, and why these are too few, if they are."""
    widths = ", ".join(f"{width} ({len(trials)} of {len(results.trials[width])})" for width, trials in passing.items())
    few = len(passing) < PASSING or max(passing) <= NARROW
    unsettled = f"fewer than {PASSING} widths, or none above {NARROW}, pass there" if few else ""
    return f"width (trials that pass): {widths or 'none'}", unsettled


def _distances(results: Results, minimum: Record) -> Measured:
    passing = results.passing("width_2")
    best, scale = minimum.arrays["best_outputs"], float(np.sqrt(2 * minimum.arrays["risks"][0]))
    if not scale:
        return Measured(None, unsettled="the width-2 minimum fits the samples exactly: there is no level to rest at")
    medians = [
        float(np.median([np.sqrt(np.mean((trial.arrays["width_2_outputs"] - best) ** 2)) / scale for trial in trials]))
        for trials in passing.values()
    ]
    return Measured(medians, *_told(results, passing))


def _shares(results: Results, _: Record) -> Measured:
    passing = results.passing("width_2")
    note, few = _told(results, passing)
    if few or 2 not in passing:
        return Measured(None, note, few or "no trial of width 2 passes there")
    pattern = min(passing[2], key=lambda record: record.values["width_2_away"])
    return Measured(
        [float(np.median([_shared_amplitude(trial, pattern) for trial in trials])) for trials in passing.values()], note
    )


def _shared_amplitude(record: Record, pattern: Record) -> float:
    """Returns the share of the amplitude whose direction and sign are those of a neuron of the pattern."""
    angles, amplitudes = record.arrays["width_2_angles"], record.arrays["width_2_amplitudes"]
    directions, signs = pattern.arrays["width_2_angles"], np.sign(pattern.arrays["width_2_amplitudes"])
    apart = np.abs((angles[:, None] - directions[None, :] + np.pi) % (2 * np.pi) - np.pi)
    near = np.any((apart <= _ANGLE) & (np.sign(amplitudes)[:, None] == signs[None, :]), axis=1)
    return float(np.abs(amplitudes[near]).sum() / np.abs(amplitudes).sum())
