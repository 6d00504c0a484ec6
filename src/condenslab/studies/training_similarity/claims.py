"""Decides the claims of the training_similarity study from stored records; numbers only, no JAX."""

from collections.abc import Sequence
from math import comb

import numpy as np

from condenslab.studies.contract.claims import Claim
from condenslab.studies.training_similarity.cases import BINS, HIGHEST, LOWEST, NARROW
from condenslab.sweeps import Record

_NOTES = "Xu & Zhang, lecture notes, chapter 'embedding principle', section 1.1"
_PRINCIPLE = "EP21, Theorem 1: critical functions of narrow networks are critical for wide ones"
_OWN = "the study's own criterion"
BIN = (HIGHEST - LOWEST) / BINS
CENTRES = LOWEST + BIN * (np.arange(BINS) + 0.5)
REACH = 2
"""Peaks of the spectrum match when they are at most so many bins apart."""
LEAST_SHARE = 0.01
_ANGLE = 0.1
_PERMUTATIONS = 20_000

STATEMENTS = (
    "every risk at which wide nets (above 8 neurons) rest is one at which narrow nets rest (peaks of the loss "
    "spectrum, within 0.05 decades): peaks without a partner",
    "the probability that as many peaks of the wide nets match by chance",
    "nets of widths 1 and 2 rest at critical risks found without training (within 0.025 decades): other peaks",
    "wider nets spend more of their steps below the width-1 minimum: p-value of the rank correlation with the width",
    "at the risk of the width-2 minimum the functions coincide across widths: median relative rms distance to the "
    "critical function, for each width that passes there",
    "at that risk the merged neurons are those of the width-2 net: share of the amplitude within 0.1 rad of one of "
    "its neurons with its sign, median, for each width that passes there",
)
"""What the study claims, before anything is measured; a run adds widths and numbers of trials."""


class Results:
    """The records of a run by width; those that are not done are left out.

    Args:
        records: Records in any order.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        done = [record for record in records if record.status == "done"]
        self.levels = {r.case["width"]: r for r in done if r.case["kind"] == "levels"}
        self.trials: dict[int, list[Record]] = {}
        for record in done:
            if record.case["kind"] == "trial":
                self.trials.setdefault(record.case["width"], []).append(record)
        self.widths = sorted(self.trials)

    def spectrum(self, width: int) -> np.ndarray:
        """Returns the share of all steps of all trials of a width that is spent in each bin, shape (bin,)."""
        counts = np.sum([record.arrays["counts"] for record in self.trials[width]], axis=0, dtype=np.int64)
        return np.asarray(counts)[1:-1] / np.sum(counts)

    def passing(self, name: str) -> dict[int, list[Record]]:
        """Returns, by width, the trials that were recorded within half a bin of a level (`width_1` or `width_2`)."""
        found = {w: [r for r in self.trials[w] if f"{name}_outputs" in r.arrays] for w in self.widths}
        return {width: records for width, records in found.items() if records}


def peaks(shares: np.ndarray) -> np.ndarray:
    """Returns the bins in which a spectrum has a peak: at least 1 % of the steps, and most within two bins around.

    Args:
        shares: Share of the steps in each bin, shape (bin,).
    """
    padded = np.pad(shares, REACH)
    around = np.stack([padded[shift : shift + len(shares)] for shift in range(2 * REACH + 1)])
    first = np.argmax(around, axis=0) == REACH
    return np.flatnonzero(first & (shares >= LEAST_SHARE))


def unmatched(own: np.ndarray, others: np.ndarray) -> int:
    """Returns how many of the bins have none of the others within `REACH` bins.

    Args:
        own: Bin numbers, shape (k,).
        others: Bin numbers, shape (l,).
    """
    if not len(others):
        return len(own)
    return int(np.sum(np.abs(own[:, None] - others[None, :]).min(axis=1) > REACH))


def chance(own: np.ndarray, others: np.ndarray, bins: int) -> tuple[float, float]:
    """Returns the probability that at least as many peaks match if they lay anywhere, independently.

    The second number is the probability that all do: the least that the first can be.

    Args:
        own: Bin numbers of the peaks, shape (k,).
        others: Bin numbers that they are compared with.
        bins: How many bins they could lie in.
    """
    near = np.unique((others[:, None] + np.arange(-REACH, REACH + 1)[None, :]).ravel())
    share = min(1.0, len(near) / bins)
    matched, count = len(own) - unmatched(own, others), len(own)
    probability = sum(comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(matched, count + 1))
    return probability, share**count


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims of a run, in the order of `STATEMENTS`.

    Args:
        records: The records.
    """
    results = Results(records)
    return [*_shared_levels(results), _critical_levels(results), _lower(results), *_at_level(results)]


def pooled(results: Results, widths: Sequence[int]) -> np.ndarray:
    """Returns the peaks that any of the widths has, as sorted bin numbers."""
    return np.unique(np.concatenate([peaks(results.spectrum(width)) for width in widths]))


