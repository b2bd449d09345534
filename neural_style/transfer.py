"""The steps the style-transfer scripts have in common: pictures in, progress to pictures out."""

import os
import platform
from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.layers import MINIMUM_SIDE
from models.weights import load
from neural_style import autodiff, cli, images
from neural_style.errors import InputError


@dataclass(frozen=True)
class Pictures:
    """The inputs of a run, float32 RGB (height, width, 3) in 0..255.

    `content` and `start` have the generated image's size, `styles` that too or their own; `content_size` is the
    (height, width) of the content's file.
    """

    content: np.ndarray
    styles: list
    start: np.ndarray
    content_size: tuple

    @property
    def size(self):
        """The generated image's (height, width)."""
        return self.content.shape[:2]


def read_pictures(flags):
    """Return the `Pictures` that the flags of `cli.add_transfer_flags` ask for.

    Raises InputError for a file that is no picture and for sizes the networks cannot see.
    """
    content = images.read(flags.content)
    if flags.init_image == "gray":
        content = images.gray(content)
    size = _generated_size(flags, images.size(content))
    styles = [images.read(path) for path in flags.styles]
    for path, style in zip(flags.styles, styles, strict=True):
        if flags.style_fit == "keep" and min(images.size(style)) < MINIMUM_SIDE:
            raise InputError(f"{path} is smaller than {MINIMUM_SIDE}×{MINIMUM_SIDE} pixels: use --style_fit stretch")
    content_array = images.to_array(content, size)
    return Pictures(
        content=content_array,
        styles=[images.to_array(style, size if flags.style_fit == "stretch" else None) for style in styles],
        start=_start_image(flags, content_array),
        content_size=images.size(content),
    )


def _generated_size(flags, content_size):
    """Return the (height, width) of the generated image."""
    rows = flags.image_size
    height, width = images.size_of_rows(content_size, rows) if flags.maintain_aspect_ratio else (rows, rows)
    if min(height, width) < MINIMUM_SIDE:
        raise InputError(
            f"--image_size {rows} makes a picture of {height}×{width} pixels (height × width), but the network needs "
            f"{MINIMUM_SIDE} on each side: choose a larger one"
        )
    if height * width > 2 * Image.MAX_IMAGE_PIXELS:
        raise InputError(f"--image_size {rows} makes a picture of {height}×{width} pixels: choose a smaller one")
    return height, width


def _start_image(flags, content):
    """Return the image the optimiser starts from."""
    if flags.init_image in ("content", "gray"):
        return content
    if flags.init_image == "noise":
        return np.random.default_rng(flags.seed).uniform(0, 255, content.shape).astype("float32")
    return images.to_array(images.read(flags.init_image), content.shape[:2])


def style_weights(flags, reporter):
    """Return one weight per style from --style_weight and --style_scale.

    Another number of weights than of styles is spread equally, with a warning, as the original scripts do.
    """
    weights = flags.style_weight
    if len(weights) != len(flags.styles):
        equal = sum(weights) / len(flags.styles)
        weights = [equal] * len(flags.styles)
        reporter.say(f"--style_weight has {len(flags.style_weight)} values for {len(weights)} styles: using {equal:g}")
    return [weight * flags.style_scale for weight in weights]


def start_backend(reporter):
    """Load Keras and its backend, tell the user on what it runs, and return the device's name."""
    device = autodiff.start()
    backend = autodiff.versions()
    reporter.say(f"device: {device} ({os.cpu_count()} cores), {', '.join(f'{k} {v}' for k, v in backend.items())}")
    if autodiff.unused_gpu(device):
        reporter.say(
            "warning: this machine has an NVIDIA GPU that TensorFlow cannot use, so the CPU does the work; "
            "python -m pip install 'tensorflow[and-cuda]' installs what it needs (Linux or WSL2)"
        )
    return device


def load_weights(flags, reporter):
    """Return the `models.weights.Weights` of the network asked for and tell the user where they come from."""
    weights = load(flags.model, flags.weights, reporter.say, reporter.download)
    reporter.say(f"weights: {flags.model} from {weights.source}, SHA-256 {weights.sha256[:12]}")
    return weights


def describe_sizes(pictures, reporter):
    """Tell the user the sizes (height × width) of what goes in and comes out."""
    styles = ", ".join(f"{style.shape[0]}×{style.shape[1]}" for style in pictures.styles)
    height, width = pictures.size
    read = "×".join(map(str, pictures.content_size))
    reporter.say(f"sizes (height × width): content {read}, style {styles}, painting {height}×{width}")


def settings_of(flags, command, device, pictures, weights):
    """Return all that decides a run's result, as the JSON-able dict for settings.json and the pictures' text."""
    return {
        "command": command,
        "flags": vars(flags),
        "seed": flags.seed,
        "sizes": {
            "content": pictures.content_size,
            "styles": [style.shape[:2] for style in pictures.styles],
            "painting": pictures.size,
        },
        "weights": {"network": flags.model, "source": weights.source, "sha256": weights.sha256},
        "device": device,
        "versions": {"python": platform.python_version(), **autodiff.versions()},
    }


def save_progress(run, flags, pictures, folder, settings, reporter):
    """Follow the `synthesis.synthesise` generator `run`, log and save it, print the final picture's path.

    Returns the exit status: 0, or that of the signal that ended the run early; what was reached is saved then too.
    """
    final = f"{flags.prefix}.png"

    def save(path):
        target = pictures.content_size if flags.rescale_image else None
        picture = images.to_picture(progress.image(), target, flags.rescale_method)
        images.write_png(path, picture, cli.picture_texts(settings))

    with cli.Interruption() as interruption:
        for progress in run:
            folder.log(progress)
            reporter.progress(progress, flags.num_iter, flags.evaluations)
            if interruption.signal:
                break
            if progress.ends_iteration and flags.save_every and progress.iteration % flags.save_every == 0:
                save(f"{flags.prefix}_at_iteration_{progress.iteration}.png")
        save(final)
    if interruption.signal:
        reporter.say(f"interrupted after {progress.evaluation} evaluations; what was reached is in {final}")
    print(final, flush=True)
    return interruption.exit_status
