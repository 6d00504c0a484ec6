"""What the study of embeddings in width claims, and how it is read from records; numbers only, no JAX."""

from collections.abc import Callable, Sequence
from typing import Any

from condenslab.studies.contract.criteria import Share, at_most, exactly, within
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.embedding_width.cases import (
    EscapeCase,
    IrisCase,
    PublishedIrisCase,
    Settings,
    SplitCase,
    proof_cases,
)
from condenslab.studies.shared.columns import rows
from condenslab.studies.shared.proven.cases import proven
from condenslab.sweeps import Record

_EP21 = "Zhang et al., NeurIPS 2021 (EP21)"
_EXERCISE = f"deck 000, exercise on width-3 tanh nets; {_EP21}, Fig. 4, which prints two decimals"
_KEPT = f"{_EP21}, Proposition 1, Theorem 1"
_ESCAPE = (
    "deck 000, embedding principle: a minimum becomes a strict saddle, so growing is irreversible; EP21, "
    "Fig. 3; 10 % and 1e-6 are the study's own"
)
_IRIS = f"{_EP21}, Fig. 3(b) shows 3, 5, 7 negative of 16, 24, 32 at its own critical point (read off the figure)"
_LEVELS = {1: 0.11, 2: 0.07}
_PRINTED = 0.005
"""Two decimals are printed."""

