"""Which growth of a transformer costs nothing: heads, head dimensions, neurons, d_model?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from condenslab.studies.contract.criteria import at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Statement
from condenslab.studies.contract.study import Drawing, Study
from condenslab.studies.settings import Count
from condenslab.studies.shared.decoders import Normalisation
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.networks import Decoder

GROWTHS = ("a head split", "a neuron split", "wider heads", "d_model repeated")
_SPLIT = ("a head split", "a neuron split")
"""Growths after which there are two equal units."""
_WORDS = {
    "a head split": "heads",
    "a neuron split": "neurons",
    "wider heads": "d_k, d_v",
    "d_model repeated": "d_model",
}
_DECK = "deck 001, permutation symmetry: width, heads, d and d_model of a transformer are free"
_OWN = "derived here: with layer normalisation d_model is free in whole multiples, and shares must be equal"
_FIGURE = "Parameters and rank of a decoder before and after it grows"
_SIZES = {"vocabulary": 7, "length": 4, "d_model": 4, "heads": 2, "d_k": 2, "d_v": 3, "d_ff": 5, "depth": 1}
_ROUNDING, _IMAGE = 1e-9, 1e-7


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        growths: Which of `GROWTHS`.
        seeds: Random decoders.
        normalisations: "post", "pre" or both.
        steps: Steps of AdamW in which copies must stay together.
        discover: Whether symmetries are looked for from the outputs, which takes longest.
    """

    growths: tuple[str, ...] = GROWTHS
    seeds: Count = 3
    normalisations: tuple[Normalisation, ...] = ("post", "pre")
    steps: Count = 50
    discover: bool = True

    def __post_init__(self) -> None:
        strange = sorted(set(self.growths) - set(GROWTHS))
        if strange:
            raise ValueError(f"a growth is one of {', '.join(GROWTHS)}, not {strange[0]!r}")


@dataclass(frozen=True)
class Case:
    """One decoder and the way it grows.

    Attributes:
        growth: One of `GROWTHS`.
        normalisation: "post" or "pre".
        seed: Of weights and tokens.
        steps: Steps of AdamW.
    """

    growth: str
    normalisation: Normalisation
    seed: int
    steps: int


@dataclass(frozen=True)
class Discovery:
    """One decoder whose symmetries are looked for.

    Attributes:
        normalisation: "post" or "pre".
        seed: Of the values tried.
    """

    normalisation: Normalisation
    seed: int


