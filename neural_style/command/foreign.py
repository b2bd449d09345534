"""What flags are called in other programs of this kind, and what to write here in their place."""

_PHOTOGRAPH = "the photograph is the first of the paths, CONTENT"
_STYLE = "the pictures of the style are the paths after the photograph, STYLE"
_RESULT = "the result's path is the last one, PREFIX"
_DEVICE = "a GPU is used where the backend finds one, and CUDA_VISIBLE_DEVICES=-1 hides it"
_BACKEND = "set KERAS_BACKEND to tensorflow, jax or torch in the environment"
_STEPS = "L-BFGS, which paints here, finds its steps itself"

ARGUMENTS = {
    "content": _PHOTOGRAPH,
    "content_image": _PHOTOGRAPH,
    "content_img": _PHOTOGRAPH,
    "base_image": _PHOTOGRAPH,
    "input_image": _PHOTOGRAPH,
    "style": _STYLE,
    "styles": _STYLE,
    "style_image": _STYLE,
    "style_images": _STYLE,
    "style_img": _STYLE,
    "style_imgs": _STYLE,
    "style_reference_image": _STYLE,
    "output": _RESULT,
    "output_image": _RESULT,
    "output_img": _RESULT,
    "output_dir": _RESULT,
    "result_prefix": _RESULT,
}
"""Flags for what scripts with a CONTENT and a STYLE take without a name."""

HABITS = {
    "gpu": _DEVICE,
    "cuda": _DEVICE,
    "device": _DEVICE,
    "use_gpu": _DEVICE,
    "backend": _BACKEND,
    "optimizer": _STEPS,
    "learning_rate": _STEPS,
    "lr": _STEPS,
}
"""Flags for what is decided elsewhere here."""

FLAGS = {
    "iterations": "num_iter",
    "num_iterations": "num_iter",
    "iters": "num_iter",
    "max_iterations": "num_iter",
    "max_iter": "num_iter",
    "steps": "num_iter",
    "size": "image_size",
    "img_size": "image_size",
    "init": "init_image",
    "initial_image": "init_image",
    "tv_weight": "total_variation_weight",
    "pooling": "pool_type",
    "network": "model",
    "original_colors": "preserve_color",
    "preserve_colors": "preserve_color",
    "style_blend_weights": "style_weight",
    "style_weights": "style_weight",
    "content_weights": "content_weight",
    "print_iter": "save_every",
    "save_iter": "save_every",
    "checkpoint_iterations": "save_every",
    "random_seed": "seed",
}
"""Flags that have another name here."""


LONGER_SIDES = ("max_size", "end_scale")
"""Flags for the pixels of the longer side."""

OF_DOODLES = {_PHOTOGRAPH: "content_image", _STYLE: "style_image", _RESULT: "target_image_prefix"}
"""The flags of neural_doodle.py for what other scripts take without a name."""


def remedy(name, flags, paints):
    """Return what to do for a flag `name` that a script with the `flags` has not, None if that is unknown.

    `paints` is whether the script takes a CONTENT and a STYLE.
    """
    if name in LONGER_SIDES and "image_size" in flags:
        return "write --image_size max512 for 512 pixels of the longer side"
    if FLAGS.get(name) in flags:
        each = ", and each is as many evaluations as --evaluations says" if FLAGS[name] == "num_iter" else ""
        return f"it is called --{FLAGS[name]} here{each}"
    argument = ARGUMENTS.get(name)
    if argument and paints:
        return argument
    if OF_DOODLES.get(argument) in flags:
        return f"it is called --{OF_DOODLES[argument]} here"
    if "num_iter" in flags or ("upscale" in flags and HABITS.get(name) != _STEPS):
        return HABITS.get(name)
    return None