SIGNS = "Signs of curvature after splitting"
SPECTRA = "Spectra and the cut between zero and not zero"
DIAGRAM = "A neuron split in two"
ESCAPES = "The way back is closed"
IRIS = "Iris: critical points and their splits"
"""Titles of drawings."""


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed with these settings.

    Args:
        settings: The settings.
    """
    widths = range(1, settings.widths + 1)
    return [
        *(statement for width in widths for statement in _minimum(width)),
        *_splits(),
        *(statement for width in widths for statement in _wide(width, settings.wide)),
        *(_iris() if settings.iris_starts else []),
        *_escapes(),
        *(proven(case, SIGNS) for case in proof_cases(settings)),
    ]


def _minimum(width: int) -> list[Statement]:
    equal = {
        1: "its inertia (3, 0, 0) becomes (4, 1, 1) with two equal copies of the neuron and (5, 2, 2) with three",
        2: "its inertia (6, 0, 0) becomes (7, 1, 1) with two equal copies of either neuron and (8, 2, 2) with three",
    }

    def other_counts(record: Record) -> int | None:
        table = rows(record, kind="equal")
        known = record.values.get("narrow_decided") and record.values["narrow"] == [3 * width, 0, 0]
        expected = [_grown((3 * width, 0, 0), (1, 1, 1), row["copies"] - 1) for row in table]
        return _other_counts(table, expected) if known else None

    return [
        Statement(
            f"the lowest minimum of width {width} has the published R = {_LEVELS[width]:g}",
            _EXERCISE,
            lambda evidence: evidence.where(SplitCase, width=width).each(lambda record: record.values.get("risk")),
            within(_LEVELS[width], _PRINTED),
            of="seeds",
            figure=SIGNS,
        ),
        Statement(
            equal[width],
            f"{_EP21}, Figs 3(a) and 4",
            lambda evidence: evidence.where(SplitCase, width=width).each(other_counts),
            exactly(0),
            note="splits with other counts",
            of="seeds",
            label=f"equal copies of a neuron of width {width} add one eigenvalue of each sign",
            figure=SIGNS,
        ),
    ]


def _splits() -> list[Statement]:
    def largest(column: str) -> Callable[[Evidence], Any]:
        return lambda evidence: evidence.where(SplitCase).each(
            lambda record: max((row[column] for row in rows(record)), default=None)
        )

    return [
        Statement(
            "with a share of 0 or 1 a split adds three zeros and no negative eigenvalue",
            "the extra curvature of a split is α(1 − α)·uᵀAu (after Fukumizu and Amari, 2000), 0 for α = 0 and 1",
            lambda evidence: evidence.where(SplitCase).each(_other_shares),
            exactly(0),
            note="splits with other counts",
            of="minima",
            label="a split with share 0 or 1 adds three zeros and no negative eigenvalue",
            figure=SIGNS,
        ),
        Statement(
            "a split keeps the output to rounding (1e-14 of the largest)",
            _KEPT,
            largest("output_difference"),
            at_most(1e-14),
            of="minima",
            figure=SIGNS,
        ),
        Statement(
            "a split keeps the point critical (L1 gradient at most 1e-11)",
            _KEPT,
            largest("gradient"),
            at_most(1e-11),
            of="minima",
            figure=SIGNS,
        ),
    ]


def _other_shares(record: Record) -> int | None:
    table = rows(record, kind="share 0") + rows(record, kind="share 1")
    return _other_counts(table, [_grown(record.values["narrow"], (0, 3, 0), 1)] * len(table)) if table else None


def _other_counts(table: Sequence[dict[str, Any]], expected: Sequence[Sequence[int]]) -> int | None:
    """Returns how many rows have other counts than expected, or None where a row is not decided or there is none."""
    if not table or not all(row["decided"] for row in table):
        return None
    return sum(list(row["counts"]) != list(counts) for row, counts in zip(table, expected, strict=True))


def _grown(narrow: Sequence[int], step: Sequence[int], times: int) -> list[int]:
    return [count + times * more for count, more in zip(narrow, step, strict=True)]


def _wide(width: int, wide: int) -> list[Statement]:
    where = f"width {width} in width {wide}"

    def of(value: Callable[[Record], Any]) -> Callable[[Evidence], Any]:
        embedded = {"width": width, "wide": wide}
        return lambda evidence: evidence.where(SplitCase, **embedded).all(lambda records: value(records[0]))

    def kept(text: str, name: str, bound: float) -> Statement:
        return Statement(text, _KEPT, of(lambda record: record.values.get(name)), at_most(bound), note=where)

    embedding = "the embedding into the wide network keeps the"
    return [
        Statement(
            "in the wide network each of K further neurons adds one positive, one zero and one negative eigenvalue",
            f"{_EP21}, Theorem 2; Figs 3(a) and 4 for 1 and 2 neurons more",
            of(_miscounted),
            exactly(0),
            note=f"{where}; eigenvalues counted otherwise",
            label="in the wide network each further neuron adds one eigenvalue of each sign",
            figure=SIGNS,
        ),
        kept(f"{embedding} output to rounding (1e-14 of the largest)", "wide_output_difference", 1e-14),
        kept(f"{embedding} risk to rounding (1e-14)", "wide_risk_difference", 1e-14),
        kept("the point in the wide network is critical (L1 gradient at most 1e-11)", "wide_gradient", 1e-11),
    ]


def _miscounted(record: Record) -> int | None:
    values, case = record.values, record.case
    if not (values.get("wide_decided") and values.get("narrow_decided")):
        return None
    expected = _grown(values["narrow"], (1, 1, 1), case["wide"] - case["width"])
    return sum(abs(count - right) for count, right in zip(values["wide_counts"], expected, strict=True))


def _iris() -> list[Statement]:
    decoupled = "the split coordinates decouple from the narrow ones (EP22, section 6.2; Fukumizu and Amari, 2000)"
    return [
        Statement(
            "on Iris (4-2-3, sigmoid) no count of positive, zero or negative eigenvalues decreases when a neuron is "
            "split",
            f"EP22, Theorem 6.2; {_IRIS}",
            lambda evidence: evidence.where(IrisCase).all(_losing),
            exactly(0),
            label="on Iris no count of positive, zero or negative eigenvalues decreases with a split",
            figure=IRIS,
        ),
        Statement(
            "on Iris each further equal copy adds exactly the inertia of the split neuron's own block",
            f"{decoupled}; {_IRIS}",
            lambda evidence: evidence.where(IrisCase).all(_not_of_the_block),
            exactly(0),
            label="on Iris each equal copy adds the inertia of the neuron's own block",
            figure=IRIS,
        ),
        Statement(
            "on Iris a critical point of width 1 with one negative eigenvalue has, in 2, 3 and 4 equal copies, the "
            "published 3, 5, 7 negative and 1, 2, 3 zero eigenvalues of 16, 24, 32",
            f"{_IRIS}; zero: below its line at 1e-11",
            lambda evidence: evidence.where(PublishedIrisCase).all(_as_published),
            exactly(0),
            note="raw inputs, no output bias, R the mean over outputs; the published width-2 point is an embedded "
            "width-1 one; splits with other counts",
            label="on Iris equal copies have the published 3, 5, 7 negative eigenvalues",
            figure=IRIS,
        ),
    ]


def _as_published(records: list[Record]) -> Measured:
    record = records[0]
    table = rows(record)
    expected = [(8 * row["copies"] - 3 * row["copies"] + 2, row["copies"] - 1, 2 * row["copies"] - 1) for row in table]
    told = ", ".join(str(tuple(row["counts"])) for row in table)
    note = f"R = {record.values['risk']:.8f}, inertia {tuple(record.values['narrow'])}, then {told}"
    return Measured(_other_counts(table, expected) if record.values["narrow_decided"] else None, note=note)


def _decided_splits(records: list[Record]) -> list[tuple[list[int], dict[str, Any]]]:
    """Returns the counts before and the row of every split whose inertia is decided."""
    splits = [(record.values["narrow"][row["point"]], row) for record in records for row in rows(record)]
    return [(before, row) for before, row in splits if row["decided"]]


def _counted(records: list[Record], others: int, decided: int) -> Measured:
    """Returns how many splits have other counts; one of which the inertia is undecided may be one of them."""
    splits = [(record.id, row["point"]) for record in records for row in rows(record)]
    where = f"at {len(set(splits))} critical points: splits with other counts, of {len(splits)}"
    if not splits:
        starts = sum(record.case["starts"] for record in records)
        return Measured(
            None, where, f"A search from {starts} starts came to no critical point of width 2 whose inertia is decided."
        )
    return Measured(Share(others, len(splits) - decided, 1), note=f"{where}, {len(splits) - decided} undecided")


def _losing(records: list[Record]) -> Measured:
    splits = _decided_splits(records)
    losing = sum(any(b < a for a, b in zip(before, row["counts"], strict=True)) for before, row in splits)
    return _counted(records, losing, len(splits))


def _not_of_the_block(records: list[Record]) -> Measured:
    splits = [(before, row) for before, row in _decided_splits(records) if row["local_decided"]]
    expected = [_grown(before, row["local"], row["copies"] - 1) for before, row in splits]
    others = sum(tuple(row["counts"]) != tuple(right) for (_, row), right in zip(splits, expected, strict=True))
    return _counted(records, others, len(splits))


def _escapes() -> list[Statement]:
    def relative_end(network: str) -> Callable[[Record], float | None]:
        def of(record: Record) -> float | None:
            finished = record.values[f"{network}_stop"] == "FINISHED"  # once stored whatever the stop was
            return record.values[f"{network}_end"] / record.values["level"] - 1 if finished else None

        return of

    return [
        Statement(
            "the split minimum, perturbed, leaves: the flow ends at least 10 % below it",
            _ESCAPE,
            lambda evidence: evidence.where(EscapeCase).each(relative_end("wide")),
            at_most(-0.1),
            note="R_end/R − 1",
            of="seeds",
            figure=ESCAPES,
        ),
        Statement(
            "the narrow minimum, perturbed as much, stays: the flow returns to its risk within 1e-6 of it",
            _ESCAPE,
            lambda evidence: evidence.where(EscapeCase).each(relative_end("narrow")),
            within(0.0, 1e-6),
            note="R_end/R − 1",
            of="seeds",
            label="the narrow minimum, perturbed as much, stays: the flow returns to its risk",
            figure=ESCAPES,
        ),
    ]
