"""What people call, without the checks of shapes and types that only the tests install: in a process of its own."""

import json
import subprocess
import sys

import pytest

NUMBERS = """
KINDS = ["?", "u1", ">i2", "i8", "f2", "<f4", ">f4", ">f8"]
MODELS = {
    "two-layer": (networks.two_layer(0, width=4, inputs=3, activation="tanh", scale=Scale(0.7, 0.6)), (3,)),
    "deep": (networks.mlp(1, widths=(3, 4, 4, 1), activation="tanh", std=0.6), (3,)),
    "linear": (networks.linear(0, inputs=3, std=1.0), (3,)),
    "diagonal": (networks.diagonal(0, inputs=3, std=1.0), (3,)),
    "deep diagonal": (networks.deep_diagonal(0, inputs=3, depth=3, std=1.0), (3,)),
    "product": (networks.product_model(0, std=1.0), (2,)),
    "factors": (networks.matrix_factorisation(0, rows=2, std=1.0), (2,)),
    "spline": (networks.kan(0, widths=(3, 2, 1), intervals=4, std=1.0), (3,)),
    "attention": (networks.multi_head_attention(0, heads=1, d_model=3, d=2, std=1.0), (2, 3)),
    "kernels": (networks.conv_two_layer(
        0, kernels=2, size=2, inputs=4, activation="tanh", scale=Scale(0.7, 0.6)), (4,)),
    "images": (networks.cnn(
        0, inputs=(1, 4, 4), channels=(2,), size=2, outputs=1, activation="tanh", std=1.0), (1, 4, 4)),
}
for name, (network, shape) in MODELS.items():
    inputs = np.random.default_rng(0).integers(0, 2, (6, *shape))  # exact in every type, bool included
    expected = np.asarray(network(jnp.asarray(inputs, float)))
    for kind in KINDS:
        said[f"{name} {kind}"] = float(np.abs(np.asarray(network(inputs.astype(kind))) - expected).max())
"""

