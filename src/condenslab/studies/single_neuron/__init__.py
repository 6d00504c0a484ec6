"""How many samples make a network of two neurons recover a single one?"""

from condenslab.studies.single_neuron.study import STUDY

__all__ = ["STUDY"]
