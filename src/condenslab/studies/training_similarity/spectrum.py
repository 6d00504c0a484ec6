"""The loss spectrum: the share of training that widths spend at each risk, its peaks and their partners."""

from collections.abc import Sequence
from math import comb

import numpy as np

from condenslab.studies.training_similarity.cases import BINS, HIGHEST, LOWEST
from condenslab.sweeps import Record

BIN = (HIGHEST - LOWEST) / BINS
CENTRES = LOWEST + BIN * (np.arange(BINS) + 0.5)
REACH = 2
"""Peaks of the spectrum match when they are at most so many bins apart."""
LEAST_SHARE = 0.01


class Results:
    """The finished records of a run by width.

    Args:
        records: Finished records in any order.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self.levels = {r.case["width"]: r for r in records if r.case["kind"] == "levels"}
        self.trials: dict[int, list[Record]] = {}
        for record in records:
            if record.case["kind"] == "trial":
                self.trials.setdefault(record.case["width"], []).append(record)
        self.widths = sorted(self.trials)

    def spectrum(self, width: int) -> np.ndarray:
        """Returns the share of all steps of all trials of a width that is spent in each bin, shape (bin,)."""
        counts = np.sum([record.arrays["counts"] for record in self.trials[width]], axis=0, dtype=np.int64)
        return np.asarray(counts)[1:-1] / np.sum(counts)

    def passing(self, name: str) -> dict[int, list[Record]]:
        """Returns, by width, the trials that were recorded within half a bin of a level (`width_1` or `width_2`)."""
        near = {w: [r for r in self.trials[w] if f"{name}_outputs" in r.arrays] for w in self.widths}
        return {width: records for width, records in near.items() if records}


def peaks(shares: np.ndarray) -> np.ndarray:
    """Returns the bins in which a spectrum has a peak: at least 1 % of the steps, and most within two bins around.

    Args:
        shares: Share of the steps in each bin, shape (bin,).
    """
    padded = np.pad(shares, REACH)
    around = np.stack([padded[shift : shift + len(shares)] for shift in range(2 * REACH + 1)])
    first = np.argmax(around, axis=0) == REACH
    return np.flatnonzero(first & (shares >= LEAST_SHARE))


def unmatched(bins: np.ndarray, others: np.ndarray) -> int:
    """Returns how many of the bins have none of the others within `REACH` bins.

    Args:
        bins: Bin numbers, shape (k,).
        others: Bin numbers, shape (l,).
    """
    if not len(others):
        return len(bins)
    return int(np.sum(np.abs(bins[:, None] - others[None, :]).min(axis=1) > REACH))


def chance(bins: np.ndarray, others: np.ndarray, places: int) -> tuple[float, float]:
    """Returns the probability that at least as many peaks match if they lay anywhere, independently.

    The second number is the probability that all do: the least that the first can be.

    Args:
        bins: Bin numbers of the peaks, shape (k,).
        others: Bin numbers that they are compared with.
        places: How many bins they could lie in.
    """
    near = np.unique((others[:, None] + np.arange(-REACH, REACH + 1)[None, :]).ravel())
    share = min(1.0, len(near) / places)
    matched, count = len(bins) - unmatched(bins, others), len(bins)
    probability = sum(comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(matched, count + 1))
    return probability, share**count


def pooled(results: Results, widths: Sequence[int]) -> np.ndarray:
    """Returns the peaks that any of the widths has, as sorted bin numbers."""
    return np.unique(np.concatenate([peaks(results.spectrum(width)) for width in widths]))