REQUESTS = {
    'Activation("mine", "tanh")': "needs a function",
    'networks.two_layer(0, width=1, inputs=1, activation="tanh", scale=1.0)': "scale must be networks.Scale",
    'networks.mlp(0, widths=3, activation="tanh", std=1.0)': "widths must hold at least",
    "training.Adam(None)": "rate must be a real number",
    "training.Adam(True)": "rate must be a real number",
    "training.GradientDescent(lambda step: 0.1)": "give an optax optimiser",
    "training.descend(risk, net, training.GradientDescent(0.1), steps=10 / 0.3)": "steps must be a whole number",
    "training.descend(risk, net, training.GradientDescent(0.1), steps=5, at=[1.5])": "whole numbers",
    'Activation("mine", jnp.sin, parity="weird")': "parity must be",
    'Activation("mine", jnp.sin, multiplicity="1")': "multiplicity must be a whole number",
    'Scale("1", 1.0)': "input_std must be a real number",
    "Scale(1.0, None)": "output_std must be a real number",
    'measures.condensation(net, threshold="0.1")': "threshold must be one finite number",
    "measures.condensation(net, layer=0.0)": "layer must number a hidden layer",
    "measures.group_counts(net, 0.1)": "thresholds must have shape",
    "measures.condensed_directions([[1.0, 1.0]], [1.0], 1.5)": "multiplicity must be a whole number",
    "measures.cosine_similarity([[1j, 1.0]])": "weights must be real numbers",
    "optimistic.deep(5, (1, 1))": "sequence of whole numbers",
    "optimistic.deep((5, 5, 1), 1)": "sequence of whole numbers",
    "optimistic.product_model(second=2)": "True or False",
    "training.descend(risk, None, training.GradientDescent(0.1), steps=1)": "the network must be",
    "training.descend(risk, np.ones(3), training.GradientDescent(0.1), steps=1)": "the network must be",
    **{f"training.descend(risk, net, training.GradientDescent(0.1), steps=1, record={bad})": "record must be functions"
       for bad in ("lambda r, p: 0.0", "{'a': 3}", "{1: min}")},
    "training.descend(risk, net, training.GradientDescent(0.1), steps=1, dropout='a')": "dropout must be",
    "training.flow(risk, net, until=training.Until(time=1.0), solver='rk4')": "solver must be",
    "EmpiricalRisk([[0.0], [1.0]], [0, 1], loss=CrossEntropy())": "one_hot",
    "EmpiricalRisk([[0.0], [1.0]], [0, 1])": "y[:, None]",
    "sample_size.minimum_rank([net], risk.inputs)": "networks by their names",
    "sample_size.dense_points(net, 3.0, 0)": "width must be a whole number",
    "sample_size.matrix_design([(0.5, 0)], (4, 4))": "two whole numbers",
    "sample_size.matrix_design([0, 1], (4, 4))": "two whole numbers",
    "sample_size.matrix_design([(0, 0)], (4,))": "shape must be",
    "sample_size.hooks(2.5, 3)": "rows must be a whole number",
    "sample_size.minimal_design(np.ones((3, 2)))": "features must have shape",
    "sample_size.order_ranks(np.ones((4, 1, 3)), [0.5])": "order must number samples",
    "sample_size.tangent_rank(None)": "must be a TwoLayer",
    "measures.rank(np.eye(2) * 1j)": "real numbers",
    "StartLaw(gentlest=-1.0)": "gentlest must be positive",
    "StartLaw(steepest=np.nan)": "steepest must be finite",
    "StartLaw(beyond=-0.5)": "beyond must be at least 0",
    "StartLaw(longest_descent=-5)": "longest_descent must be a whole number",
    "polish(risk, net, tolerance=-1.0)": "tolerance must be positive",
    "polish(risk, net, tolerance=np.nan)": "tolerance must be finite",
    "measures.rank(np.eye(2), tolerance=-1.0)": "tolerance must be a number of at least 0",
    "measures.inertia(np.eye(2), gradient_norm=0.0, tolerance=np.nan)": "tolerance must be a number of at least 0",
    "measures.rank(np.array([[2**60]]))": "whole numbers must lie within",
    **{f"find(width={bad})": "must be a whole number of at least 1"
       for bad in ("0", "1.0", "(1.5,)", "True", "'2'", "None")},
    **{f"find(starts={bad})": "starts must be a whole number" for bad in ("0", "2.5", "True")},
    "find(width=())": "at least one width",
    "find(tolerance=-1.0)": "tolerance must be positive",
    "find(steepest=0.0)": "steepest must be positive",
    "find(root_steps=2.5)": "root_steps must be a whole number",
    "find(time_limit=np.nan)": "time_limit must be a number of seconds",
    "find(memory=0)": "memory must be a whole number",
    "find(same=-1.0)": "same must be positive",
    "find(activation=jnp.tanh)": "wrap a function of your own",
    **{f"measures.effective_ratio(np.eye(2), {bad})": "cosine must be one finite number"
       for bad in ("1.0", "np.nan", "np.inf", "-2", "True", "'0.5'", "1j", "[0.5]", "np.ones(2)")},
    **{f"measures.rank(np.eye(2), tolerance={bad})": "tolerance must be a number"
       for bad in ("np.inf", "True", "'1'", "1j", "np.ones(2)", "10j")},
    **{f"measures.rank(np.eye(2), errors={bad})": "errors must be one non-negative number"
       for bad in ("np.inf", "True", "'2'", "-1.0", "np.nan", "np.ones(3)")},
    **{f"measures.inertia(np.eye(2), gradient_norm={bad})": "gradient_norm must be one"
       for bad in ("-1.0", "np.nan", "True", "np.ones(2)")},
    "measures.amplitudes(net, unit='neuron')": "unit must be None",
    "measures.condensation(net, widest_linkage=0.5)": "widest_linkage must be a whole number",
    **{f"measures.covering_probes(0, net, {bad})": "count must be a whole number"
       for bad in ("0", "-3", "2.5", "True", "10**30", "np.nan")},
    "measures.covering_probes(0.5, net)": "one JAX key",
    "measures.cell_probes(0, [], 4)": "at least one input",
    **{f"landscape.splitting(2, 0, layer={bad})": "layer must be a whole number"
       for bad in ("-1", "0.5", "'2'", "None")},
    **{f"landscape.splitting(2, 0, share={bad})": "share must be one finite number"
       for bad in ("True", "np.nan", "'1'")},
    "landscape.splitting(10**30, 0)": "at most 2⁵³",
    "landscape.splitting(2, 0, share=1e17)": "must sum to 1",
    "landscape.Splitting((0, 1.5), (1, 1))": "sources must be whole numbers",
    **{f"landscape.equal_splitting({bad})": "must be a whole number"
       for bad in ("2.0, 4", "2, '4'", "0, 1", "True, 2")},
    "landscape.embed(risk, net, 'split')": "embedding must be one",
    "landscape.split_to_width(several, 4)": "one network at a time",
    "landscape.reduce(several)": "one network at a time",
    "landscape.k_step(net, [(0, 0)])": "each step must be",
    "landscape.k_step(net, (0, 0, 0.3))": "each step must be",
    "landscape.k_step(net, [(0, 0, None)])": "share must be one",
    "landscape.critical_subspace(net, 3)": "at least one embedding",
    "landscape.critical_subspace(net, [0, 0])": "pairs (layer, neuron)",
    "landscape.reduce(net, risk=risk.value)": "risk must be",
    "landscape.reduce(net, inputs='x')": "inputs must be real numbers",
    **{f"landscape.reduce(net, threshold={bad})": "threshold must be one finite number"
       for bad in ("'a'", "None", "np.nan", "True")},
    **{f"landscape.reduce(net, threshold={bad})": "between 0 and 2" for bad in ("0", "2.0")},
    **{f"landscape.reduce(net, drop={bad})": "drop must be one" for bad in ("'a'", "None", "1", "np.nan")},
    "landscape.reduce(net, widths=[1])": "widths must name the hidden layer",
    **{f"landscape.reduce(net, widths={{0: {bad}}})": "whole numbers from 1"
       for bad in ("0", "1.5", "'1'", "None")},
    "landscape.directional_derivative(risk, relu, landscape.split(relu, 0))": "shapes of the network",
    "landscape.directional_derivative(risk, relu, None)": "shapes of the network",
    "landscape.directional_stationarity(risk, named_relu)": "for ReLU networks",
    "landscape.dead_neurons(risk, net)": "ReLU",
    **{f"landscape.branches({bad})": "must be a whole number" for bad in ("'4', 2", "4.0, 2", "2, 0", "2, None")},
    "landscape.embedded_dimension('121', '121')": "must be a whole number",
    **{f"landscape.{call}='x')": "inputs must be real numbers"
       for call in ("lift(relu, layer=1, inputs", "merge_layers(relu, inputs")},
    **{f"landscape.{call} risk=Function(jnp.sum))": "risk must be an EmpiricalRisk"
       for call in ("lift(relu, layer=1,", "merge_layers(relu,", "reduce(net,")},
    **{f"landscape.discover_symmetries(net, risk.inputs, 0, tolerance={bad})": "tolerance must be"
       for bad in ("-1.0", "np.nan", "None")},
    "landscape.discover_symmetries({}, risk.inputs, 0)": "at least one parameter",
    **{f"landscape.random_directions(0, net, {bad})": "count must be a whole number" for bad in ("0", "1.5", "True")},
    **{f"landscape.trajectory_plane(np.eye(3), {bad})": "count must be a whole number" for bad in ("0", "-1", "True")},
    **{f"landscape.perturbed_changes(risk, relu, key=0, count=2, amplitude={bad})": "amplitude must be"
       for bad in ("0", "np.inf", "np.nan", "True")},
    **{f"landscape.directional_stationarity(risk, relu, {name}={bad})": f"{name} must be one finite number"
       for bad in ("-1", "np.nan", "True", "1j") for name in ("kink", "idle")},
    **{f"landscape.directional_derivative(risk, relu, relu, kink={bad})": "kink must be one"
       for bad in ("-1", "np.nan")},
    "landscape.discover_symmetries(net, risk.inputs, 0, kinds=['turn'])": "kinds must be some of",
    "landscape.discover_symmetries(net, risk.inputs, 0, kinds='sign')": "kinds must be some of",
    "landscape.chao1(3)": "hits must be numbers, shape",
    **{f"landscape.branch_point(net, landscape.branches(2, 1)[0], 0, spread={bad})": "spread must be"
       for bad in ("-1.0", "np.nan", "0", "True")},
    **{f"training.dropout_penalty(risk, net, {bad})": "rate must" for bad in ("-0.1", "1.0", "np.nan", "'1'")},
    **{f"training.dropout_risk(risk, {bad}, 0.5)": "width must be a whole number"
       for bad in ("0", "1.5", "True", "None")},
    **{f"{call}": "risk must be" for call in (
        "measures.inertia_at(3, net)", "measures.inertia_at(EmpiricalRisk, net)",
        "measures.inertia_bounds_at(None, net, 0)",
        "measures.inertia_by_layer(np.eye(2), net)", "landscape.certificate('mse', net)", "landscape.polish(None, net)",
        "landscape.critical_points([], width=1, starts=1, key=0)", "landscape.critical_points_from(1, [net])",
        "landscape.critical_set(1, net)", "landscape.dead_neurons(1, net)", "landscape.saddle_certificate(1, net)",
        "landscape.directional_stationarity(1, relu)", "landscape.local_test_matrix(1, net, 0)",
        "landscape.embed(1, net, landscape.splitting(1, 0))", "landscape.risk_receipt(1, net, net)",
        "landscape.hessian_directions(1, net)", "training.dropout_penalty(1, net, 0.5)",
        "training.dropout_risk(1, 1, 0.5)",
        "training.descend(1, net, training.GradientDescent(0.1), steps=1)",
        "training.flow(1, net, until=training.Until(time=1.0))",
        "landscape.risk_slice(1, net, np.eye(3)[:1], [np.ones(2)])",
    )},
}  # fmt: skip

