"""Images inside a drawing, made small: the same picture, by numpy, in fewer bytes."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from condenslab.report.pictures import lighter


def link(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def pixels_of(text):
    with Image.open(io.BytesIO(base64.b64decode(text.partition(",")[2]))) as picture:
        return np.asarray(picture.convert("RGBA")).astype(int)


def heat_map(colours):
    rng = np.random.default_rng(0)
    palette = np.column_stack([np.linspace(0, 255, colours), np.linspace(200, 30, colours), np.full(colours, 90)])
    shades = palette[rng.integers(0, colours, (120, 120))].round().astype(np.uint8)
    return np.dstack([shades, np.full((120, 120), 255, np.uint8)])


@pytest.mark.parametrize(("colours", "error"), [(64, 0), (256, 4)])
def test_a_heat_map_has_the_same_colours_in_half_the_bytes(colours, error):
    before = link(heat_map(colours))
    after = lighter(before)
    assert len(after) < 0.6 * len(before)
    assert np.abs(pixels_of(after) - pixels_of(before)).max() <= error


def test_what_is_transparent_stays_so():
    marks = np.zeros((120, 120, 4), np.uint8)
    marks[20:100, 20:100] = [0, 114, 178, 255]
    marks[40:60] = [213, 94, 0, 120]
    marks[..., 3] += np.random.default_rng(0).integers(0, 3, (120, 120)).astype(np.uint8) * (marks[..., 3] == 120)
    before = link(marks)
    after = lighter(before)
    assert np.array_equal(pixels_of(after)[..., 3] == 0, marks[..., 3] == 0)
    seen = marks[..., 3] > 0
    assert np.abs(pixels_of(after) - pixels_of(before))[seen].max() <= 16


def test_what_is_small_or_no_image_stays_as_it_is():
    icon = link(np.zeros((4, 4, 4), np.uint8))
    assert lighter(icon) == icon and lighter("#mine") == "#mine"
