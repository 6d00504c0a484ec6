"""Which sets of parameters can training not leave, and with which methods?"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec

from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.studies.seeds import over_seeds
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

Manifold = Literal["equal neurons", "opposite neurons", "dead neuron", "equal input weights", "balanced"]
Method = Literal["flow", "GD", "SGD", "Adam"]

AFFINE: tuple[Manifold, ...] = ("equal neurons", "opposite neurons", "dead neuron")
METHODS: tuple[Method, ...] = ("flow", "GD", "SGD", "Adam")
ROUNDING = 1e-12
"""Ties are broken by the last bit of a matrix product and grow along directions of negative curvature."""
ANGLE = 1e-6
_OURS = "the bound is ours: far above rounding"

STATEMENTS = (
    "a start on an affine structural invariant manifold stays on it under gradient flow, GD, SGD and Adam",
    "on it the gradient is tangent, for the data of every seed (part of the gradient that is normal)",
    "the tangent space is the common kernel of Dgᵀ − id, Theorem 4.1 (largest principal angle, rad)",
    "the curved manifold a² − ‖w‖² = c of a ReLU neuron is kept by gradient flow (relative change)",
    "GD leaves that curved manifold (relative change)",
    "equal input weights with unequal output weights are no invariant manifold (distance under flow)",
)


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Starts and data.
        steps: Steps of GD, SGD and Adam.
        width: Neurons.
        samples: Training samples.
    """

    seeds: Annotated[int, msgspec.Meta(ge=1)] = 5
    steps: Annotated[int, msgspec.Meta(ge=1)] = 200
    width: Annotated[int, msgspec.Meta(ge=4)] = 6
    samples: Annotated[int, msgspec.Meta(ge=2)] = 20


PRESETS = {"tiny": Settings(seeds=1, steps=50), "quick": Settings(), "full": Settings(seeds=50, steps=500)}


@dataclass(frozen=True)
class Case:
    """One start on a manifold, trained by one method.

    Attributes:
        manifold: Which.
        method: Which.
        seed: Of start and data.
        steps: Steps of the method; the flow goes on for the time of as many steps of GD.
        width: Neurons.
        samples: Training samples.
    """

    manifold: Manifold
    method: Method
    seed: int
    steps: int
    width: int
    samples: int


class InvariantManifolds(Study):
    """Equal, opposite and dead neurons, the balance of a ReLU neuron, and a set that is none."""

    name: ClassVar[str] = "invariant_manifolds"
    revision: ClassVar[int] = 2
    question: ClassVar[str] = "Which sets of parameters can training not leave, and with which methods?"
    source: ClassVar[str] = (
        "decks 002 and 003 (Theorem 4.1 and its corollary); Zhao, Luo & Zhang, arXiv 2510.09564; arXiv 2607.12332 "
        "(affine manifolds are exactly invariant under GD and SGD, curved ones under gradient flow only)"
    )
    claim_statements: ClassVar[tuple[str, ...]] = STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = PRESETS

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[Case]:
        """Returns every manifold with every method that says something of it, for each seed."""
        pairs: list[tuple[Manifold, Method]] = [(manifold, method) for manifold in AFFINE for method in METHODS]
        pairs.extend([("balanced", "flow"), ("balanced", "GD"), ("equal input weights", "flow")])
        return [
            Case(manifold, method, seed + k, settings.steps, settings.width, settings.samples)
            for manifold, method in pairs
            for k in range(settings.seeds)
        ]

    def compile_key(self, case: Case) -> Hashable:
        """Returns the method and the activation, which decide the program."""
        return (case.method, case.manifold == "balanced", case.steps, case.width, case.samples)

    def bytes_per_member(self, case: Case) -> int:
        """Returns the size of a recorded run."""
        return 8 * 4 * case.width * 400

    def seconds_per_member(self, case: Case) -> float:
        """Returns a rough time."""
        return 0.5

    def run_batch(
        self, cases: Sequence[Any], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Trains the cases of one method and measures how far each is from its manifold."""
        from condenslab.studies.invariance.runs import run_cases

        return run_cases(cases, progress)

    def claims(self, records: Sequence[Record], settings: Settings, *, known_target: bool) -> list[Claim]:
        """Decides the claims from the distances."""
        done = [record for record in records if record.status == "done"]
        affine = [r for r in done if r.case["manifold"] in AFFINE]
        start = [r for r in affine if r.case["method"] == "flow"]
        theory = "Zhao, Luo & Zhang, arXiv 2510.09564; deck 003, Theorem 4.1"
        claims = [
            _at_most(f"{STATEMENTS[0]}: {name}, {method}", f"{theory}; deck 002", ROUNDING,
                     [r.values["distance"] for r in affine if (r.case["manifold"], r.case["method"]) == (name, method)])
            for name in AFFINE for method in METHODS
        ]  # fmt: skip
        claims += [
            _at_most(STATEMENTS[1], theory, ROUNDING, [r.values["normal_gradient"] for r in start]),
            _at_most(STATEMENTS[2], theory, ANGLE, [r.values["tangent_angle"] for r in start]),
        ]
        changes = {m: [r.values["distance"] for r in done if (r.case["manifold"], r.case["method"]) == ("balanced", m)]
                   for m in ("flow", "GD")}  # fmt: skip
        source = "arXiv 2607.12332, structural invariant manifolds of diagonal networks; conservation by homogeneity"
        claims += [
            _at_most(STATEMENTS[3], source, 1e-6, changes["flow"]),
            Claim.at_least(STATEMENTS[4], f"{source}; {_OURS}", bound=1e-4, measured=changes["GD"] or None),
        ]
        away = [r.values["distance"] for r in done if r.case["manifold"] == "equal input weights"]
        return [
            *claims,
            Claim.at_least(STATEMENTS[5], f"deck 003, corollary; {_OURS}", bound=1e-3, measured=away or None),
        ]

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws the distance to each manifold along training."""
        from condenslab.studies.invariance import draw

        return draw.manifold_drawings([record for record in records if record.status == "done"])


def _at_most(statement: str, source: str, bound: float, values: list[float | None]) -> Claim:
    text = over_seeds(statement, [value is not None and value <= bound for value in values])
    return Claim.at_most(text, source, bound=bound, measured=values or None)


MANIFOLDS = InvariantManifolds()
