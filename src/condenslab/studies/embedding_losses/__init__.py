"""The study `embedding_losses`: the embedding principle at any depth and for losses other than the squared one."""

from condenslab.studies.embedding_losses.study import STUDY

__all__ = ["STUDY"]
