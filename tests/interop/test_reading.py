"""What is read is what was written, format by format, without the library that wrote it."""

import collections
import json
import pickle
import subprocess
import sys
import types
from collections import OrderedDict

import jax.numpy as jnp
import ml_dtypes
import msgspec
import numpy as np
import pytest
import safetensors.numpy

from condenslab import interop, networks
from condenslab.errors import UserError
from hostile import NUMBERS, archive, entry, stream, tensor
from hostile import safetensors as safetensors_file

RNG = np.random.default_rng(0)
ARRAYS = {
    "fc.weight": RNG.standard_normal((3, 4)).astype(np.float32),
    "fc.bias": np.arange(3.0),
    "n": np.int64(3)[None],
}


def same(found, expected):
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert found[name].tobytes() == np.ascontiguousarray(array).tobytes(), name


def test_safetensors_single_and_sharded(tmp_path):
    safetensors.numpy.save_file(ARRAYS, tmp_path / "net.safetensors")
    found = interop.read(tmp_path / "net.safetensors")
    assert found.format == "safetensors"
    same(found.tensors, ARRAYS)
    shards = {"a.safetensors": ["fc.weight"], "b.safetensors": ["fc.bias", "n"]}
    (tmp_path / "hf").mkdir()
    for file, names in shards.items():
        safetensors.numpy.save_file({name: ARRAYS[name] for name in names}, tmp_path / "hf" / file)
    table = {name: file for file, names in shards.items() for name in names}
    (tmp_path / "hf" / "model.safetensors.index.json").write_text(json.dumps({"weight_map": table}))
    (tmp_path / "hf" / "config.json").write_text('{"num_attention_heads": 2}')
    folder = interop.read(tmp_path / "hf")
    same(folder.tensors, ARRAYS)
    assert folder.config == {"num_attention_heads": 2}
    assert len(folder.files) == 3 and len(folder.sha256) == 64
    (tmp_path / "hf" / "b.safetensors").unlink()
    with pytest.raises(UserError, match=r"b\.safetensors is missing"):
        interop.read(tmp_path / "hf")


@pytest.mark.parametrize("code", ["BF16", "F8_E4M3", "F8_E5M2", "F16", "F64", "I8", "U16", "BOOL"])
def test_number_types_by_name(code, tmp_path):
    types = {"BF16": ml_dtypes.bfloat16, "F8_E4M3": ml_dtypes.float8_e4m3fn, "F8_E5M2": ml_dtypes.float8_e5m2}
    types |= {"F16": np.float16, "F64": np.float64, "I8": np.int8, "U16": np.uint16, "BOOL": bool}
    values = np.array([0, 1, 2, 0.5]).astype(types[code])
    head = {"w": entry([4], 0, values.nbytes, code)}
    found = interop.read(safetensors_file(tmp_path / "a.safetensors", head, values.tobytes())).tensors["w"]
    assert found.dtype == values.dtype and np.array_equal(found.astype(float), values.astype(float))


def test_npz_npy_and_pickles(tmp_path):
    np.savez(tmp_path / "a.npz", **ARRAYS)
    np.savez_compressed(tmp_path / "b.npz", **ARRAYS)
    for name in ("a.npz", "b.npz"):
        same(interop.read(tmp_path / name).tensors, ARRAYS)
    fortran = np.asfortranarray(ARRAYS["fc.weight"])
    np.save(tmp_path / "f.npy", fortran)
    assert np.array_equal(interop.read(tmp_path / "f.npy").tensors["array"], fortran)
    for protocol in (2, 3, 4, 5):
        nested = {"params": OrderedDict(w=fortran, b=ARRAYS["fc.bias"]), "epoch": 3, "notes": ["x", (1, 2.5)]}
        (tmp_path / "n.pkl").write_bytes(pickle.dumps(nested, protocol))
        found = interop.read(tmp_path / "n.pkl").tensors
        assert np.array_equal(found["params.w"], fortran) and np.array_equal(found["params.b"], ARRAYS["fc.bias"])


def test_objects_in_an_npz_are_named_and_left_out(tmp_path):
    np.savez(tmp_path / "a.npz", w=ARRAYS["fc.weight"], odd=np.array([{}], dtype=object))
    found = interop.read(tmp_path / "a.npz")
    assert set(found.tensors) == {"w"}
    assert found.skipped == [("odd", "it holds Python objects, which are not read")]


