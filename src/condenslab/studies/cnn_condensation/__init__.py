"""The study of convolution networks: do their kernels condense on real digits?"""

from condenslab.studies.cnn_condensation.study import STUDY

__all__ = ["STUDY"]
