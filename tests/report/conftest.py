"""A page with two runs of made-up studies, and a browser that looks at it and listens for what must not be."""

import shutil
import sys
from types import ModuleType

import numpy as np
import plotly.graph_objects as go
import pytest

from condenslab import figures, report, studies
from condenslab.sweeps import Record, Run, Store
from judging import drawn

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def film():
    rng, moments = np.random.default_rng(0), 12
    groups = np.where(np.arange(50) < 2, np.arange(50), -1)
    return figures.trajectory_player(
        np.linspace(-1, 1, 40),
        rng.normal(size=(moments, 40)),
        rng.uniform(-3, 3, (moments, 50)),
        np.geomspace(1e-6, 1, moments)[:, None] * np.where(groups >= 0, 1.0, 0.01),
        np.geomspace(1e-2, 1e4, moments),
        np.geomspace(1, 1e-8, moments),
        samples=([-0.5, 0.5], [0.0, 1.0]),
        groups=groups,
        names=["one", "two"],
        facts=[("parameters", "150")],
    )


def talking():
    """A figure with everything that a reader can ask of one."""
    figure, axes = figures.panels(2, 2, width=3.2)
    run = figures.run_detail([0.0, 1.0], [0.0, 1.0], samples=([0.5], [0.5]), angle=[0.0, 1.0], amplitude=[1.0, 2.0])
    details = {(0, 0): figures.seeds_detail("test error", {"seed 0": 1e-3, "seed 1": np.nan}), (1, 1): run}
    figures.value_map(
        axes[0, 0], ["3", "4"], ["1×", "2×"], [[0.5, 0.1], [-2.0, 1.0]],
        x_label="n", y_label="width", value_label="error", limits=(-2.0, 1.0), details=details,
    )  # fmt: skip
    figures.spectrum(axes[0, 1], 10.0 ** -np.arange(8.0), tolerance=3e-4, floor=1e-6, kept=4, decided=True)
    figures.cosine_heatmap(axes[1, 0], np.cos(np.subtract.outer(range(5), range(5))), times=range(5))
    figures.threshold_counts(axes[1, 1], [0.1, 0.2, 0.4], [9, 3, 3])
    return figure


def surface():
    figure, axes = figures.panels()
    x, y = np.meshgrid(np.linspace(-1, 1, 4), np.linspace(-1, 1, 4), indexing="ij")
    points = np.stack([x, y, x * y], axis=-1)
    lines = {"up": [[0, 0, -1], [0, 0, 1]]}
    figures.space_surface(
        axes[0, 0], points, np.arange(9.0).reshape(3, 3), lines=lines, axes=("s", "t", "u"), shade_label="R"
    )
    return figure


def pictures(records):
    figure, axes = figures.panels(1, 3)
    for ax in axes[0]:
        figures.function_curves(ax, np.linspace(0, 1, 50), {"f": np.linspace(0, 1, 50) ** 2})
        figures.title(ax, "Risk in time")
    drawn = [("Curves", "They rise.", figure), ("Film", "Move it.", film())]
    drawn.append(("Map", "Point at it.", talking()))
    drawn.append(("Space", "Turn it.", surface()))
    drawn.append(("Surface", "Turn it.", go.Figure(go.Surface(z=[[0.0, 1.0], [1.0, 2.0]]))))
    return [studies.Drawing(*parts) for parts in drawn]


def claims(study):
    row = {"study": study, "preset": "quick", "seed": 0, "source": "P1 §2", "expected": 3, "measured": [3, 3]}
    row |= {"tolerance": 0.5, "relation": "=", "figure": "Curves", "reason": ""}
    bad = {"verdict": "fails", "margin": -0.5, "label": "the error is small", "reason": "The step is too large."}
    good = {"verdict": "holds", "margin": 1.0, "label": f"{study} rests on a plateau"}
    return [row | {"claim": "it is so, at length"} | part for part in ((good, bad) if study == "recovery" else (good,))]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The path of a page with two runs; the study `recovery` is replaced by one that only draws."""
    if BROWSER is None:
        pytest.skip("no chromium on the PATH: `apt-get install chromium`")
    folder = tmp_path_factory.mktemp("atlas")
    kept = dict(studies.REGISTRY)
    store = Store(folder / "runs", create=True)
    for name, part, deck in (("recovery", "condensation", "000"), ("other", "landscape", "001")):
        module = ModuleType(f"browser_{name}")
        module.STUDY = drawn(name, pictures, question=f"Why {name}?", part=part, deck=deck)
        sys.modules[module.__name__] = module
        studies.REGISTRY[name] = f"{module.__name__}:STUDY"
        store.add([Record(name, f"r{name}", {"seed": 0}, "done")])
        counts = {"done": 1, "diverged": 0, "failed": 0}
        store.add_run(
            Run(name, 1, "quick", 0, {}, {}, None, [f"r{name}"], counts, [], claims(name), {"jax": "0", "seconds": 1.0})
        )
    try:
        yield report.write(folder / "runs", folder / "atlas.html")
    finally:
        studies.REGISTRY.clear()
        studies.REGISTRY.update(kept)


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def at(page, browser):
    """Opens the page at a place; afterwards nothing may have been logged, raised or asked of a network."""
    said, opened = [], []

    def go_to(place="", *, width=1400, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, accept_downloads=True, **options)
        tab = context.new_page()
        opened.append(context)
        tab.on("console", lambda message: message.type == "error" and said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("request", lambda asked: asked.url.startswith(("file:", "data:", "blob:")) or said.append(asked.url))
        tab.goto(f"{page.as_uri()}{place}")
        tab.wait_for_selector("#study figure svg" if place else "#front .strip div")
        return tab

    yield go_to
    for context in opened:
        context.close()
    assert said == []
