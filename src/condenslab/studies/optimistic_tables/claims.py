"""What is claimed of the tables, and how it is read from the records; numbers only, no JAX."""

from collections.abc import Callable

from condenslab.studies.contract.criteria import above, at_least, at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Statement
from condenslab.studies.optimistic_tables.cases import (
    CRITICAL,
    MERELY_EQUAL,
    NETWORKS,
    NN_INPUTS,
    PIXELS,
    POSITIONS,
    SHARINGS,
    SIZE,
    WORDS,
    DeepCase,
    DenseCase,
    KernelCase,
    MappingCase,
    MatrixCase,
    Settings,
    Sharing,
)
from condenslab.studies.shared.ranks import decided
from condenslab.sweeps import Record

AXIS, TABLE = "Classic and optimistic estimate", "Rows of the tables, measured and in closed form"
_LLR = "arXiv 2406.18035"
_DECK = "deck 001"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed, table by table.

    Args:
        settings: The settings.
    """
    return [
        *_dense(settings),
        *_networks(),
        *(_kernels(settings, sharing) for sharing in SHARINGS),
        _matrices(settings),
        *_deep(),
        *_mappings(),
    ]


def size(sharing: str, intrinsic: int, zeros: int) -> int:
    """Returns O of k kernels on the plane: k(s² + L²), (s² + 1)(kL² − m_n), (d² + 1)(kL² − m_n), L² the positions.

    Args:
        sharing: Which network.
        intrinsic: k.
        zeros: m_n.

    Example:
        >>> [size(sharing, 1, 0) for sharing in ("shared", "unshared", "full")]
        [13, 45, 153]
    """
    if sharing == "shared":
        return intrinsic * (SIZE**2 + POSITIONS)
    return ((SIZE if sharing == "unshared" else PIXELS) ** 2 + 1) * (intrinsic * POSITIONS - zeros)


def matrix_rank(side: int, left: int, right: int) -> int:
    """Returns d² − (d − r_A)(d − r_B).

    Args:
        side: d.
        left: r_A.
        right: r_B.

    Example:
        >>> [matrix_rank(4, r, r) for r in range(5)]
        [0, 7, 12, 15, 16]
    """
    return side**2 - (side - left) * (side - right)


def closed_form(record: Record) -> int:
    """Returns what theory says of the rank of a record: of a dense target, of one of kernels, or of a factorisation.

    Args:
        record: A record with a rank.
    """
    case = record.case
    if case["@type"] == "DenseCase":
        return case["intrinsic"] * (case["inputs"] + 1)
    if case["@type"] == "KernelCase":
        return size(case["sharing"], case["intrinsic"], case["zeros"])
    return matrix_rank(case["side"], case["left"], case["right"])


def _deviation(record: Record) -> int | None:
    """Returns how far the rank of a record is from the closed form."""
    rank = decided(record)
    return None if rank is None else abs(rank - closed_form(record))


def _dense(settings: Settings) -> list[Statement]:
    return [
        Statement(
            "Theorem 5: a function of k tanh neurons has the optimistic sample size k(d + 1), for every k from 0 to m",
            f"{_LLR}, Theorem 5; {_DECK}",
            lambda evidence, d=d: evidence.where(DenseCase, width=settings.width, inputs=d).each(_deviation),
            exactly(0),
            f"m = {settings.width}, d = {d}; deviations of the smallest rank on the target set",
            "targets",
            label=f"the smallest rank is k(d + 1) for every k, d = {d}",
            figure=TABLE,
        )
        for d in dict.fromkeys(settings.inputs)
    ]


def _networks() -> list[Statement]:
    source = f"decks 001 and 003, NN_A, NN_B, NN_C; that they have {NN_INPUTS} inputs and no biases is inferred"
    classic = {name: width * (NN_INPUTS + 1) for name, width in NETWORKS.items()}
    smallest = classic["NN_A"]

    def read(name: str, width: int) -> Callable[[Evidence], list[int | None]]:
        return lambda evidence: evidence.where(DenseCase, width=width, inputs=NN_INPUTS).each(
            decided if name == "rank" else lambda record: record.values["parameters"]
        )

    return [
        *(
            Statement(
                f"the classic estimate of {name}, its number of parameters, is {classic[name]}",
                source,
                read("parameters", width),
                exactly(classic[name]),
                of="targets",
                figure=AXIS,
            )
            for name, width in NETWORKS.items()
        ),
        *(
            Statement(
                f"the optimistic estimate is that of NN_A, {smallest}, in NN_A, NN_B and NN_C",
                source,
                read("rank", width),
                exactly(smallest),
                f"{name}, {classic[name]} parameters",
                "targets",
                label=f"the optimistic estimate is {smallest} in {name}",
                figure=AXIS,
            )
            for name, width in NETWORKS.items()
        ),
    ]


def _kernels(settings: Settings, sharing: Sharing) -> Statement:
    form = {"shared": "k(s² + L²)", "unshared": "(s² + 1)(kL² − m_n)", "full": "(d² + 1)(kL² − m_n)"}[sharing]
    rows = f"k = 1 … {settings.kernels}, m_n = {', '.join(map(str, dict.fromkeys(settings.zeros)))}"
    return Statement(
        f"a target of k kernels has the optimistic sample size {form}, with m_n output weights that vanish",
        f"{_LLR}, Table 3; {_DECK}",
        lambda evidence: evidence.where(KernelCase, sharing=sharing).each(_deviation),
        exactly(0),
        f"{WORDS[sharing]}, {rows}; deviations of the smallest rank",
        "targets",
        label=f"{WORDS[sharing]}: the smallest rank is {form}",
        figure=TABLE,
    )


def _matrices(settings: Settings) -> Statement:
    return Statement(
        "the model rank of A·B is d² − (d − r_A)(d − r_B), for every pair of ranks",
        "LSH, Lemma 2; OPT, eq. 19; deck 001",
        lambda evidence: evidence.where(MatrixCase).each(_deviation),
        exactly(0),
        f"d = {settings.side}, {(settings.side + 1) ** 2} pairs; deviations",
        "factorisations",
        figure=TABLE,
    )


def _gap(more: str, less: str) -> Callable[[Evidence], list[int | None]]:
    """Returns a reader of the difference of two numbers of deep networks, None where one is a rank not decided."""

    def of(record: Record) -> int | None:
        values = [record.values[more], record.values[less]]
        known = all(record.values.get(f"{name}_decided", True) for name in (more, less))
        return values[0] - values[1] if known and None not in values else None

    return lambda evidence: evidence.where(DeepCase).each(of)


def _deep() -> list[Statement]:
    source = f"{_LLR}, Theorem 4; decks 001 and 003"
    return [
        Statement(
            "Theorem 4: a wide deep network needs no more samples for a narrow one's function: O_wide ≤ O_narr",
            source,
            _gap("narrow", "embedded"),
            at_least(0),
            "rank of the narrow network less that of the wide one at the same function",
            "functions",
            label="the wide deep network's rank at a narrow function is at most the narrow one's",
            figure=TABLE,
        ),
        Statement(
            "Theorem 4: and at most its number of parameters, O_narr ≤ M_narr",
            source,
            _gap("narrow_parameters", "narrow"),
            at_least(0),
            "M_narr less the rank of the narrow network",
            "functions",
            figure=TABLE,
        ),
        Statement(
            "elsewhere the wide deep network has more degrees of freedom than the narrow one has parameters",
            source,
            _gap("elsewhere", "narrow_parameters"),
            above(0),
            "rank at a random point less M_narr",
            "functions",
            label="at a random point the wide deep network's rank exceeds M_narr",
            figure=TABLE,
        ),
    ]


def _mappings() -> list[Statement]:
    source = f"{_LLR}, Lemma 12; {_DECK}, critical mapping"

    def added(record: Record) -> int | None:
        ranks = decided(record), decided(record, "together")
        return None if ranks[0] is None or ranks[1] is None else ranks[1] - ranks[0]

    return [
        Statement(
            "Lemma 12: a critical mapping adds no direction to the tangent space, so that O_B ≤ O_A",
            source,
            lambda evidence: evidence.where(MappingCase, mapping=CRITICAL).each(added),
            exactly(0),
            f"directions added at a random point: {', '.join(CRITICAL)}",
            "networks",
            label="a critical mapping adds no direction to the tangent space",
        ),
        Statement(
            "a mapping that keeps the output alone is not critical, and adds some",
            source,
            lambda evidence: evidence.where(MappingCase, mapping=MERELY_EQUAL).each(added),
            at_least(1),
            f"directions added at a random point: {', '.join(MERELY_EQUAL)}",
            "networks",
        ),
        Statement(
            "all of them keep the output",
            source,
            lambda evidence: evidence.where(MappingCase).each(lambda record: record.values["output_difference"]),
            at_most(1e-12),
            "relative difference on the probes",
            "networks",
        ),
    ]
