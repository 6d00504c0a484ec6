"""Every formula of gradient and Hessian, wrong by one part in 2³⁰ at one operation: no proof, or one that is refused.

The same for the checker: it must refuse what is right. Activations, losses and layers each have a case that runs them.
"""

import functools

import numpy as np
import pytest

import condenslab.checker.jets as jets
import condenslab.landscape.proof.activations as activations
import condenslab.landscape.proof.enclosure as enclosure
import condenslab.landscape.proof.passes as passes
import condenslab.landscape.proof.tangents as tangents
import golden
from condenslab.checker import verify
from condenslab.landscape import proof
from mutants import Mutant
from proofs import as_read, mlp, soft_critical, two_layer
from sampling import sampled

FUNCTIONS = {
    "_tanh": "tanh", "_logistic": "sigmoid", "_softplus": "softplus", "_gelu": "gelu", "_swish": "swish", "_exp": "exp",
    "_x_tanh": "x_tanh", "_x2_tanh": "x2_tanh",
}  # fmt: skip
PIECES = [
    (enclosure, "enclose"), (enclosure, "_backward"), (enclosure, "_hessian"), (enclosure, "_add_cross"),
    (enclosure, "_add_block"), (passes, "loss_parts"), (passes, "_affine"), (passes, "added"), (passes, "_softmax"),
    (tangents, "tangent"), (tangents, "scaled"),
]  # fmt: skip
CHECKS = [(jets, "risk"), (jets, "_loss"), (jets, "_affine"), (jets, "_activated"), (jets, "_sum")]
NOT_ON_BALLS = {
    "enclosure": {"_add_outputs"},  # calls _add_block and scaled
    "passes": {"places", "forward", "target_balls", "input_balls", "_data"},  # calls of the others; data as they are
    "tangents": {"spread", "jacobian_rows"},  # moves entries; for ranks
}


@functools.cache
def case(name):
    """Returns a risk and a critical network: of two layers by activation, deep ones by loss."""
    rng = np.random.default_rng(7)
    if name == "squared":
        network = mlp(rng, (2, 2, 2, 2), "tanh")
        return golden.made_critical(network, rng.normal(size=(20, 2))), network
    if name == "cross-entropy":
        network = mlp(rng, (2, 2, 2, 3), "tanh", residual=True)
        return soft_critical(network, rng.normal(size=(20, 2)), rng), network
    network = two_layer(np.random.default_rng(3), 1, 2, 2, name, output_bias=name == "gelu")
    return golden.made_critical(network, np.linspace(-3, 3, 15)[:, None]), network


def caught(name):
    """Returns whether there is no proof, or the checker refuses it; no targets that a mutant made are kept."""
    passes._data.cache_clear()
    found = proof.prove(*case(name), max_digits=106)
    return not found.proven or not verify(as_read(found.certificate())).verified


@pytest.mark.parametrize("function", sampled(FUNCTIONS, keep=2))
def test_wrong_formulas_of_activations(function):
    count, alive = Mutant(activations, function, "condenslab.landscape").survivors(lambda: caught(FUNCTIONS[function]))
    assert not alive
    assert count >= {"_exp": 1, "_softplus": 2}.get(function, 5)


@pytest.mark.parametrize("loss", [pytest.param("squared", marks=pytest.mark.more), "cross-entropy"])
@pytest.mark.parametrize("piece", sampled([(p,) for p in PIECES], keep=3), ids=lambda piece: piece[1])
def test_wrong_formulas_of_the_enclosures(piece, loss):
    mutant = Mutant(*piece, "condenslab.landscape")
    count, alive = mutant.survivors(lambda: caught(loss))
    assert not alive
    assert count or (loss == "squared" and piece[1] in ("_softmax", "added")), "no residual layer, no softmax"


@pytest.fixture(scope="module", params=["squared", "cross-entropy"])
def certificate(request):
    return as_read(proof.prove(*case(request.param)).certificate())


@pytest.mark.more
@pytest.mark.parametrize("piece", CHECKS, ids=lambda piece: piece[1])
def test_wrong_formulas_of_the_checker(piece, certificate):
    mutant = Mutant(*piece, "condenslab.checker")
    count, alive = mutant.survivors(lambda: not verify(certificate).verified)
    assert not alive
    assert count or (piece[1] == "_sum" and not certificate["problem"]["network"]["residual"])


def test_no_function_is_left_out():
    """A formula that is added later must join one of the lists."""
    listed = {(module.__name__.rsplit(".", 1)[1], name) for module, name in PIECES}
    for module in (enclosure, passes, tangents):
        name = module.__name__.rsplit(".", 1)[1]
        own = {key for key, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__}
        functions = {
            key for key in own if callable(getattr(module, key)) and not isinstance(getattr(module, key), type)
        }
        assert functions == {key for group, key in listed if group == name} | NOT_ON_BALLS[name]
    assert set(FUNCTIONS.values()) == set(activations.BALL_ACTIVATIONS)
