"""Do measured ranks fill the tables of optimistic sample sizes, row by row?"""

from condenslab.studies.optimistic_tables.study import STUDY

__all__ = ["STUDY"]
