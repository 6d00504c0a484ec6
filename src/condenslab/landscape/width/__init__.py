"""Embedding in width: splittings, compatible and null embeddings, and the critical points and sets that they make."""