TAKEN = {
    'find(width=np.int64(1), starts=np.int64(2), key=np.int64(0), activation="tanh").width': 1,
    "find(width=np.array([1])).width": 1,
    "measures.inertia(np.array([[0, 1], [1, 0]], np.uint8), gradient_norm=0.0).counts": [1, 0, 1],
    "measures.rank(np.array([[True, False], [True, True]])).value": 2,
    "landscape.reduce(landscape.split(net, 0), threshold=np.array(0.1)).network.width": 1,
    "len(landscape.critical_points_from(Function(lambda u: (u[0] - 1) ** 2), np.array([[0.3], [0.4]])).points)": 1,
}

START = """
import json, jax
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import numpy as np
from condenslab import landscape, measures, networks, training
from condenslab.landscape import StartLaw, critical_points, polish
from condenslab.networks import Activation, Scale
from condenslab.risk import CrossEntropy, EmpiricalRisk, Function
from condenslab import sample_size
from condenslab.sample_size import optimistic

risk = EmpiricalRisk(np.linspace(-1, 1, 5)[:, None], np.linspace(-1, 1, 5)[:, None] ** 3)
net = networks.two_layer(0, width=1, inputs=1, activation="tanh", scale=Scale(1.0, 1.0))
relu = networks.two_layer(0, width=1, inputs=1, activation="relu", scale=Scale(1.0, 1.0))
named_relu = networks.TwoLayer(
    np.ones((1, 1)), None, np.ones((1, 1)), None, Activation("relu", jax.nn.leaky_relu, homogeneity=1))
several = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), net)
said = {}

def find(**options):
    return critical_points(risk, **{"width": 1, "starts": 1, "key": 0} | options)

def ask(text):
    try:
        return eval(text)
    except (TypeError, ValueError, IndexError) as error:
        return str(error)
"""


def said(body):
    done = subprocess.run(
        [sys.executable, "-c", f"{START}\n{body}\nprint(json.dumps(said, default=str))"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def answers():
    return said(f"{NUMBERS}\nfor text in {[*REQUESTS, *TAKEN]!r}:\n    said[text] = ask(text)")


def test_a_network_that_is_called_reads_every_number_type(answers):
    """Also in foreign byte order, which JAX reads as if it were its own."""
    apart = {name: value for name, value in answers.items() if isinstance(value, float)}
    assert len(apart) == 11 * 8
    assert {name: value for name, value in apart.items() if not value <= 1e-12} == {}


@pytest.mark.parametrize(("request_", "message"), REQUESTS.items())
def test_what_fails_later_is_refused_where_it_enters(answers, request_, message):
    assert message in answers[request_]


@pytest.mark.parametrize(("request_", "answer"), TAKEN.items())
def test_what_is_meant_is_taken(answers, request_, answer):
    assert answers[request_] == answer
