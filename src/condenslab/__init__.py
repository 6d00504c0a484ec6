"""A laboratory for neuron condensation: it trains, measures, explains, and says how few samples a target needs.

Import the parts by name; nothing is imported that you have not asked for:

    tasks      what is learned: inputs, targets and the facts known about a target
    networks   what learns: a network is a pytree of its own parameters
    risk       the seam: predict + data + loss → value, gradient, Jacobian, Hessian
    training   descent, gradient flow, ensembles
    measures   condensation, rank, curvature, distance: a number with its evidence
    landscape  embedding, reduction, critical points
    sweeps     cases, store, resumable runs
    figures    drawing primitives on arrays
    studies    questions with claims; `studies.run("recovery")`
    report     a store as one self-contained page
    interop    networks and training runs in files

The library never changes JAX's configuration. Ranks, inertias and critical points need float64: call
`jax.config.update("jax_enable_x64", True)` before the first array is made.
"""

__version__ = "0.1.0"
