"""Neural style transfer: `from neural_style import paint` paints a photograph like a picture.

What there is to import is in `neural_style.painting.interface`, and is loaded when it is asked for; the scripts share
the rest.
"""

from importlib import import_module

from neural_style.installation import check

check()  # The one thing that is done at import: a Python that cannot run the rest would end in a traceback.

__version__ = "1.0.0"

__all__ = ["InputError", "Painter", "Step", "paint", "steps"]


def __getattr__(name):
    """Return one of `__all__`."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("neural_style.painting.interface"), name)
