"""Completion of the published 4 × 4 matrices by gradient descent: what two studies share."""
