"""Everything about one layer: counts, neighbours, groups, nulls, verdict."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from condenslab.interop.neurons import groups, large, nulls
from condenslab.interop.neurons.cosines import BLOCK, CLOSE, CLOSER, Neighbours, nearest, neighbours, unit
from condenslab.interop.neurons.layers import Layer
from condenslab.interop.neurons.report import LayerReport, Null, verdict
from condenslab.interop.neurons.rows import SMALLEST, Rows, norms

THRESHOLDS = (0.8, 0.9, CLOSE, CLOSER)
_DEAD, _FAINT = 1e-4, 0.1
_MOST_EXACT, _SAMPLE, _MOST_PAIRS = 4096, 2048, 100
_REPEATS, _MANY_REPEATS, _SMALL, _LARGE, _PICTURED, _COUNTED = 11, 100, 300, 1000, 400, 3


@dataclass(frozen=True)
class Settings:
    """How layers are measured.

    Attributes:
        seed: Of the nulls, samples and projections.
        repeats: Draws from each null, or None for 11, and 100 where so few leave a small layer in doubt.
        symmetry: What the activation leaves free, a key of `groups.METHODS`.
        exact: Whether all pairs are compared however many neurons there are.
        nulls: Whether nulls are drawn.
    """

    seed: int
    repeats: int | None = None
    symmetry: str = "direction"
    exact: bool = False
    nulls: bool = True


def measure_layer(layer: Layer, settings: Settings) -> LayerReport:
    """Measures a layer.

    Args:
        layer: The layer.
        settings: How.

    Raises:
        UnmeasurableError: It holds NaN or infinity.
    """
    layer, lengths = _with_lengths(layer)
    dead = lengths <= _DEAD * lengths.max()
    if layer.out is not None:
        dead |= layer.out <= _DEAD * layer.out.max()
    live = np.flatnonzero(~dead)
    faint = np.zeros(len(lengths), bool)
    faint[live] = lengths[live] < _FAINT * np.median(lengths[live]) if len(live) else False
    rng = np.random.default_rng([settings.seed, len(lengths)])
    exact = settings.exact or len(live) <= _MOST_EXACT
    sample = live if exact else np.sort(rng.permutation(live)[: _SAMPLE // 2])
    found = _exact(layer, live) if exact else _sampled(layer, live, sample, rng)
    compared = live if len(live) <= _MOST_EXACT else np.sort(rng.permutation(live)[:_SAMPLE])
    rows = layer.rows.take(compared) if len(compared) < len(layer.rows) else layer.rows.block(0, len(layer.rows))
    best = found.nearest if exact and len(compared) == len(live) else nearest(unit(rows))
    table = _table(rows, best, settings.symmetry)
    drawn = _nulls(rows, best, settings, rng) if settings.nulls and len(rows) > 1 else {}
    at_close = next(row["groups"] for row in table if row["threshold"] == CLOSE)
    plain = _table(rows, best, "direction") if drawn and settings.symmetry != "direction" else table
    known = found.nearest
    return LayerReport(
        name=layer.name,
        kind=layer.kind,
        shape=layer.shape,
        neurons=len(lengths),
        inputs=layer.rows.width,
        dead=int(dead.sum()),
        faint=int(faint.sum()),
        pairs={"0.95": found.close, "0.99": found.closer},
        nearest={"median": float(np.median(known)), "largest": float(known.max())} if len(known) else _NO_NEIGHBOUR,
        directions=table,
        effective_width=_effective(layer, compared, faint[compared], settings, at_close),
        participation=float(found.participation),
        nulls=drawn,
        verdict=verdict(drawn, inputs=layer.rows.width, directions=plain),
        method=_method(layer, settings, len(live), exact, len(compared)),
        cosines=known,
        duplicates=found.pairs,
        picture=_picture(rows, settings, rng),
    )


_NO_NEIGHBOUR = {"median": 0.0, "largest": 0.0}


def _with_lengths(layer: Layer) -> tuple[Layer, np.ndarray]:
    """Returns the layer, scaled where its numbers are beyond what float32 can square, and the norms of its neurons."""
    lengths = _lengths(layer.rows)
    if np.all(np.isfinite(lengths)) and lengths.max() >= SMALLEST:
        return layer, lengths
    scaled = replace(layer, rows=layer.rows.scaled())
    return scaled, _lengths(scaled.rows)


def _lengths(rows: Rows) -> np.ndarray:
    return np.concatenate([norms(rows.block(begin, begin + 2048)) for begin in range(0, len(rows), 2048)])


def _exact(layer: Layer, live: np.ndarray) -> Neighbours:
    block = BLOCK if len(live) <= _MOST_EXACT else 4096
    chosen = None if len(live) == len(layer.rows) else live
    found = neighbours(layer.rows, chosen, block=block, most_pairs=_MOST_PAIRS)
    pairs = [(int(live[i]), int(live[j])) for i, j in found.pairs]
    return Neighbours(found.nearest, found.close, found.closer, found.participation, pairs)


def _sampled(layer: Layer, live: np.ndarray, sample: np.ndarray, rng: np.random.Generator) -> Neighbours:
    pairs = large.duplicates(layer.rows, rng)
    alive = np.zeros(len(layer.rows), bool)
    alive[live] = True
    pairs = [pair for pair in pairs if alive[pair[0]] and alive[pair[1]]]
    best = large.nearest_of_sample(layer.rows, sample)
    inside = neighbours(layer.rows, sample)
    listed = [(i, j) for i, j, _ in pairs[:_MOST_PAIRS]]
    closer = sum(cosine > CLOSER for _, _, cosine in pairs)
    return Neighbours(best, len(pairs), closer, inside.participation, listed)


def _table(rows: np.ndarray, best: np.ndarray, symmetry: str) -> list[dict[str, Any]]:
    return [{"threshold": t, "groups": groups.count(rows, best, t, symmetry)} for t in THRESHOLDS]


def _effective(layer: Layer, compared: np.ndarray, faint: np.ndarray, settings: Settings, at_close: int) -> int:
    if not faint.any():
        return at_close
    rows = layer.rows.take(compared[~faint])
    return groups.count(rows, nearest(unit(rows)), CLOSE, settings.symmetry)


def _nulls(rows: np.ndarray, best: np.ndarray, settings: Settings, rng: np.random.Generator) -> dict[str, Null]:
    """Draws from both nulls; few draws first, many where they leave a small layer in doubt."""
    found: dict[str, Null] = {}
    for kind in nulls.KINDS:
        wanted = settings.repeats or _REPEATS
        draws: list[np.ndarray] = []
        tables: list[list[dict[str, Any]]] = []
        source = nulls.draws(rows, kind, rng)
        while len(draws) < wanted:
            drawn = next(source)
            draws.append(nearest(unit(drawn)))
            if len(draws) <= _COUNTED:
                tables.append(_table(drawn, draws[-1], "direction"))
            if len(draws) == wanted and settings.repeats is None and len(rows) < _SMALL and wanted < _MANY_REPEATS:
                twins = _twins(best, draws)
                if 0.01 * len(rows) < twins < max(10, 0.05 * len(rows)):
                    wanted = _MANY_REPEATS
        median, largest = float(np.median(np.concatenate(draws))), float(max(draw.max() for draw in draws))
        found[kind] = Null(
            _twins(best, draws), len(rows), len(draws), settings.seed, median, largest, _fewest(tables), draws[0]
        )
    return found


def _fewest(tables: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Returns for each threshold the fewest groups of any draw."""
    rows = zip(*tables, strict=True)
    return [{"threshold": row[0]["threshold"], "groups": min(cell["groups"] for cell in row)} for row in rows]


