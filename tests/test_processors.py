"""What compiled programs may use of the machine."""

from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from condenslab import processors

MAPS = Path("/proc/self/maps")


def maps() -> int:
    return len(MAPS.read_bytes().splitlines())


@pytest.mark.more
@pytest.mark.skipif(not MAPS.exists(), reason="this system does not list the maps of a process")
def test_programs_are_forgotten_before_the_maps_run_out(monkeypatch, tmp_path):
    assert not processors.make_room_for_programs(), "a fresh process is far from the limit, or the fixture keeps it so"
    for k in range(60):
        jax.jit(lambda x, k=k: jnp.tanh(x + k).sum())(jnp.ones(k + 2))
    held = maps()
    limit = tmp_path / "max_map_count"
    limit.write_text(str(held))
    monkeypatch.setattr(processors, "_MAPS_ALLOWED", limit)
    assert processors.make_room_for_programs()
    assert maps() < held - 60