def test_equinox_leaves(tmp_path):
    import equinox as eqx
    import jax

    mlp = eqx.nn.MLP(2, 1, 4, 2, key=jax.random.key(0))
    half = jnp.arange(3, dtype=jnp.bfloat16)
    eqx.tree_serialise_leaves(tmp_path / "a.eqx", (mlp, half))
    found = interop.read(tmp_path / "a.eqx")
    leaves = [leaf for leaf in jax.tree_util.tree_leaves((mlp, half)) if eqx.is_array(leaf)]
    assert found.format == "equinox" and len(found.tensors) == len(leaves)
    for ours, theirs in zip(found.tensors.values(), leaves, strict=True):
        assert ours.dtype == theirs.dtype and np.array_equal(ours, np.asarray(theirs))
    with (tmp_path / "b.eqx").open("wb") as file:
        file.write(b'{"width": 4}\n')
        eqx.tree_serialise_leaves(file, mlp)
    assert len(interop.read(tmp_path / "b.eqx").tensors) == len(leaves) - 1


def test_flax_msgpack(tmp_path):
    import msgspec

    def array(value):
        parts = (value.shape, value.dtype.name, value.tobytes())
        return msgspec.msgpack.Ext(1, msgspec.msgpack.encode(parts))

    weight, half = ARRAYS["fc.weight"], np.ones((2, 2), ml_dtypes.bfloat16)
    tree = {"params": {"Dense_0": {"kernel": array(weight), "bias": array(half)}}, "step": 3}
    (tmp_path / "flax_model.msgpack").write_bytes(msgspec.msgpack.encode(tree))
    found = interop.read(tmp_path).tensors
    same(found, {"params.Dense_0.kernel": weight, "params.Dense_0.bias": half})


def test_our_own_checkpoints(tmp_path):
    import jax

    scale = networks.initial.from_std_exponent(0.5, width=3)
    network = networks.two_layer(jax.random.key(0), width=3, inputs=1, activation="tanh", scale=scale)
    interop.save_network(tmp_path / "net.safetensors", network)
    found = interop.read(tmp_path / "net.safetensors").tensors
    assert np.array_equal(found["network/input_weights"], np.asarray(network.input_weights))


def test_torch_layouts_made_by_hand(tmp_path):
    expected = np.arange(4, dtype=np.float32)
    for found in (archive(tmp_path / "a.pt", tensor(), [("0", NUMBERS)]), stream(tmp_path / "b.pt")):
        assert np.array_equal(interop.read(found).tensors["tensor"], expected)
    strided = tensor(shape=b"K\x02\x85", stride=b"K\x02\x85", offset=b"K\x01")
    path = archive(tmp_path / "c.pt", strided, [("0", NUMBERS)])
    assert np.array_equal(interop.read(path).tensors["tensor"], [1, 3])


def test_memory_is_mapped(tmp_path):
    safetensors.numpy.save_file(ARRAYS, tmp_path / "net.safetensors")
    array = interop.read(tmp_path / "net.safetensors").tensors["fc.weight"]
    assert not array.flags.owndata and not array.flags.writeable


def test_reading_and_measuring_load_no_jax_and_no_torch(tmp_path):
    np.savez(tmp_path / "a.npz", weight=RNG.standard_normal((8, 4)))
    program = (
        "import sys; from condenslab.cli import main; status = main(['measure', sys.argv[1], '--json']); "
        "print(status, sorted({'jax', 'torch', 'scipy', 'matplotlib'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.npz")], capture_output=True, text=True)
    assert done.stderr.strip() == "0 []"
    assert json.loads(done.stdout)["layers"][0]["neurons"] == 8


class Key:
    """An object that serves as a key."""


def test_keys_of_any_kind_get_a_name(tmp_path):
    keys = [("a", 1), b"x", None, 2.5, True, -3, Key(), Key()]
    arrays = {key: np.full((2, 3), place, np.float32) for place, key in enumerate(keys)}
    names = ["a, 1", "x", "None", "2.5", "True", "-3", "object 6", "object 7"]
    for protocol in (2, 4):
        (tmp_path / "odd.pkl").write_bytes(pickle.dumps(arrays, protocol))
        found = interop.read(tmp_path / "odd.pkl").tensors
        assert {name: int(array[0, 0]) for name, array in found.items()} == {name: n for n, name in enumerate(names)}


class Holder:
    """A class that no reader has."""

    def __init__(self, state):
        self.state = state

    def __reduce__(self):
        return self.state


