"""The study `architectures`: how few samples sharing, locality and full connection need for one target."""

from condenslab.studies.architectures.study import STUDY

__all__ = ["STUDY"]