def make_cases(settings: Settings, seed: int) -> list[Case | Discovery]:
    """Returns every growth for every seed, and a search for symmetries a normalisation.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    kinds, seeds = settings.normalisations, range(seed, seed + settings.seeds)
    grown = [Case(growth, kind, s, settings.steps) for growth in settings.growths for kind in kinds for s in seeds]
    return [*grown, *(Discovery(kind, seed) for kind in kinds if settings.discover)]


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    made = [one for growth in settings.growths for one in _of_growth(growth)]
    made += [
        Statement(
            "copies stay equal under training: a wide decoder trains as the narrow one",
            _DECK,
            lambda evidence: evidence.where(Case, growth=_SPLIT).each(lambda record: record.values["apart"]),
            at_most(_ROUNDING),
            note="relative distance of two equal halves after AdamW",
            of="decoders",
        ),
        Statement(
            "permutations of heads, d_k, d_v, neurons and d_model are found from the outputs alone",
            _DECK,
            lambda evidence: evidence.where(Discovery).each(lambda record: record.values["missing"]),
            exactly(0),
            note="symmetries not found, or found and not expected",
            of="decoders",
        ),
    ]
    return made


def _of_growth(growth: str) -> list[Statement]:
    """Returns what is claimed of one way to grow."""
    source = _OWN if growth == "d_model repeated" else _DECK
    largest = "largest relative deviation"
    rows = (
        ("the output stays what it was", "output", at_most(_ROUNDING), largest),
        ("the new gradient is a linear image of the old one", "gradient", at_most(_IMAGE), largest),
        ("reduction gives the old sizes back", "left", exactly(0), "parameters more than before"),
    )
    made = [
        Statement(f"{growth}: {text}", source, _each(growth, name), criterion, note=note, of="decoders")
        for text, name, criterion, note in rows
    ]
    rank = Statement(
        f"{growth}: the model rank stays what it was",
        source,
        _rank(growth),
        exactly(0),
        note="numerical rank more than before; exact, as each Jacobian is a linear image of the other",
        of="decoders",
        figure=_FIGURE,
    )
    return [*made, rank]


def _each(growth: str, name: str) -> Callable[[Evidence], list[Any]]:
    return lambda evidence: evidence.where(Case, growth=growth).each(lambda record: record.values[name])


def _rank(growth: str) -> Callable[[Evidence], list[int | None]]:
    def of(record: Record) -> int | None:
        if max(record.values["gradient"], record.values["back"]) > _IMAGE:
            return None
        return record.values["rank_after"] - record.values["rank_before"]

    return lambda evidence: evidence.where(Case, growth=growth).each(of)


def grow(network: "Decoder", growth: str) -> "Decoder":
    """Returns the decoder grown one way.

    Args:
        network: A decoder of one block.
        growth: One of `GROWTHS`.
    """
    from condenslab.networks import widening

    if growth == "a head split":
        return widening.split_head(network, 0, 1)
    if growth == "a neuron split":
        return widening.split_neuron(network, 0, 2)
    return widening.widen_heads(network, 0, d_k=3, d_v=4) if growth == "wider heads" else widening.repeat_model(network)


def _drawn(normalisation: Normalisation, seed: int) -> tuple["Decoder", np.ndarray]:
    """Returns a random decoder, scales and shifts random too, and tokens."""
    import jax
    from jax.flatten_util import ravel_pytree

    from condenslab import networks

    network = networks.decoder(seed, gamma=0.4, normalisation=normalisation, activation="tanh", **_SIZES)
    theta, back = ravel_pytree(network)
    tokens = np.random.default_rng([seed, 47]).integers(_SIZES["vocabulary"], size=(60, _SIZES["length"]))
    return back(theta + 0.2 * jax.random.normal(jax.random.key(seed + 1), theta.shape)), tokens


def measure(case: Case, progress: Progress) -> Outcome:
    """Returns what growing changes: output, gradient, rank, and what reduction and training make of it.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    from condenslab import landscape, losses, measures, networks
    from condenslab.risk import EmpiricalRisk

    narrow, tokens = _drawn(case.normalisation, case.seed)
    wide = grow(narrow, case.growth)
    risk = EmpiricalRisk(tokens, np.eye(_SIZES["vocabulary"])[tokens[:, 0]], loss=losses.CrossEntropy())
    output = float(np.abs(wide(tokens) - narrow(tokens)).max() / np.abs(narrow(tokens)).max())
    reduced = landscape.reduce(wide, threshold=1e-9).network
    one, other = (np.asarray(measures.output_jacobian(net, risk.inputs)) for net in (narrow, wide))
    one, other = (part.reshape(-1, part.shape[-1]) for part in (one, other))
    values = {
        "output": output,
        "gradient": _unexplained(one, other),
        "back": _unexplained(other, one),
        "rank_before": _numerical_rank(one),
        "rank_after": _numerical_rank(other),
        "left": networks.parameter_count(reduced) - networks.parameter_count(narrow),
        "apart": _apart(case, wide, risk),
        "parameters_before": networks.parameter_count(narrow),
        "parameters_after": networks.parameter_count(wide),
    }
    return Outcome(values)


def _unexplained(one: np.ndarray, other: np.ndarray) -> float:
    """Returns the largest relative residual of J′ = J·A, with one A for all outputs and samples.

    Where it vanishes, the gradient of every risk of the outputs is carried by A too: what is critical stays critical.

    Args:
        one: J, with more rows than its rank: shape (sample · output, param).
        other: J′.
    """
    solution = np.linalg.lstsq(one, other, rcond=1e-12)[0]
    return float(np.abs(one @ solution - other).max() / np.abs(other).max())


