"""Initial scales against the table of Luo et al. (JMLR 2021) and the conversions between conventions."""

import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condenslab.errors import UserError
from condenslab.networks import initial

laws = settings(max_examples=60, deadline=None, derandomize=True, database=None)

# Table 1 of the paper: alpha, beta1, beta2, kappa, kappa' as functions of width m and input dimension d; gamma, gamma'.
TABLE = {
    "lecun": (
        lambda m, d: (1, math.sqrt(1 / m), math.sqrt(1 / d), math.sqrt(1 / (m * d)), math.sqrt(d / m)),
        (0.5, 0.5, "linear"),
    ),
    "he": (
        lambda m, d: (1, math.sqrt(2 / m), math.sqrt(2 / d), math.sqrt(4 / (m * d)), math.sqrt(d / m)),
        (0.5, 0.5, "linear"),
    ),
    "xavier": (
        lambda m, d: (
            1,
            math.sqrt(2 / (m + 1)),
            math.sqrt(2 / (m + d)),
            math.sqrt(4 / ((m + 1) * (m + d))),
            math.sqrt((m + d) / (m + 1)),
        ),
        (1.0, 0.0, "critical"),
    ),
    "ntk": (lambda m, d: (math.sqrt(m), 1, 1, 1 / math.sqrt(m), 1), (0.5, 0.0, "linear")),
    "mean_field": (lambda m, d: (m, 1, 1, 1 / m, 1), (1.0, 0.0, "critical")),
}


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize(("width", "inputs"), [(1000, 1), (37, 5)])
def test_named_schemes_are_those_of_the_table(name, width, inputs):
    alpha, beta1, beta2, kappa, kappa_prime = TABLE[name][0](width, inputs)
    scale = initial.scheme(name, width, inputs)
    measured = (1 / scale.output_scale, scale.output_std, scale.input_std, scale.kappa, scale.kappa_prime)
    assert measured == pytest.approx((alpha, beta1, beta2, kappa, kappa_prime), rel=1e-14)
    assert scale.law == "normal"


@pytest.mark.parametrize("name", TABLE)
def test_limits_of_named_schemes(name):
    """gamma and gamma' are slopes of log kappa and log kappa' over log m, at widths where only the limit is left."""
    gamma, gamma_prime, regime = TABLE[name][1]
    entry = initial.SCHEMES[name]
    assert (entry.gamma, entry.gamma_prime, entry.regime) == (gamma, gamma_prime, regime)
    small, large = (initial.scheme(name, width, 4) for width in (10**8, 10**10))
    assert -math.log(large.kappa / small.kappa) / math.log(100) == pytest.approx(gamma, abs=1e-6)
    assert -math.log(large.kappa_prime / small.kappa_prime) / math.log(100) == pytest.approx(gamma_prime, abs=1e-6)


@pytest.mark.parametrize("exponent", [0.01, 1 / 6, 0.5, 1.0, 1.5, 3.0])
def test_e_et_al_is_the_line_of_equal_exponents_and_always_linear(exponent):
    scale = initial.scheme("e_et_al", 1000, 2, exponent=exponent)
    assert scale.input_std == scale.output_scale == 1.0
    assert initial.exponents(scale, 1000) == pytest.approx((exponent, exponent), rel=1e-13)
    assert initial.regime(exponent, exponent) == initial.SCHEMES["e_et_al"].regime == "linear"


def test_pytorch_default_is_uniform_with_bound_one_over_root_fan_in():
    scale = initial.scheme("pytorch", 400, 9)
    assert scale.law == "uniform"
    assert math.sqrt(3) * scale.input_std == pytest.approx(1 / 3, rel=1e-14)
    assert math.sqrt(3) * scale.output_std == pytest.approx(1 / 20, rel=1e-14)
    entry = initial.SCHEMES["pytorch"]
    assert (entry.gamma, entry.gamma_prime, entry.regime) == (0.5, 0.5, "linear")


