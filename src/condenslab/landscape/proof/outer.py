"""A theorem for the part of the plane that no bounded search reaches: odd data and neurons centred outside of them.

Let the inputs be symmetric about 0 with y(−x) = −y(x) and x·y(x) ≥ 0, not all 0, and w > 0, b ≥ w·max|x|. With
p = b + wx and m = b − wx ≥ 0, N = Σ_{x>0} y·(tanh p − tanh m) > 0 and
N_b = −Σ_{x>0} y·(tanh p − tanh m)(tanh p + tanh m) < 0, while ∂_b⟨s, s⟩ > 0: N²/⟨s, s⟩ falls strictly in b, and no
critical function but 0 has its centre −b/w ≤ −max|x|. x → −x gives the other side.
"""

from collections import Counter
from fractions import Fraction

from condenslab.landscape.proof.exact import fraction
from condenslab.landscape.proof.passes import input_balls, target_balls
from condenslab.landscape.proof.problem import Problem, Teacher


def largest_input(problem: Problem) -> Fraction:
    """Returns max |x|, exact.

    Args:
        problem: With one input.
    """
    return max(abs(fraction(row[0])) for row in problem.inputs)


def is_odd(problem: Problem) -> bool:
    """Returns whether the hypotheses of the theorem hold exactly.

    Args:
        problem: With one input and one output.
    """
    inputs = [fraction(row[0]) for row in problem.inputs]
    if Counter(inputs) != Counter(-x for x in inputs) or len(set(inputs)) != len(inputs):
        return False
    if isinstance(problem.targets, Teacher):
        odd = _odd_teacher(problem.targets)
    else:
        values = {x: fraction(row[0]) for x, row in zip(inputs, problem.targets, strict=True)}
        odd = all(values[-x] == -y for x, y in values.items())
    signs = [x * y[0] >= 0 for x, y in zip(_balls(problem), target_balls(problem), strict=True) if x != 0]
    return odd and all(signs) and any(y[0] != 0 for y in target_balls(problem))


def _balls(problem: Problem) -> list:
    return [row[0] for row in input_balls(problem)]


def _odd_teacher(teacher: Teacher) -> bool:
    """Returns whether a two-layer teacher with an odd activation is the same set of neurons after x → −x, y → −y."""
    shape = teacher.shape
    if shape.activation not in ("tanh", "x2_tanh") or shape.widths[0] != 1 or shape.biases != (True, False):
        return False
    m = shape.widths[1]
    numbers = [fraction(text) for text in teacher.theta]
    neurons = Counter(zip(numbers[:m], numbers[m : 2 * m], numbers[2 * m :], strict=True))
    # −a·σ(−wx + b) = a·σ(wx − b) for odd σ.
    return neurons == Counter((w, -b, a) for w, b, a in neurons.elements())
