"""Type that can be read, and no patterns that weigh: looked for in every line of the sources that draws."""

import ast
from pathlib import Path

import pytest

from condenslab import figures
from condenslab.figures.style import panels

SOURCES = sorted(Path(figures.__file__).parent.parent.rglob("*.py"))
LEAST = 8.0
SIZES, ENDS = ("font.size",), ("labelsize", "titlesize", "fontsize")


def settings_of(tree):
    """Returns (line, name, value) of every keyword and every entry of a dictionary that is a plain constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg and isinstance(node.value, ast.Constant):
            yield node.value.lineno, node.arg, node.value.value
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(value, ast.Constant):
                    yield value.lineno, str(key.value), value.value


def faults(source):
    """Returns what is set in type that is too small, or hatched."""
    found = []
    for line, name, value in settings_of(ast.parse(source)):
        size = name in SIZES or name.endswith(ENDS)
        if size and (isinstance(value, str) or value < LEAST):
            found.append(f"line {line}: {name} = {value}")
        if name == "hatch" and value:
            found.append(f"line {line}: hatched")
    return found


def test_no_type_is_below_eight_points_and_nothing_is_hatched():
    texts = {str(path): path.read_text() for path in SOURCES}  # names of files repeat
    drawing = {name: text for name, text in texts.items() if any(word in text for word in (*SIZES, *ENDS, "hatch"))}
    assert len(drawing) > 10 and {name: found for name, text in drawing.items() if (found := faults(text))} == {}


@pytest.mark.parametrize(
    "source",
    ["f(fontsize=7)", "{'fontsize': 7.5}", "f(fontsize='x-small')", "{'xtick.labelsize': 7}", "bar(hatch='//')"],
)
def test_what_is_too_small_is_found(source):
    assert faults(source)


def test_sizes_that_follow_from_others_are_read_too():
    figure, axes = panels()
    axes[0, 0].plot([0, 1], [0, 1], label="a")
    figures.legend_below(axes[0, 0])
    figures.title(axes[0, 0], "title")
    figure.draw_without_rendering()
    sizes = [text.get_fontsize() for text in figure.findobj(lambda artist: hasattr(artist, "get_fontsize"))]
    assert min(sizes) >= LEAST
