"""Proofs of isolated critical points, and of points on sections across the continuous families that are known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from condenslab.landscape.proof.enclosure import enclose
from condenslab.landscape.proof.evidence import ball_text, number_text, sealed
from condenslab.landscape.proof.exact import ball, dyadic_text, precision
from condenslab.landscape.proof.krawczyk import Box, Failure, Section, box_around, krawczyk, locate
from condenslab.landscape.proof.passes import forward, input_balls
from condenslab.landscape.proof.problem import Problem
from condenslab.landscape.proof.signs import ProvenInertia, proven_inertia

PRECISION = 106
"""Binary digits to begin with: twice those of float64."""
MAX_PRECISION = 848
"""Binary digits at which a proof gives up."""
REACH = 1e-3
"""How far, relative to max(1, |θ_j|), the proven point may lie from the given one."""


@dataclass(frozen=True, eq=False)
class PointProof:
    """A critical point: proven to exist, to be the only one near, and its inertia; or why not.

    Attributes:
        problem: The exact problem.
        proven: Whether existence and uniqueness are proven; everything below means something only then.
        reason: Why not, a sentence; empty where proven.
        centre: x, exact numbers, in the order W_1 row by row, b_1, W_2 …
        radius: Exactly one critical point has all unknowns within this of the centre.
        existence: It lies within this of the centre.
        inertia: Of ∇²R at the point.
        precision: Binary digits that sufficed.
        section: What was solved for what; all parameters for an isolated point.
        family: In words, the continuous family that the section crosses; empty for an isolated point.
        risk: R at the point, [midpoint, radius], exact text.
        hessian: ∇²R at the point, upper triangle row by row, [midpoint, radius] each.
    """

    problem: Problem
    proven: bool
    reason: str
    centre: tuple[str, ...]
    radius: float
    existence: float
    inertia: ProvenInertia
    precision: int
    section: Section
    family: str
    risk: list[str]
    hessian: list[list[str]]

    @property
    def isolated(self) -> bool:
        """Whether the point is proven to be the only critical one near, along all parameters."""
        return self.proven and not self.family

    def box(self) -> list[Any]:
        """Returns the balls in which the point lies, in the working precision."""
        centre = [ball(text) for text in self.centre]
        return box_around(Box(centre, self.radius, self.existence, 0.0), self.section)

    def outputs(self) -> list[list[Any]]:
        """Returns enclosures of f(x_i) at the point, in the working precision, shape (sample, output)."""
        return forward(self.problem.shape, self.box(), input_balls(self.problem)).outputs

    def certificate(self) -> dict[str, Any]:
        """Returns the certificate as plain values.

        Raises:
            ValueError: Nothing was proven.
        """
        if not self.proven:
            raise ValueError(f"there is a certificate only of what is proven: {self.reason}")
        counts = {name: getattr(self.inertia, name) for name in ("positive", "zero", "negative", "open")}
        point = {
            "centre": list(self.centre),
            "radius": number_text(self.radius),
            "existence": number_text(self.existence),
            "equations": list(self.section.equations),
            "unknowns": list(self.section.unknowns),
        }
        claim = {"inertia": counts, "risk": self.risk, "hessian": self.hessian}
        body = {"precision": self.precision, "problem": self.problem.as_dict(), "point": point, "claim": claim}
        return sealed("critical_point", body)


def prove_point(
    problem: Problem,
    theta: Sequence[str],
    *,
    section: Section | None = None,
    family: str = "",
    inertia: Callable[[Any], ProvenInertia] | None = None,
    reach: float = REACH,
    digits: int = PRECISION,
    max_digits: int = MAX_PRECISION,
) -> PointProof:
    """Proves the critical point next to θ; the precision doubles until that decides or a limit is met.

    Args:
        problem: The exact problem.
        theta: θ, exact numbers in the order of `PointProof.centre`.
        section: What is solved for what; by default the whole gradient for all parameters.
        family: In words, the family that a section crosses.
        inertia: How the inertia follows from the enclosed Hessian on a section; by default by `proven_inertia`.
        reach: How far the point may lie from θ.
        digits: Binary digits to begin with.
        max_digits: The largest number of them.
    """
    every = tuple(range(problem.shape.size))
    section = section or Section(every, every)
    proof = None
    while digits <= max_digits:
        with precision(digits):
            found = _attempt(problem, [ball(text) for text in theta], section, reach)
            if isinstance(found, Failure):
                proof = unproven(problem, theta, section, found.reason, digits)
                if found.hopeless:
                    break
            else:
                proof = _described(problem, found, section, (family, inertia or proven_inertia, digits))
                if proof.inertia.decided:
                    break
        digits *= 2
    return proof or unproven(problem, theta, section, f"{digits} digits exceed the limit, {max_digits}", digits)


def _attempt(problem: Problem, start: list[Any], section: Section, reach: float) -> Box | Failure:
    start = [value.mid() for value in start]
    located = locate(problem, start, section, reach)
    return located if isinstance(located, Failure) else krawczyk(problem, *located, section)


def _described(
    problem: Problem, box: Box, section: Section, how: tuple[str, Callable[[Any], ProvenInertia], int]
) -> PointProof:
    family, inertia, digits = how
    found = enclose(problem, box_around(box, section), hessian=True)
    size = problem.shape.size
    entries = [ball_text(found.hessian[i, j]) for i in range(size) for j in range(i, size)]
    return PointProof(
        problem,
        True,
        "",
        tuple(dyadic_text(value) for value in box.centre),
        box.radius,
        box.existence,
        inertia(found.hessian),
        digits,
        section,
        family,
        ball_text(found.value),
        entries,
    )


def unproven(problem: Problem, theta: Sequence[str], section: Section, reason: str, digits: int) -> PointProof:
    """Returns what says that nothing is proven, and why.

    Args:
        problem: The exact problem.
        theta: θ, exact numbers.
        section: What was to be solved.
        reason: Why not, a sentence.
        digits: Binary digits that were tried.
    """
    signs = ProvenInertia(0, 0, 0, problem.shape.size)
    return PointProof(problem, False, reason, tuple(theta), 0.0, float("inf"), signs, digits, section, "", [], [])