def test_nothing_in_an_object_is_dropped(tmp_path):
    """Arguments, state of any form and items of an unknown class, and empty arrays, which protocol 2 writes oddly."""
    a = np.arange(6.0).reshape(2, 3)
    held = {
        "args": Holder((collections.Counter, ({"inner": a},))),
        "positional": Holder((collections.deque, ((a, a),))),
        "slots": Holder((collections.UserList, (), (None, {"slot": a}))),
        "listed": Holder((collections.UserDict, (), (a, [a]))),
        "space": types.SimpleNamespace(w=a),
        "empty": np.empty((0, 4)),
    }
    names = {
        "args.inner",
        "positional.0.0",
        "positional.0.1",
        "slots.slot",
        "listed.0",
        "listed.1.0",
        "space.w",
        "empty",
    }
    for protocol in (2, 3, 4, 5):
        (tmp_path / "held.pkl").write_bytes(pickle.dumps(held, protocol))
        found = interop.read(tmp_path / "held.pkl").tensors
        assert set(found) == names and found["empty"].shape == (0, 4)
        assert all(np.array_equal(array, a) for name, array in found.items() if name != "empty")


def test_a_conjugated_tensor_and_a_view_of_a_storage(tmp_path):
    """The sixth argument of a tensor says that its numbers are negated; the sixth of a storage where it begins."""
    plain = tensor()
    negated = plain.replace(b")RtR.", b")R}X\x03\x00\x00\x00neg\x88stR.")
    assert negated != plain
    path = archive(
        tmp_path / "neg.pt",
        b"\x80\x02}(X\x01\x00\x00\x00w" + plain[2:-1] + b"X\x01\x00\x00\x00n" + negated[2:-1] + b"u.",
        [("0", NUMBERS)],
    )
    checkpoint = interop.read(path)
    assert set(checkpoint.tensors) == {"w"} and "negated" in dict(checkpoint.skipped)["n"]
    view = tensor(shape=b"K\x02\x85").replace(b"tQ", b"X\x01\x00\x00\x00vK\x01K\x03\x87tQ", 1)
    assert interop.read(stream(tmp_path / "old.pt", view)).tensors["tensor"].tolist() == [1, 2]


def test_a_tensor_that_the_index_does_not_name_is_said(tmp_path):
    safetensors.numpy.save_file({"a": np.ones((2, 2)), "b": np.ones(3)}, tmp_path / "one.safetensors")
    (tmp_path / "m.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "one.safetensors"}}))
    checkpoint = interop.read(tmp_path / "m.safetensors.index.json")
    assert set(checkpoint.tensors) == {"a"} and "does not name" in dict(checkpoint.skipped)["b"]


def test_leaves_of_equinox_find_their_biases(tmp_path):
    import equinox as eqx
    import jax

    keys = jax.random.split(jax.random.key(0), 3)
    norm = eqx.nn.LayerNorm(12)
    layers = [eqx.nn.Linear(5, 12, key=keys[0]), norm, eqx.nn.Linear(12, 12, use_bias=False, key=keys[1]), norm]
    eqx.tree_serialise_leaves(tmp_path / "net.eqx", [*layers, eqx.nn.Linear(12, 2, key=keys[2])])
    found = {layer.name: layer.inputs for layer in interop.measure(tmp_path / "net.eqx").layers}
    assert found == {"leaf.0": 6, "leaf.4": 12}  # 0: weight, bias, norm; 4: weight, norm; then the output layer


def test_arrays_that_flax_cuts_are_put_together(tmp_path):
    """Above 1 GiB `flax.serialization` writes a map of a mark, the shape and the flat pieces."""

    def packed(array):
        content = (array.shape, array.dtype.name, array.tobytes())
        return msgspec.msgpack.Ext(1, msgspec.msgpack.encode(content))

    whole = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    pieces = {str(n): packed(part) for n, part in enumerate(np.split(whole.ravel(), [10, 20]))}
    cut = {"__msgpack_chunked_array__": True, "shape": {"0": 2, "1": 3, "2": 4}, "chunks": pieces}
    path = tmp_path / "net.msgpack"
    path.write_bytes(msgspec.msgpack.encode({"params": {"w": cut, "b": packed(np.ones(2))}}))
    same(interop.read(path).tensors, {"params.w": whole, "params.b": np.ones(2)})
    path.write_bytes(msgspec.msgpack.encode({"a.b": {"w": cut | {"shape": [4, 6]}}}))
    same(interop.read(path).tensors, {"a.b.w": whole.reshape(4, 6)})
    odd = {"0": packed(np.arange(24.0))}
    for broken, words in (
        ({"shape": {"0": 2, "1": 3, "2": 5}}, "fill"),
        ({"shape": {"0": -2, "1": -3, "2": 4}}, "sizes|whole number"),
        ({"shape": None}, "no shape"),
        ({"chunks": {}}, "no pieces"),
        ({"chunks": 3}, "no pieces"),
        ({"chunks": {"0": pieces["0"], "1": 3}}, "fit"),
        ({"chunks": pieces | odd}, "fit"),
    ):
        path.write_bytes(msgspec.msgpack.encode({"w": cut | broken}))
        with pytest.raises(UserError, match=words):
            interop.read(path)
