"""Reduction, the inverse of embedding in width: `reduce` goes through the layers, `one_layer` edits one of them."""
