"""The checker: forgeries, damage, and mutations of every formula on either side."""

import copy

import flint
import numpy as np
import pytest

import condenslab.checker.jets as jets
import condenslab.landscape.proof.activations as activations
import condenslab.landscape.proof.enclosure as enclosure
import condenslab.landscape.proof.passes as passes
import golden
from condenslab import landscape
from condenslab.checker import verify
from condenslab.landscape import proof
from proofs import as_read, exercise, mlp, resealed, soft_critical, two_layer

SMOOTH = list(activations.BALL_ACTIVATIONS)


@pytest.fixture(scope="module")
def point():
    return as_read(proof.prove(golden.three_tanh(), golden.stationary(1)).certificate())


@pytest.fixture(scope="module")
def split():
    return as_read(proof.prove(golden.three_tanh(), landscape.split(golden.stationary(1), 0)).certificate())


def refused(certificate, text=""):
    verdict = verify(certificate)
    assert not verdict.verified and verdict.sentence.startswith("refused: ") and text in verdict.sentence, verdict
    return verdict.sentence


def test_the_context_of_the_caller_is_kept(point):
    before = flint.ctx.prec, flint.ctx.cap
    assert verify(point).verified
    assert (flint.ctx.prec, flint.ctx.cap) == before


def edit(certificate, path, value):
    changed = copy.deepcopy(certificate)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


FORGERIES = {
    "inertia": (["claim", "inertia", "positive"], 2),
    "negative": (["claim", "inertia"], {"positive": 2, "zero": 0, "negative": 1, "open": 0}),
    "zero": (["claim", "inertia"], {"positive": 2, "zero": 1, "negative": 0, "open": 0}),
    "centre": (["point", "centre", 0], "0.09"),
    "wide": (["point", "radius"], "1"),
    "narrow": (["point", "existence"], "0x1p-200"),
    "negative radius": (["point", "radius"], "-1"),
    "target": (["problem", "targets", 3, 0], "-3.0"),
    "input": (["problem", "inputs", 3, 0], "-13.0"),
    "activation": (["problem", "network", "activation"], "sigmoid"),
    "kink": (["problem", "network", "activation"], "relu"),
    "loss": (["problem", "loss"], "cross_entropy"),
    "weights": (["problem", "weights"], ["1"] * 49 + ["2"]),
    "risk": (["claim", "risk"], ["0.2", "0.01"]),
    "hessian": (["claim", "hessian", 0], ["1", "1"]),
    "section": (["point", "unknowns"], [0, 1]),
    "held": (["point", "equations"], [0, 2]),
    "no digits": (["precision"], 3),
    "many digits": (["precision"], 10**9),
    "text": (["problem", "inputs", 0, 0], "1e999999999"),
    "nan": (["point", "centre", 0], "nan"),
    "width": (["problem", "network", "widths"], [1, 10**7, 1]),
    "bool": (["precision"], True),
    "none": (["problem"], None),
    "kind": (["kind"], "theorem"),
    "version": (["version"], 2),
    "quotient": (["point", "centre", 0], "1/0"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_even_with_a_fresh_digest(point, name):
    changed = edit(point, *FORGERIES[name])
    refused(changed)
    refused(resealed(changed))


def test_every_part_is_needed(point):
    for key in point:
        less = {k: v for k, v in point.items() if k != key}
        refused(less)
        if key not in ("sha256", "versions"):
            refused(resealed(less))
    for part in ("problem", "point", "claim"):
        for key in point[part]:
            if (part, key) == ("point", "family"):
                continue
            refused(resealed(edit(point, [part], {k: v for k, v in point[part].items() if k != key})))


@pytest.mark.parametrize("value", [None, [], 3, "text", {}, {"format": "condenslab-certificate"}])
def test_what_is_no_certificate(value):
    refused(value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["claim", "dimension"], 2),
        (["claim", "width"], 3),
        (["claim", "inertia", "negative"], 2),
        (["neurons", 0, "share"], "1"),
        (["neurons", 0, "source"], None),
        (["neurons", 0, "sign"], 2),
        (["narrow", "claim", "inertia", "positive"], 2),
        (["neurons"], []),
    ],
)
def test_forged_embeddings(split, path, value):
    assert verify(split).verified
    refused(resealed(edit(split, path, value)))


def test_forged_counts_of_functions(point, split):
    pair = resealed({**{k: point[k] for k in ("format", "version", "versions")}, "kind": "distinct_functions",
                     "members": [point, split], "claim": {"count": 2}})  # fmt: skip
    refused(pair, "same function")


def test_forged_ranks():
    network = two_layer(np.random.default_rng(1), 2, 2, 1, "tanh")
    found = as_read(proof.proven_rank(network, np.random.default_rng(2).normal(size=(20, 2))).certificate())
    assert found["claim"]["at_least"] == found["claim"]["at_most"] == 8 and verify(found).verified
    refused(resealed(edit(found, ["claim", "at_most"], 7)), "not proven")
    refused(resealed(edit(found, ["claim", "at_least"], 9)))
    doubled = edit(found, ["inputs"], [found["inputs"][0]] * 20)
    refused(resealed(doubled))


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("name", SMOOTH)
def test_power_series_agree_with_closed_derivatives(name, order):
    """Two independent formulas, at 200 points: their balls meet, and are thin."""
    flint.ctx.cap = 3
    try:
        for z in np.linspace(-9, 9, 67):
            ball = flint.arb(float(z))
            first = activations.BALL_ACTIVATIONS[name](ball)[order]
            second = jets.series(name, ball)[order] * (2 if order == 2 else 1)
            assert first.overlaps(second) and float(first.rad()) < 1e-9 * (1 + abs(float(first.mid())))
    finally:
        flint.ctx.cap = 10


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("name", ["tanh", "gelu", "x2_tanh", "exp"])
def test_a_wrong_derivative_in_the_search_is_caught(name, order, monkeypatch):
    """σ, σ′ or σ″ wrong by one part in 10⁹: no proof, or a certificate that the checker refuses."""
    right = activations.BALL_ACTIVATIONS[name]

    def wrong(z):
        values = list(right(z))
        values[order] = values[order] * (1 + flint.arb(1e-9))
        return tuple(values)

    network = two_layer(np.random.default_rng(3), 1, 2, 1, name, output_bias=name == "gelu")
    risk = golden.made_critical(network, np.linspace(-3, 3, 15)[:, None])
    assert verify(as_read(proof.prove(risk, network).certificate())).verified
    monkeypatch.setitem(activations.BALL_ACTIVATIONS, name, wrong)
    found = proof.prove(risk, network)
    assert not found.proven or not verify(as_read(found.certificate())).verified