def _picture(
    rows: np.ndarray, settings: Settings, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns some neurons for the page, which shows them beside a null or not at all."""
    some = rows[:_PICTURED] if settings.nulls else rows[:0]
    beside = next(nulls.draws(rows, "rotation", rng))[:_PICTURED] if len(some) > 1 else some
    return unit(some), unit(beside), norms(some)


def _twins(best: np.ndarray, draws: list[np.ndarray]) -> int:
    """Counts neurons nearer to another one than any in a draw.

    The draw is the one whose largest cosine is the median, so that a single odd draw decides nothing; below a
    thousand neurons, where chance could make 1 % twins then, it is the one with the largest.
    """
    maxima = sorted(float(draw.max()) for draw in draws)
    return int((best > (maxima[-1] if len(best) < _LARGE else maxima[len(maxima) // 2])).sum())


def _method(layer: Layer, settings: Settings, live: int, exact: bool, compared: int) -> str:
    parts = [{"dense": "rows of the matrix", "convolution": "filters"}.get(layer.kind, "")]
    if layer.kind == "gated":
        parts = [f"pairs of rows of {layer.name} and {layer.with_}, each scaled to norm 1"]
    if layer.kind == "recurrent":
        parts = ["the rows of all gates of a unit together"]
    parts.append(f"with the bias {layer.bias}" if layer.bias else "without bias")
    parts.append(f"groups by {groups.METHODS[settings.symmetry]}")
    parts.append(f"dead: zero in, or out in {layer.outgoing}" if layer.outgoing else "dead: zero in")
    if not exact:
        parts.append(
            f"pairs by projection to {large.DIMENSIONS} dimensions, verified; nearest neighbours of {_SAMPLE // 2}"
        )
    if compared < live:
        parts.append(f"groups and nulls of a sample of {compared} of {live} neurons")
    return "; ".join(part for part in parts if part)
