"""Do the samples that a transformer needs follow how many rules it must store, or how many it must infer?"""

from condenslab.studies.inference_or_memorisation.study import STUDY

__all__ = ["STUDY"]