WRONG = flint.arb(1 + 2.0**-30)  # exact: a wider ball would hold the truth


def rows(table):
    return [[value * WRONG for value in row] for row in table]


def one_row(table):
    return table[:-1] + rows(table[-1:])


PIECES = {
    "ℓ″": ("_add_outputs", lambda right: lambda t, d, bends: right(t, d, [rows(bend) for bend in bends])),
    "Dz": ("tangent", lambda right: lambda *a: (right(*a)[0], right(*a)[1] * WRONG)),
    "scaled": ("scaled", lambda right: lambda *a: right(*a) * WRONG),
    "C": ("_add_cross", lambda right: lambda *a: None),
    "e": ("_backward", lambda right: lambda *a: ([rows(e) for e in right(*a)[0]], right(*a)[1])),
    "δ": ("_backward", lambda right: lambda *a: (right(*a)[0], [rows(d) for d in right(*a)[1]])),
    "R": ("loss_parts", lambda right: lambda *a: (right(*a)[0] + flint.arb(1e-9), *right(*a)[1:])),
    "ℓ′": (
        "loss_parts",
        lambda right: lambda *a: (right(*a)[0], right(*a)[1][:-1] + rows(right(*a)[1][-1:]), right(*a)[2]),
    ),
    "z": ("_affine", lambda right: lambda *a: one_row(right(*a))),
}


def squared_case():
    network = two_layer(np.random.default_rng(3), 1, 2, 2, "tanh")  # with one output Σ e·∂h vanishes where ∇R does
    return golden.made_critical(network, np.linspace(-3, 3, 15)[:, None]), network


def soft_case():
    rng = np.random.default_rng(7)
    network = mlp(rng, (2, 2, 2, 3), "tanh", residual=True)
    return soft_critical(network, rng.normal(size=(20, 2)), rng), network


@pytest.mark.parametrize("case", [squared_case, pytest.param(soft_case, marks=pytest.mark.more)])
@pytest.mark.parametrize("name", PIECES)
def test_a_wrong_piece_of_the_search_is_caught(name, case, monkeypatch):
    """Every formula of the gradient's and the Hessian's enclosure, wrong by 2⁻³⁰, at one sample or at all."""
    risk, network = case()
    assert verify(as_read(proof.prove(risk, network).certificate())).verified
    piece, wrong = PIECES[name]
    module = enclosure if hasattr(enclosure, piece) else passes
    monkeypatch.setattr(module, piece, wrong(getattr(module, piece)))
    found = proof.prove(risk, network)
    assert not found.proven or not verify(as_read(found.certificate())).verified


@pytest.mark.more
def test_a_wrong_softmax_is_caught(monkeypatch):
    risk, network = soft_case()
    right = passes._softmax
    monkeypatch.setattr(passes, "_softmax", lambda f: [*right(f)[:-1], right(f)[-1] * WRONG])
    found = proof.prove(risk, network)
    assert not found.proven or not verify(as_read(found.certificate())).verified


CHECKS = {
    "value": lambda s: (s[0] * (1 + flint.arb(1e-9)), s[1], s[2]),
    "slope": lambda s: (s[0], s[1] * (1 + flint.arb(1e-9)), s[2]),
    "curvature": lambda s: (s[0], s[1], s[2] * (1 + flint.arb(1e-9))),
}


@pytest.mark.parametrize("name", CHECKS)
def test_a_wrong_checker_refuses_what_is_right(name, point, monkeypatch):
    right = jets.series
    monkeypatch.setattr(jets, "series", lambda *a: CHECKS[name](right(*a)))
    refused(point)


def test_completeness_of_a_small_box_and_its_forgeries():
    """The exercise near its width-1 minimum, and a box of steeper neurons that holds none."""
    problem = exercise(1)
    with_root = proof.complete_width_one(problem, largest_weight="0.095", centres=("-0.1", "0.1"))
    assert with_root.complete and len(with_root.roots) == 1 and not with_root.every_bias
    root = with_root.roots[0]
    assert float(root.w.mid()) == pytest.approx(0.089537, abs=1e-3)
    certificate = as_read(with_root.certificate())
    assert verify(certificate).verified
    refused(resealed(edit(certificate, ["claim", "every_bias"], True)), "bias")
    refused(resealed(edit(edit(certificate, ["roots"], []), ["claim", "count"], 0)))
    refused(resealed(edit(certificate, ["claim", "count"], 2)))
    refused(resealed(edit(certificate, ["roots", 0, "a"], ["3", "0.1"])))


def test_an_undecided_box_is_no_theorem():
    found = proof.complete_width_one(exercise(1), max_boxes=20)
    assert not found.complete and 0 <= found.excluded < 1 and found.undecided
    assert found.every_bias and "between two samples" in found.outside
    with pytest.raises(ValueError, match="undecided"):
        found.certificate()
