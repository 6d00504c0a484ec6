"""Figures from arrays: drawing primitives that know no network, and one style for all of them.

>>> figure, axes = panels(1, 2)
>>> function_curves(axes[0, 0], [0.0, 1.0], {"identity": [0.0, 1.0]})
>>> risk_curve(axes[0, 1], [1.0, 10.0], [0.5, 0.1], levels=[("width 1", 0.109)])
>>> figure.savefig("two.svg")  # doctest: +SKIP
"""

from condenslab.figures.circle import direction_field, polar_courses
from condenslab.figures.counts import spectrum, threshold_counts
from condenslab.figures.courses import group_courses, seed_values, value_curves
from condenslab.figures.curves import function_curves, risk_curve
from condenslab.figures.diagrams import feature_cloud, phase_map, scaling_lines, slope_curves
from condenslab.figures.draw import cosine_heatmap, orientation_amplitude, wrap
from condenslab.figures.film import Film, trajectory_player
from condenslab.figures.grouped import grouped_neurons
from condenslab.figures.hierarchy import hierarchy
from condenslab.figures.interactive import Spot, add_spots, add_threshold, run_detail, seeds_detail
from condenslab.figures.legends import fit_legends, legend_below
from condenslab.figures.legibility import unreadable
from condenslab.figures.networks import network_diagram
from condenslab.figures.plans import sample_plan
from condenslab.figures.predicted import measured_against_predicted
from condenslab.figures.ranks import incidence_table, measured_and_expected, value_map
from condenslab.figures.rates import success_rates
from condenslab.figures.sets import space_set
from condenslab.figures.signs import signed_counts, signed_spectra
from condenslab.figures.sizes import sample_sizes
from condenslab.figures.slices import level_spectrum, risk_line, risk_surface
from condenslab.figures.space import space_surface
from condenslab.figures.style import (
    OKABE_ITO,
    counted,
    describe,
    description,
    panels,
    power,
    readable,
    series,
    styled,
    title,
)

__all__ = [
    "OKABE_ITO",
    "Film",
    "Spot",
    "add_spots",
    "add_threshold",
    "cosine_heatmap",
    "counted",
    "describe",
    "description",
    "direction_field",
    "feature_cloud",
    "fit_legends",
    "function_curves",
    "group_courses",
    "grouped_neurons",
    "hierarchy",
    "incidence_table",
    "legend_below",
    "level_spectrum",
    "measured_against_predicted",
    "measured_and_expected",
    "network_diagram",
    "orientation_amplitude",
    "panels",
    "phase_map",
    "polar_courses",
    "power",
    "readable",
    "risk_curve",
    "risk_line",
    "risk_surface",
    "run_detail",
    "sample_plan",
    "sample_sizes",
    "scaling_lines",
    "seed_values",
    "seeds_detail",
    "series",
    "signed_counts",
    "signed_spectra",
    "slope_curves",
    "space_set",
    "space_surface",
    "spectrum",
    "styled",
    "success_rates",
    "threshold_counts",
    "title",
    "trajectory_player",
    "unreadable",
    "value_curves",
    "value_map",
    "wrap",
]