@pytest.mark.parametrize(
    ("std_exponent", "gamma", "regime"), [(0.1, 0.2, "linear"), (0.5, 1.0, "critical"), (1.0, 2.0, "condensed")]
)
def test_exponent_of_the_std_is_half_of_gamma(std_exponent, gamma, regime):
    scale = initial.from_std_exponent(std_exponent, 1000)
    assert initial.exponents(scale, 1000) == pytest.approx((gamma, 0.0), rel=1e-13, abs=1e-15)
    assert initial.regime(gamma, 0.0) == regime
    assert scale.input_std == scale.output_std == pytest.approx(1000**-std_exponent, rel=1e-15)


@pytest.mark.parametrize(("exponent", "regime"), [(4.0, "condensed"), (3.0, "condensed"), (0.2, "linear")])
def test_exponent_of_the_variance_is_gamma(exponent, regime):
    scale = initial.from_variance_exponent(exponent, 500)
    assert initial.exponents(scale, 500) == pytest.approx((exponent, 0.0), rel=1e-13, abs=1e-15)
    assert initial.regime(exponent, 0.0) == regime


def test_stds_that_the_papers_print():
    assert initial.from_variance_exponent(3, 500).output_std == pytest.approx(8.9e-5, abs=0.05e-5)
    assert initial.from_variance_exponent(4, 100).input_std == pytest.approx(1e-4, rel=1e-14)
    assert initial.from_std_exponent(4, 50).input_std == pytest.approx(1.6e-7, rel=1e-14)


def test_input_exponent_is_by_the_input_dimension_of_each_matrix():
    scale = initial.from_input_exponent(0.8, width=400, inputs=100)
    assert (scale.input_std, scale.output_std) == pytest.approx((100**-0.8, 400**-0.8), rel=1e-15)
    assert initial.input_exponent_stds(0.5, (100, 400, 25, 1)) == pytest.approx((0.1, 0.05, 0.2), rel=1e-15)
    lecun = initial.scheme("lecun", 400, 100)
    half = initial.from_input_exponent(0.5, 400, 100)
    assert (half.input_std, half.output_std) == pytest.approx((lecun.input_std, lecun.output_std), rel=1e-15)


@given(
    gamma=st.floats(-3, 6),
    gamma_prime=st.floats(-3, 3),
    width=st.integers(2, 10**6),
    input_std=st.none() | st.floats(1e-6, 1e3),
)
@laws
def test_exponents_undo_from_gamma(gamma, gamma_prime, width, input_std):
    scale = initial.from_gamma(gamma, gamma_prime, width, input_std=input_std)
    assert initial.exponents(scale, width) == pytest.approx((gamma, gamma_prime), abs=1e-11)
    assert scale.kappa == pytest.approx(width**-gamma, rel=1e-12)
    assert scale.kappa_prime == pytest.approx(width**-gamma_prime, rel=1e-12)
    assert scale.input_std == pytest.approx(input_std, rel=1e-15) if input_std else scale.output_scale == 1.0


def test_the_three_choices_of_figure_3d_are_one_point():
    """(beta1, beta2) = (1, 1), (m^-1/2, m^-1/2), (m^-1, m^-1), each with alpha = beta1 beta2 m^gamma."""
    width, gamma = 1000, 1.75
    for beta in (1.0, width**-0.5, 1.0 / width):
        scale = initial.from_gamma(gamma, 0.0, width, input_std=beta)
        assert (scale.input_std, scale.output_std) == pytest.approx((beta, beta), rel=1e-14)
        assert 1 / scale.output_scale == pytest.approx(beta * beta * width**gamma, rel=1e-13)


@given(st.integers(-20, 40), st.integers(-20, 20))
@laws
def test_regime_is_that_of_the_theorems(gamma, gamma_prime):
    """Theorems 1 and 2, in exact arithmetic on a grid of tenths that meets the boundary often."""
    g, gp = Fraction(gamma, 10), Fraction(gamma_prime, 10)
    linear = g < 1 or gp > g - 1
    condensed = g > 1 and gp < g - 1
    boundary = (g == 1 and gp <= 0) or (gp == g - 1 and gp > 0)
    assert linear + condensed + boundary == 1
    expected = "linear" if linear else "condensed" if condensed else "critical"
    assert initial.regime(gamma / 10, gamma_prime / 10) == expected


