"""The styles of a painting in their order, each with its weight and what can be done with it."""

import math
from functools import partial
from pathlib import Path

import gradio as gr

from neural_style.errors import InputError
from neural_style.web.chooser import own
from neural_style.web.routes import picture_address

SCRIPT = Path(__file__).with_name("styles.js")

TEMPLATE = '<ul class="styles"></ul><p class="hint">The pictures whose style to use appear here.</p>'

ADDED = """(added, styles) => [
    [...(styles ?? []), ...(added?.kept ?? []).map((kept) => {
        const [digest, name] = kept.split(/[\\\\/]/).slice(-2);
        const shown = ["uploads", digest, name].map(encodeURIComponent).join("/");
        return { kept, shown, name, weight: 1, mask: null, source: null };
    })],
    null,
]"""
"""What the browser does with the values of a `chooser.chooser` and of `styles`: adds what was chosen to the list."""

HEAVIEST = 10
"""The largest weight that can be given by hand."""


def styles(uploads, **settings):
    """Return a gr.HTML whose value is, for Python, a list of `style`s.

    `input` comes when the user changes one, `click` when the masks of one are asked for, with the event's `index`, or
    with None when they change places.
    """
    script = SCRIPT.read_text(encoding="utf-8")
    component = gr.HTML([], html_template=TEMPLATE, js_on_load=script, padding=False, elem_id="styles", **settings)
    return own(component, partial(_styles, uploads), partial(_value, uploads))


def style(path, weight=1.0, mask=None, source=None):
    """Return a style: its picture, its weight, where it is painted and where it is taken from (None: everywhere)."""
    return {"path": path, "weight": weight, "mask": mask, "source": source}


def _styles(uploads, value):
    """Return the styles of what a browser says, those of pictures that were not uploaded left out."""
    found = []
    for entry in value if isinstance(value, list) else []:
        try:
            paths = [entry[name] and str(uploads.check(entry[name])) for name in ("kept", "mask", "source")]
            weight = min(max(float(entry["weight"]), 0.0), HEAVIEST)
            found.append(style(paths[0], 1.0 if math.isnan(weight) else weight, *paths[1:]))
        except (InputError, LookupError, TypeError, ValueError, OSError):
            continue
    return [each for each in found if each["path"]]


def _value(uploads, value):
    """Return what the browser gets to show `style`s, without those whose picture is gone."""
    shown = []
    for each in value or []:
        try:
            path = uploads.check(each["path"])
        except InputError:
            continue
        entry = {name: each[name] for name in ("weight", "mask", "source")}
        shown.append({"kept": str(path), "shown": picture_address(path), "name": path.name, **entry})
    return shown
