"""Lines of the loss spectrum: what is published, what narrow and wide networks share, and what they are at rest."""

from collections.abc import Callable
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.training_similarity.cases import LOWEST, NARROW, LevelsCase, Settings, TrialCase
from condenslab.studies.training_similarity.spectrum import BIN, CENTRES, Results, peaks, pooled, unmatched
from condenslab.sweeps import Record

NOTES = "Xu & Zhang, lecture notes, chapter 'embedding principle', section 1.1"
PRINCIPLE = "EP21, Theorem 1: critical functions of narrow networks are critical for wide ones"
OWN = "the study's own criterion"
NO_REST = (
    "The theorem makes these functions critical for wide networks, not places of rest. At −0.44 the output is 0, all "
    "neurons are dead: of 64 runs each with rate 0.1 so end 32, 12, 7, 2, 1 and 0 of widths 1, 2, 3, 4, 6 and 8, and "
    "none of wider ones. At −1.79 one function of two kinks holds 5, 5 and 1 runs of widths 2, 3 and 4."
)
PASSING = 3
"""So many widths must pass a level, or rest at one, for anything to be said of them."""
SPECTRUM = "The loss spectrum"
INFERRED = "The loss spectrum with the inferred rate"
"""Titles of drawings."""
_LINES = f"{NOTES}, Figs 1.1 and 1.2 (lines of the loss spectrum, read off to 0.05 decades)"
LINES = ((-0.44,), (-1.56,), (-2.26,), (-3.16, -3.24), (-3.99,), (-4.34,), (-4.86,))
"""log₁₀ R of the seven lines of Fig. 1.2, one of them double; the last three are seen in wide networks alone."""
_READ_OFF = 0.05
TOO_SLOW = (
    "The time axis of Fig. 1.1 does not fit the printed rate: these runs end 20 times earlier than the published ones."
)


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed of the lines, with the printed rate and with the inferred one.

    Args:
        settings: The settings.
    """
    return [*(claim for printed in (True, False) for claim in _lines(settings, printed)), _at_rest(settings)]


def trials(settings: Settings, evidence: Evidence, value: Callable[[Results], Any], *, printed: bool = True) -> Any:
    """Returns value(results) of the runs with the printed rate, or with the inferred setting."""
    rate = settings.rate if printed else settings.inferred_rate
    return evidence.where(TrialCase, rate=rate).all(lambda records: value(Results(records)))


def sides(results: Results) -> tuple[np.ndarray, list[int]]:
    """Returns the peaks of the narrow widths, and the wide widths."""
    wide = [width for width in results.widths if width > NARROW]
    return pooled(results, [width for width in results.widths if width <= NARROW]), wide


def _lines(settings: Settings, printed: bool) -> list[Statement]:
    rate, steps = (settings.rate, settings.steps) if printed else (settings.inferred_rate, settings.inferred_steps)
    origin = "as printed" if printed else "inferred from the time axis of Fig. 1.1"
    how = f"rate {rate:g}, {steps:,} steps, {origin}"
    shared: dict[str, Any] = {"reason": TOO_SLOW if printed else "", "figure": SPECTRUM if printed else INFERRED}
    short = "" if printed else ", inferred rate"

    def of(value: Callable[[Results], Any]) -> Callable[[Evidence], Any]:
        return lambda evidence: trials(settings, evidence, value, printed=printed)

    return [
        Statement(
            "the seven published lines are peaks of the loss spectrum: distance of the nearest peak of any width",
            _LINES,
            of(_from_lines),
            at_most(_READ_OFF),
            f"{how}; decades, at log₁₀ R = {', '.join('/'.join(f'{at:g}' for at in line) for line in LINES)}",
            label=f"the seven published lines are peaks of the loss spectrum{short}",
            **shared,
        ),
        Statement(
            f"narrow ⊂ wide: every risk at which nets of up to {NARROW} neurons rest is one at which wide nets rest",
            f"{NOTES}; {PRINCIPLE}",
            of(_missing_in_wide) if max(settings.widths) > NARROW >= min(settings.widths) else _one_sided,
            exactly(0),
            f"{how}; peaks of the narrow widths without a peak of the wide ones within 0.05 decades",
            label=f"narrow ⊂ wide: where narrow nets rest, wide ones do{short}",
            reason=NO_REST,
            figure=shared["figure"],
        ),
    ]


def _one_sided(evidence: Evidence) -> Measured:
    return Measured(None, unsettled=f"the widths do not lie on both sides of {NARROW}")


def _from_lines(results: Results) -> Measured:
    """Returns for every published line how far the nearest peak of any width is, and which widths have it."""
    found = {width: CENTRES[peaks(results.spectrum(width))] for width in results.widths}

    def away(places: np.ndarray, line: tuple[float, ...]) -> float:
        return float(np.abs(places[:, None] - np.array(line)).min()) if len(places) else -LOWEST

    nearest = [min(away(places, line) for places in found.values()) for line in LINES]
    lost = [f"{line[0]:g}" for line, distance in zip(LINES, nearest, strict=True) if distance > _READ_OFF]
    having = [
        f"{line[0]:g}: {', '.join(str(w) for w, places in found.items() if away(places, line) <= _READ_OFF) or 'none'}"
        for line in LINES
    ]
    luck = f"a line laid at random has a peak as near with chance {_luck(found):.2f}"
    note = f"widths with the line {'; '.join(having)}; {luck}"
    return Measured(nearest, note=note, failing=f"No width has a peak at {', '.join(lost)}.")


def _luck(found: dict[int, np.ndarray]) -> float:
    """Returns the chance that a line laid at random from the lowest published one to the highest has a peak near."""
    places, every = np.linspace(min(map(min, LINES)), max(map(max, LINES)), 2001), np.concatenate(list(found.values()))
    return float(np.mean([len(every) and np.abs(every - at).min() <= _READ_OFF for at in places]))


def _missing_in_wide(results: Results) -> Measured:
    narrow_peaks, wide = sides(results)
    lost = [at for at in narrow_peaks if unmatched(np.array([at]), pooled(results, wide))]
    told = ", ".join(f"{CENTRES[at]:.2f}" for at in lost)
    return Measured(len(lost), f"of {len(narrow_peaks)} peaks", failing=f"Without a partner: log₁₀ R = {told}.")


def _at_rest(settings: Settings) -> Statement:
    """The principle is one about critical functions: networks are compared where they rest, not where they pass."""

    def value(evidence: Evidence) -> Any:
        levels = evidence.where(LevelsCase).all(lambda records: records)
        results = trials(settings, evidence, lambda results: results, printed=False)
        return None if levels is None or results is None else _rest_distances(results, levels)

    return Statement(
        f"where networks rest at a critical risk of width at most {settings.levels} they are a critical function of it",
        f"{NOTES}; {PRINCIPLE}; the bound is {OWN}",
        value,
        at_most(0.25),
        f"rate {settings.inferred_rate:g}, inferred; median over the rests within half a bin of the rms "
        "distance to the nearest such function, relative to √(2R), for each width that has one",
        label="where networks rest at a narrow critical risk, they are that critical function",
        figure=INFERRED,
        reason="A wide network can rest at a critical function of its own whose risk is that of a narrow one to half a "
        "bin.",
    )


def _rest_distances(results: Results, levels: list[Record]) -> Measured:
    risks = np.concatenate([level.arrays["all_risks"] for level in levels])
    outputs = np.concatenate([level.arrays["all_outputs"] for level in levels])
    risks, outputs = risks[risks > 0], outputs[risks > 0]
    medians, told = [], []
    for width in results.widths:
        rests = [rest for trial in results.trials[width] for rest in _rests(trial, risks, outputs)]
        told += [f"{width} ({len(rests)})"] if rests else []
        medians += [float(np.median(rests))] if rests else []
    few = "" if len(medians) >= PASSING else f"fewer than {PASSING} widths rest there"
    return Measured(medians, note=f"width (rests): {', '.join(told) or 'none'}", unsettled=few)


def _rests(trial: Record, risks: np.ndarray, outputs: np.ndarray) -> list[float]:
    """Returns, for every rest of a trial at a critical risk, the distance of its function to the nearest there.

    Rests that follow each other within half a bin are one: a run that has come to an end slows down ever again.
    """
    found, last = [], np.inf
    for risk, function in zip(trial.arrays["rest_risks"], trial.arrays["rest_outputs"], strict=True):
        if abs(np.log10(last / risk)) <= BIN / 2:
            continue
        last, near = risk, np.abs(np.log10(risks / risk)) <= BIN / 2
        if near.any():
            distances = np.sqrt(np.mean((outputs[near] - function) ** 2, axis=1))
            found.append(float(distances.min() / np.sqrt(2 * risk)))
    return found
