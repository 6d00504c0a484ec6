"""The contract of studies: parts that compute, evidence that loses nothing, statements written once, and claims."""
