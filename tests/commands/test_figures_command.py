"""`cnnwidgets figures`, as it is typed."""

import pytest
import torch

import cnnwidgets as cw
from cnnwidgets.cli import main

SEVEN = [
    "conv1_filters",
    "featuremaps_conv1",
    "featuremaps_conv2",
    "image_through_layers",
    "orig_and_conv1_grid",
    "training_accuracy",
    "training_loss",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with the history and the checkpoint of a short training."""
    folder = tmp_path_factory.mktemp("run")
    digits = cw.load("mnist", split="test")
    few = cw.ImageSet.from_arrays(
        digits.images[:64], digits.labels[:64], digits.classes, name="MNIST train"
    )
    session = cw.TrainingSession(cw.DigitCNN(), few, epochs=2, batch_size=32)
    session.play()
    session.wait(60)
    session.save(folder / "checkpoint.safetensors").result(60)
    session.history.save(folder / "history.safetensors")
    return folder


def test_it_draws_all_figures_of_the_network_in_the_package(tmp_path, capsys):
    assert main(["figures", str(tmp_path / "out")]) == 0
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == [f"{name}.png" for name in SEVEN]
    assert sorted(capsys.readouterr().out.split()) == [str(file) for file in files]


@pytest.mark.parametrize("name", ["", "history.safetensors", "checkpoint.safetensors"])
def test_it_draws_a_layer_of_a_recorded_network(run, tmp_path, name):
    words = ["--model", str(run / name), "--layer", "conv2", "--digit", "3", "--format", "svg"]
    assert main(["figures", str(tmp_path), *words]) == 0
    files = sorted(tmp_path.iterdir())
    assert [file.stem for file in files] == [
        "conv2_filters",
        "featuremaps_conv2",
        "orig_and_conv2_grid",
    ]
    assert "labelled 3" in files[1].read_text(encoding="utf-8")


@pytest.mark.parametrize("images", ["FashionMNIST train", "", 3])
def test_a_network_of_other_images_is_not_shown_digits(tmp_path, capsys, images):
    history = cw.History({"images": images})
    history.add_snapshot(0, cw.DigitCNN().state_dict())
    history.save(tmp_path / "clothes.safetensors")
    assert main(["figures", str(tmp_path), "--model", str(tmp_path / "clothes.safetensors")]) == 1
    assert f"learned from '{images}'" in capsys.readouterr().err


def test_another_network_is_refused(tmp_path, capsys):
    history = cw.History()
    history.add_snapshot(0, {"weight": torch.zeros(2, 3)})
    history.save(tmp_path / "other.safetensors")
    assert main(["figures", str(tmp_path), "--model", str(tmp_path / "other.safetensors")]) == 1
    assert "holds no DigitCNN" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "gif"], "format (='gif') must be png, svg or pdf"),
        (["--digit", "12"], "digit (='12') must be a class of 'MNIST test': 0, 1"),
        (["--layer", "conv9"], "conv9"),
        (["--model", "nowhere.safetensors"], "no history at 'nowhere.safetensors'"),
        (["--data", "minst"], "no image set 'minst'"),
        (["--model", __file__], "is damaged"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(tmp_path, capsys, words, said):
    assert main(["figures", str(tmp_path), *words]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_file_is_no_folder_to_write_to(tmp_path, capsys):
    (tmp_path / "taken").touch()
    assert main(["figures", str(tmp_path / "taken")]) == 1
    assert "is a file; name a folder" in capsys.readouterr().err