def test_a_batch_of_exponents_gives_a_batch_of_scales():
    gammas = np.array([0.5, 1.0, 1.75])
    scale = initial.from_gamma(gammas, 0.2, 100)
    assert np.shape(scale.input_std) == np.shape(scale.output_std) == np.shape(scale.output_scale) == (3,)
    measured = jax.vmap(lambda s: initial.exponents(s, 100))(scale)
    np.testing.assert_allclose(measured.gamma, gammas, rtol=1e-13)
    np.testing.assert_allclose(measured.gamma_prime, 0.2, rtol=1e-13)


def test_traced_exponents_agree_with_plain_numbers():
    traced = jax.jit(lambda t: initial.from_std_exponent(t, 100))(jnp.asarray(1.5))
    assert float(traced.input_std) == pytest.approx(initial.from_std_exponent(1.5, 100).input_std, rel=1e-14)


def test_stds_of_deep_networks_follow_the_fans():
    widths = (4, 9, 16, 1)
    assert initial.scheme_stds("lecun", widths) == pytest.approx((1 / 2, 1 / 3, 1 / 4), rel=1e-15)
    assert initial.scheme_stds("he", widths) == pytest.approx(tuple(math.sqrt(2) / r for r in (2, 3, 4)), rel=1e-15)
    assert initial.scheme_stds("xavier", widths) == pytest.approx(
        (math.sqrt(2 / 13), math.sqrt(2 / 25), math.sqrt(2 / 17)), rel=1e-15
    )
    with pytest.raises(UserError, match="lecun"):
        initial.scheme_stds("ntk", widths)


@pytest.mark.parametrize("width", [0, -3, True])
def test_a_width_is_a_positive_whole_number(width):
    for build in (
        lambda: initial.from_gamma(1.0, 0.0, width),
        lambda: initial.from_std_exponent(1.0, width),
        lambda: initial.scheme("he", width, 1),
        lambda: initial.scheme("he", 10, width),
    ):
        with pytest.raises(ValueError, match="whole number of at least 1"):
            build()


@pytest.mark.parametrize("exponent", [120.0, -120.0])
def test_a_power_outside_float64_is_refused(exponent):
    with pytest.raises(ValueError, match="range of float64"):
        initial.from_std_exponent(exponent, 1000)
    with pytest.raises(ValueError, match="range of float64"):
        initial.from_gamma(np.array([1.0, exponent]), 0.0, 1000)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_numbers_are_finite(bad):
    for build in (
        lambda: initial.from_gamma(bad, 0.0, 10),
        lambda: initial.from_kappa(bad, 1.0),
        lambda: initial.Scale(bad, 1.0),
        lambda: initial.Scale(1.0, 1.0, bad),
        lambda: initial.regime(bad, 0.0),
    ):
        with pytest.raises(ValueError, match="must be finite"):
            build()


def test_signs():
    with pytest.raises(ValueError, match="input_std must be at least 0"):
        initial.Scale(-1.0, 1.0)
    with pytest.raises(ValueError, match="output_scale must be positive"):
        initial.Scale(1.0, 1.0, 0.0)
    with pytest.raises(ValueError, match="kappa_prime must be positive"):
        initial.from_kappa(1.0, -1.0)
    with pytest.raises(ValueError, match="input_std must be positive"):
        initial.exponents(initial.Scale(0.0, 1.0), 10)
    with pytest.raises(ValueError, match="at least 2"):
        initial.exponents(initial.Scale(1.0, 1.0), 1)


def test_schemes_say_what_is_wrong():
    with pytest.raises(UserError, match="did you mean 'xavier'"):
        initial.scheme("xaver", 10, 1)
    with pytest.raises(ValueError, match="needs exponent"):
        initial.scheme("e_et_al", 10, 1)
    with pytest.raises(ValueError, match="takes no exponent"):
        initial.scheme("he", 10, 1, exponent=1.0)