def _numerical_rank(jacobian: np.ndarray) -> int:
    values = np.linalg.svd(jacobian, compute_uv=False)
    return int(np.sum(values > 1e-12 * values[0]))


def _apart(case: Case, wide: "Decoder", risk: Any) -> float:
    """Returns the relative distance of the two halves of a split unit after training."""
    import jax

    from condenslab.training import AdamW

    if case.growth not in _SPLIT:
        return 0.0
    method = AdamW(1e-2, decay=0.1)

    def step(t: Any, carried: tuple[Any, Any]) -> tuple[Any, Any]:
        return method.step(carried[0], risk.gradient(carried[0]), carried[1], t)[:2]

    trained = jax.jit(lambda net: jax.lax.fori_loop(0, case.steps, step, (net, method.begin(net)))[0])(wide)
    if case.growth == "a head split":
        halves = [
            part[0][np.array([1, 2])] for part in (trained.queries, trained.keys, trained.values, trained.outputs)
        ]
    else:
        halves = [trained.expand[0].T[np.array([2, -1])], trained.contract[0][np.array([2, -1])]]
    return max(float(np.abs(one - other).max() / np.abs(one).max()) for one, other in halves)


def discover(case: Discovery, progress: Progress) -> Outcome:
    """Returns how many of the expected permutations are missing, or others found.

    Args:
        case: The case.
        progress: Not called.
    """
    from condenslab import landscape, networks

    sizes = {**_SIZES, "vocabulary": 11, "length": 6, "d_model": 5, "d_k": 3, "d_v": 4, "d_ff": 8}
    network = networks.decoder(case.seed, gamma=0.3, normalisation=case.normalisation, activation="tanh", **sizes)
    tokens = np.random.default_rng([case.seed, 53]).integers(11, size=(8, 5))
    found = landscape.discover_symmetries(network, tokens, case.seed, kinds=("permutation",), tolerance=1e-8)
    expected = {(2, 4), (3, 2), (4, 2), (8, 2), (5, 13 if case.normalisation == "post" else 15)}
    seen = {(one.size, len(one.axes)) for one in found}
    return Outcome({"missing": len(expected ^ seen), "found": len(found)})


def _values(records: Sequence[Record], growth: str, name: str) -> list[Any]:
    return [record.values[name] for record in records if record.case["growth"] == growth]


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws parameters and rank before and after.

    Args:
        records: The records.
    """
    from condenslab import figures

    known = [record for record in records if record.case["@type"] == "Case" and record.status == "done"]
    if not known:
        return []
    figure, axes = figures.panels(1, 2, width=4.6, height=3.4)
    for ax, (name, title) in zip(axes[0], {"rank": "rank", "parameters": "parameters"}.items(), strict=True):
        ends = {
            _WORDS[growth]: (_values(known, growth, f"{name}_before"), _values(known, growth, f"{name}_after"))
            for growth in _WORDS
            if any(r.case["growth"] == growth for r in known)
        }
        figures.measured_against_predicted(ax, ends, predicted_label=f"{title} before", measured_label=f"{title} after")
        figures.title(ax, f"The {title}")
    caption = (
        "A random decoder before and after one of its sizes has grown without changing the function: the rank at that "
        "point (left) stays, the number of parameters (right) grows."
    )
    return [Drawing(_FIGURE, caption, figure)]


STUDY = Study(
    name="transformer_symmetry",
    revision=1,
    question="Which growth of a transformer costs no samples: heads, head dimensions, neurons, d_model?",
    source="deck 001, permutation symmetry and the scaling of transformers",
    part="generalization",
    deck="001",
    presets={
        "tiny": Settings(("wider heads",), 1, ("post",), 5, False),
        "quick": Settings(),
        "full": Settings(seeds=20, steps=1000),
    },
    make_cases=make_cases,
    parts=(
        Part(case=Case, run="condenslab.studies.transformer_symmetry:measure", seconds=lambda case: 4.0),
        Part(case=Discovery, run="condenslab.studies.transformer_symmetry:discover", seconds=lambda case: 20.0),
    ),
    statements=statements,
    figures="condenslab.studies.transformer_symmetry:drawings",
)
