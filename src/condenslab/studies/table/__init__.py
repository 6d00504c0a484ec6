"""A table of one's own: how many neurons its function needs, how well they predict, whether more data are needed.

`condenslab run recovery --data mine.csv` runs it. `load_predictor` reads the reduced network that it writes.
"""

from condenslab.studies.table.predictor import Predictor, load_predictor
from condenslab.studies.table.study import STUDY

__all__ = ["STUDY", "Predictor", "load_predictor"]
