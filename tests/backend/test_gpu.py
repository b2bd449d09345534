"""How much of a GPU is free is asked of its driver."""

import sys
from types import SimpleNamespace

import keras
import pytest

from neural_style import backend
from neural_style.backend import gpu
from neural_style.tiling import memory

GIB = 2**30


class Driver:
    """CUDA's driver of a GPU with 11 GiB free, whose function `broken` fails."""

    def __init__(self, broken=None):
        self._broken = broken
        self.current = []

    def __getattr__(self, name):
        return lambda *arguments: self._call(name, *arguments)

    def _call(self, name, *arguments):
        if name == self._broken:
            return 999
        if name == "cuDevicePrimaryCtxRetain":
            arguments[0]._obj.value = 42
        elif name == "cuCtxPushCurrent_v2":
            self.current.append(arguments[0].value)
        elif name == "cuMemGetInfo_v2":
            assert self.current == [42]
            arguments[0]._obj.value, arguments[1]._obj.value = 11 * GIB, 16 * GIB
        elif name == "cuCtxPopCurrent_v2":
            self.current.pop()
        return 0


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends tell it themselves")
def test_the_free_memory_of_a_gpu_is_what_its_driver_says(monkeypatch):
    driver = Driver()
    monkeypatch.setattr(backend, "on_cpu", lambda: False)
    monkeypatch.setattr(gpu.ctypes, "CDLL", lambda name: driver)
    assert backend.free_device_memory() == 11 * GIB
    assert not driver.current


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends tell it themselves")
@pytest.mark.parametrize("broken", ["cuInit", "cuMemGetInfo_v2"])
def test_a_gpu_of_which_nothing_tells_is_not_taken_to_have_the_memory_of_the_machine(broken, monkeypatch):
    monkeypatch.setattr(backend, "on_cpu", lambda: False)
    driver = Driver(broken)
    monkeypatch.setattr(gpu.ctypes, "CDLL", lambda name: driver)
    assert memory.allowance() == int(0.8 * gpu.UNTOLD)
    assert not driver.current


@pytest.mark.parametrize(("preallocates", "expected"), [("false", 11), ("0", 11), ("true", 50)])
def test_with_jax_what_others_have_of_a_gpu_is_not_free_but_what_jax_has_taken_for_itself_is(
    preallocates, expected, monkeypatch
):
    device = SimpleNamespace(memory_stats=lambda: {"bytes_limit": 60 * GIB, "bytes_in_use": 10 * GIB})
    monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(devices=lambda: [device]))
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(backend, "on_cpu", lambda: False)
    monkeypatch.setattr(gpu.ctypes, "CDLL", lambda name: Driver())
    monkeypatch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", preallocates)
    assert backend.free_device_memory() == expected * GIB
