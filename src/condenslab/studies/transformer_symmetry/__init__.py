"""Which growth of a transformer costs nothing: heads, head dimensions, neurons, d_model?"""

from condenslab.studies.transformer_symmetry.study import STUDY

__all__ = ["STUDY"]
