"""A canvas to paint on in the page, in plain colours over a picture.

Gradio's own editor smooths its strokes, which a map of labels cannot have, and uploads them again and again.
"""

import base64
import html
import io
import uuid
from pathlib import Path

import gradio as gr
from PIL import Image, ImageColor

from neural_style.errors import InputError

SCRIPT = Path(__file__).with_name("painter.js")

SIDE = 900
"""Pixels of the longer side of a canvas, at most."""

TEMPLATE = """
<div class="painter">
  {heading}
  <div class="tools">
    <span class="swatches"></span>
    <button type="button" data-label="0" title="take paint away">Eraser</button>
    <label>Brush <input type="range" min="1" max="60" value="12" aria-label="size of the brush"></label>
    <button type="button" data-do="undo">Undo</button>
    <button type="button" data-do="clear">Clear</button>
  </div>
  <div class="sheet"><img alt=""><canvas width="1" height="1"></canvas><span class="ring"></span></div>
</div>
"""


def painter(heading="", **settings):
    """Return a gr.HTML to paint on, under a heading; its value comes from `sheet`, and goes to `strokes`."""
    template = TEMPLATE.format(heading=heading and f'<p class="label">{html.escape(heading)}</p>')
    return gr.HTML(None, html_template=template, js_on_load=SCRIPT.read_text(encoding="utf-8"), **settings)


def sheet(ground, colours, strokes=None, can_be_undone=False):
    """Return the value of a `painter` that begins with the Pillow image `ground`, brought to SIDE at most.

    `colours` are hexadecimal; `strokes` is an RGBA Pillow image of what is painted on it already. With
    `can_be_undone`, what was painted on the sheet before, of the same size, is a step back.
    """
    ground = ground.convert("RGB")
    plain = ground.getcolors(256) is not None
    ground.thumbnail((SIDE, SIDE), Image.Resampling.NEAREST if plain else Image.Resampling.LANCZOS)
    if strokes is not None:
        strokes = strokes.resize(ground.size, Image.Resampling.NEAREST)
    return {
        "serial": uuid.uuid4().hex,
        "ground": _address(ground, "PNG" if plain else "JPEG"),
        "strokes": strokes and _address(strokes, "PNG"),
        "colours": list(colours),
        "names": [called(colour) for colour in colours],
        "can_be_undone": can_be_undone,
        "height": ground.height,
        "width": ground.width,
    }


def called(colour):
    """Return the name of the nearest colour that has one in CSS, of a hexadecimal one."""
    wanted = ImageColor.getrgb(colour)

    def distance(name):
        return sum((a - b) ** 2 for a, b in zip(ImageColor.getrgb(name), wanted, strict=True))

    return min(ImageColor.colormap, key=distance)


def has_changed(value):
    """Return whether anything was painted, or taken away, since the `sheet` of a painter's value."""
    return bool((value or {}).get("changed"))


def is_unused(value):
    """Return whether a painter's value has something painted that nobody has taken yet (see `used`)."""
    return has_changed(value) and bool(value.get("strokes"))


def used(value):
    """Return the value of a painter whose strokes have been taken."""
    return value and value | {"changed": False}


def strokes(value):
    """Return what is painted, an RGBA Pillow image, of a `painter`'s value; None if nothing is.

    Raises InputError for what no painter would send.
    """
    address = (value or {}).get("strokes")
    if not address:
        return None
    try:
        content = base64.b64decode(address.partition(",")[2], validate=True)
        picture = Image.open(io.BytesIO(content), formats=["PNG"])
        if max(picture.size) > SIDE:
            raise ValueError("too large")
        return picture.convert("RGBA")
    except (OSError, ValueError, AttributeError) as error:
        raise InputError("what was painted did not arrive whole: paint it again") from error


def _address(picture, kind):
    """Return a Pillow image as the address of itself, for the page."""
    content = io.BytesIO()
    picture.save(content, format=kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
