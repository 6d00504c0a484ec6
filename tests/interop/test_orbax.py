"""Folders that Orbax wrote, in each of its four layouts, and files of Flax, bit by bit, where those are installed."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import interop
from condenslab.errors import UserError

pytestmark = pytest.mark.more
LAYOUTS = [(True, False), (False, False), (True, True), (False, True)]


def tree():
    key = jax.random.key(0)
    hidden = {"kernel": jax.random.normal(key, (5, 37)), "bias": jnp.zeros(37)}
    out = {"kernel": jax.random.normal(key, (37, 2)).astype(jnp.bfloat16), "bias": jnp.ones(2, jnp.float16)}
    moments = {"opt_state": [jnp.ones(3), None, {"mu": jnp.arange(4)}]}
    return {"params": {"Dense_0": hidden, "Dense_1": out}, "step": 3, **moments}


def expected():
    flat = jax.tree_util.tree_flatten_with_path(tree())[0]
    return {".".join(str(getattr(k, "key", getattr(k, "idx", k))) for k in path): np.asarray(v) for path, v in flat}


def same(found, wanted):
    assert set(found) == set(wanted)
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype and found[name].tobytes() == array.tobytes(), name


@pytest.mark.parametrize(("database", "third"), LAYOUTS)
def test_every_layout_is_read_bit_by_bit(database, third, tmp_path):
    ocp = pytest.importorskip("orbax.checkpoint", reason="needs orbax-checkpoint")
    ocp.PyTreeCheckpointer(use_ocdbt=database, use_zarr3=third).save(tmp_path / "net", tree())
    checkpoint = interop.read(tmp_path / "net")
    assert checkpoint.format == "orbax" and not checkpoint.skipped
    same(checkpoint.tensors, expected())
    assert all(not array.flags.writeable for array in checkpoint.tensors.values())
    measured = interop.measure(tmp_path / "net")
    assert [layer.name for layer in measured.layers] == ["params.Dense_0.kernel"] and len(measured.sha256) == 64
    assert measured.layers[0].neurons == 37 and measured.layers[0].inputs == 6


def test_a_step_of_a_manager_is_read_and_several_are_named(tmp_path):
    ocp = pytest.importorskip("orbax.checkpoint", reason="needs orbax-checkpoint")
    with ocp.CheckpointManager(tmp_path / "runs") as manager:
        manager.save(0, args=ocp.args.StandardSave(tree()))
        manager.save(20, args=ocp.args.StandardSave(tree()))
        manager.wait_until_finished()
    same(interop.read(tmp_path / "runs" / "20").tensors, expected())
    with pytest.raises(UserError, match="steps 0, 20"):
        interop.read(tmp_path / "runs")
    with ocp.CheckpointManager(tmp_path / "two", item_names=("state", "ema")) as manager:
        both = {name: ocp.args.StandardSave({"w": jnp.ones(3) * n}) for n, name in enumerate(("state", "ema"))}
        manager.save(1, args=ocp.args.Composite(**both))
        manager.wait_until_finished()
    same(interop.read(tmp_path / "two" / "1").tensors, {"state.w": np.zeros(3), "ema.w": np.ones(3)})


def test_bad_folders_get_a_sentence(tmp_path):
    ocp = pytest.importorskip("orbax.checkpoint", reason="needs orbax-checkpoint")
    ocp.PyTreeCheckpointer(use_ocdbt=False, use_zarr3=False).save(tmp_path / "plain", {"w": jnp.ones((8, 8))})
    about = tmp_path / "plain" / "w" / ".zarray"
    good = json.loads(about.read_text())
    for change in ({"shape": [1 << 40, 8]}, {"chunks": [1 << 40, 8]}, {"shape": [1 << 20, 1 << 20], "chunks": [1, 1]}):
        about.write_text(json.dumps(good | change))
        with pytest.raises(UserError, match="larger than its folder"):
            interop.read(tmp_path / "plain")
    for text in ("{", "[]", json.dumps(good | {"dtype": "|O"}), json.dumps(good | {"compressor": {"id": "python"}})):
        about.write_text(text)
        with pytest.raises(UserError, match="damaged"):
            interop.read(tmp_path / "plain")
    about.write_text(json.dumps(good))
    chunk = tmp_path / "plain" / "w" / "0.0"
    whole = chunk.read_bytes()
    for length in range(len(whole)):
        chunk.write_bytes(whole[:length])
        with pytest.raises(UserError, match="damaged"):
            interop.read(tmp_path / "plain")
    ocp.PyTreeCheckpointer().save(tmp_path / "base", {"w": jnp.ones((8, 8))})
    manifest = tmp_path / "base" / "manifest.ocdbt"
    whole = manifest.read_bytes()
    for length in range(0, len(whole), 7):
        manifest.write_bytes(whole[:length])
        with pytest.raises(UserError):
            interop.read(tmp_path / "base")


def test_files_of_flax_are_read_bit_by_bit(tmp_path, monkeypatch):
    serialization = pytest.importorskip("flax.serialization", reason="needs flax")
    (tmp_path / "net.msgpack").write_bytes(serialization.to_bytes(tree()))
    wanted = {name: array for name, array in expected().items() if name != "step"}  # a number of Python, no array
    same(interop.read(tmp_path / "net.msgpack").tensors, wanted)
    monkeypatch.setattr(serialization, "MAX_CHUNK_SIZE", 64)
    (tmp_path / "cut.msgpack").write_bytes(serialization.to_bytes(tree()))
    same(interop.read(tmp_path / "cut.msgpack").tensors, wanted)