def _shared_levels(results: Results) -> list[Claim]:
    narrow = [width for width in results.widths if width <= NARROW]
    wide = [width for width in results.widths if width > NARROW]
    text = f"{STATEMENTS[0]}, for widths {_listed(results, wide)}"
    if not narrow or not wide:
        undecided = Claim.undecided(text, _NOTES, expected=0), Claim.undecided(STATEMENTS[1], _OWN, expected=0.01)
        return list(undecided)
    known = pooled(results, narrow)
    missing = [unmatched(peaks(results.spectrum(width)), known) for width in wide]
    together = np.mean([results.spectrum(width) for width in wide], axis=0)
    visited = np.flatnonzero(np.mean([results.spectrum(width) for width in results.widths], axis=0))
    probability, least = chance(peaks(together), known, int(visited[-1] - visited[0] + 1))
    number = (
        f"{STATEMENTS[1]} ({len(peaks(together))} peaks of all wide nets together, {len(known)} of the narrow ones)"
    )
    return [
        Claim.count(text, f"{_NOTES}; {_PRINCIPLE}", expected=0, measured=missing),
        # So few peaks that even all of them match by chance decide nothing.
        Claim.at_most(number, _OWN, bound=0.01, measured=probability if least <= 0.01 else None),
    ]


def _critical_levels(results: Results) -> Claim:
    measured = []
    for width in (1, 2):
        if width in results.trials and width in results.levels:
            own = CENTRES[peaks(results.spectrum(width))]
            levels = np.log10(np.maximum(results.levels[width].arrays["risks"], 1e-300))
            measured.append(int(np.sum(np.abs(own[:, None] - levels[None, :]).min(axis=1) > BIN)))
    text = f"{STATEMENTS[2]}, for widths {_listed(results, [w for w in (1, 2) if w in results.trials])}"
    return Claim.count(text, f"{_NOTES}; {_PRINCIPLE}", expected=0, measured=measured or None)


def share_below(results: Results, width: int) -> float:
    """Returns the share of the steps of a width below the width-1 minimum by more than one bin."""
    level = np.log10(results.levels[1].arrays["risks"][0])
    return float(results.spectrum(width)[level - BIN > CENTRES].sum())


def _lower(results: Results) -> Claim:
    text = f"{STATEMENTS[3]}, for widths {_listed(results, results.widths)}"
    if 1 not in results.levels or len(results.widths) < 5:
        return Claim.undecided(text, _NOTES, expected=0.01)
    shares = np.array([share_below(results, width) for width in results.widths])
    ranks = np.array([np.mean([(other < one) + 0.5 * (other == one) for other in shares]) for one in shares])
    order = np.arange(len(shares)) - (len(shares) - 1) / 2
    random = np.random.default_rng(0)
    shuffled = np.array([random.permutation(ranks) @ order for _ in range(_PERMUTATIONS)])
    p_value = (1 + np.sum(shuffled >= ranks @ order - 1e-12)) / (1 + _PERMUTATIONS)
    return Claim.at_most(text, _NOTES, bound=0.01, measured=float(p_value))


def _at_level(results: Results) -> list[Claim]:
    passing = results.passing("width_2")
    widths = ", ".join(f"{width} ({len(found)} of {len(results.trials[width])})" for width, found in passing.items())
    texts = [f"{statement}; width (trials that pass): {widths or 'none'}" for statement in STATEMENTS[4:]]
    known = results.levels.get(2)
    if known is None or len(passing) < 3 or max(passing) <= NARROW:
        return [Claim.undecided(text, _NOTES, expected=None) for text in texts]
    best = known.arrays["best_outputs"]
    scale = np.sqrt(np.mean(best**2))
    # Two functions of that risk whose residuals have nothing in common are √(2R) apart; a quarter of it is close.
    bound = float(0.25 * np.sqrt(2 * known.arrays["risks"][0]) / scale)
    apart = [
        float(np.median([np.sqrt(np.mean((r.arrays["width_2_outputs"] - best) ** 2)) / scale for r in found]))
        for found in passing.values()
    ]
    claims = [
        Claim.at_most(texts[0], f"{_NOTES}; the bound is a quarter of √(2R), {_OWN}", bound=bound, measured=apart)
    ]
    if 2 not in passing:
        return [*claims, Claim.undecided(texts[1], _NOTES, expected=0.9)]
    pattern = min(passing[2], key=lambda record: record.values["width_2_away"])
    shares = [float(np.median([_shared_amplitude(r, pattern) for r in found])) for found in passing.values()]
    return [*claims, Claim.at_least(texts[1], f"{_NOTES}; 90 % and 0.1 rad: {_OWN}", bound=0.9, measured=shares)]


def _shared_amplitude(record: Record, pattern: Record) -> float:
    """Returns the share of the amplitude whose direction and sign are those of a neuron of the pattern."""
    angles, amplitudes = record.arrays["width_2_angles"], record.arrays["width_2_amplitudes"]
    own, signs = pattern.arrays["width_2_angles"], np.sign(pattern.arrays["width_2_amplitudes"])
    apart = np.abs((angles[:, None] - own[None, :] + np.pi) % (2 * np.pi) - np.pi)
    near = np.any((apart <= _ANGLE) & (np.sign(amplitudes)[:, None] == signs[None, :]), axis=1)
    return float(np.abs(amplitudes[near]).sum() / np.abs(amplitudes).sum())


def _listed(results: Results, widths: Sequence[int]) -> str:
    return ", ".join(f"{width} ({len(results.trials[width])} trials)" for width in widths) or "(none)"
