"""Numbers in words: digits by tolerance, lists that stay readable, null as a dash."""

import pytest

from condenslab.report import wording


@pytest.mark.parametrize(
    ("content", "tolerance", "text"),
    [
        (3, 0.5, "3"),
        (12345, None, "12\u202f345"),
        (-4, None, "−4"),
        (0.0, 1e-3, "0"),
        (0.1090227421, 0.0109, "0.109"),
        (0.1090227421, 1e-6, "0.10902274"),
        (0.1090227421, 1e-30, "0.1090227421"),
        (3.2e-11, 1e-6, "3.2×10⁻¹¹"),
        (-2.5e-7, None, "−2.5×10⁻⁷"),
        (None, 0.1, "—"),
        ("at least three", None, "at least three"),
        (True, None, "True"),
        ([], None, "—"),
        ([3, 3, 3], 0.5, "3 (each of 3)"),
        ([3], 0.5, "3"),
        ([3.914, None, 4.02], 3.0, "3.91, —, 4.02"),
        ([0.1, 0.5, 0.2, 0.3, 0.4, 0.6, 0.7], None, "0.1 to 0.7 (7 values)"),
        ([0.1, None, 0.2, 0.3, 0.4, 0.6, 0.7], None, "0.1, —, 0.2, 0.3, 0.4, 0.6, 0.7"),
        ([[1, 2], [3, 4]], None, "1, 2, 3, 4"),
        ({"positive": 3, "zero": 0}, None, "positive 3, zero 0"),
    ],
)
def test_values(content, tolerance, text):
    assert wording.value(content, tolerance) == text


def test_what_is_far_from_the_expected_value_needs_few_digits():
    assert wording.value([285785.04, 6.0], 5.0, 5.0) == "2.858×10⁵, 6"
    assert wording.value(0.10902274, 1e-6, 0.10902) == "0.10902274"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("at most 1e-6", "at most 10<sup>−6</sup>"),
        ("2.5e+03 or 1e-06.", "2.5×10<sup>3</sup> or 10<sup>−6</sup>."),
        ("N(0, m^−0.2)", "N(0, m<sup>−0.2</sup>)"),
        ("std m^(−γ/2), f^(x)(y)", "std m<sup>−γ/2</sup>, f<sup>x</sup>(y)"),
        ("10^−1.5 and t^(−1/2)", "10<sup>−1.5</sup> and t<sup>−1/2</sup>"),
        ("[−1, 1]^10", "[−1, 1]<sup>10</sup>"),
        ("id 702e2f71, 1e5x, v1.2e3", "id 702e2f71, 1e5x, v1.2e3"),
        ("0.8x_{s+1} of W_Q, a^b", "0.8x<sub>s+1</sub> of W<sub>Q</sub>, a^b"),
        (
            "NN_A, O_narr, W_Q W_Kᵀ, K_wide_net",
            "NN<sub>A</sub>, O<sub>narr</sub>, W<sub>Q</sub> W<sub>K</sub>ᵀ, K_wide_net",
        ),
        ("RD(θ_w), d_model, m_n", "RD(θ<sub>w</sub>), d<sub>model</sub>, m<sub>n</sub>"),
        ("feature_map, x_tanh, x2_tanh, a_run", "feature_map, x_tanh, x2_tanh, a_run"),
        ("<b>1e-3</b> & ^", "&lt;b&gt;10<sup>−3</sup>&lt;/b&gt; &amp; ^"),
        ("", ""),
    ],
)
def test_powers_are_raised_and_markup_is_shown(text, html):
    assert str(wording.prose(text)) == html


@pytest.mark.parametrize(
    ("content", "text"),
    [(0.9566, "+0.96"), (0, "+0"), (-0.323, "−0.32"), (1e6, "+1×10⁶"), (None, "—"), (-1e-9, "−1×10⁻⁹")],
)
def test_margins_carry_their_sign(content, text):
    assert wording.margin(content) == text


def test_exact_values_keep_every_digit():
    assert wording.exact([0.1090227421000001, None, 3]) == "0.1090227421000001, —, 3"
    assert wording.exact("text") == "text"


@pytest.mark.parametrize(
    ("duration", "text"), [(0.25, "0.25 s"), (59.4, "59 s"), (84.2, "1 min 24 s"), (3599.9, "1 h 0 min"), (0, "0 s")]
)
def test_durations(duration, text):
    assert wording.seconds(duration) == text
