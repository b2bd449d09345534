"""Masks and maps that are painted in the page, or found in a picture."""

import subprocess
import sys

import gradio as gr
import numpy as np
from PIL import Image, ImageFilter

from neural_style.errors import InputError
from neural_style.installation import ROOT
from neural_style.pictures import labels
from neural_style.web import controls, painter
from neural_style.web.chooser import UNCHANGED
from neural_style.web.results import errors_in

WHITE = "#ffffff"
"""The colour that masks are painted in."""

COLOURS = ("#e6194b", "#3cb44b", "#ffe119", "#4363d8", "#f58231", "#911eb4", "#46f0f0", "#808080")
"""The colours that maps are painted in, plainly different from each other and from REST."""

REST = "#000000"
"""The colour of what is not painted of a map."""

LOOKED_AT = 160
"""Pixels of the longer side of the picture that regions are suggested from: they are to be rough."""

SMOOTH = 9
"""Pixels of that picture whose most frequent region each has."""

LOOKING = '<p class="hint">Looking for the subject … the first time, the network is fetched</p>'


def over(uploads, ground, mask):
    """Return the value of a `painter` with the picture `ground` and, in white over it, what is in `mask` or None."""
    picture = uploads.shown(ground)
    if not mask:
        return painter.sheet(picture, [WHITE])
    layer = Image.new("RGBA", picture.size, WHITE)
    layer.putalpha(uploads.shown(mask).convert("L").resize(picture.size))
    return painter.sheet(picture, [WHITE], layer)


def drawn(uploads, value):
    """Return the path of the mask that is painted, of a painter's value. Raises InputError if nothing is."""
    strokes = painter.strokes(value)
    if strokes is None:
        raise InputError("nothing is painted yet: paint white where the mask holds")
    return str(uploads.keep_picture("mask", strokes.getchannel("A")))


def drawn_if_any(uploads, value):
    """Return what `drawn` does, None if nothing is painted."""
    return drawn(uploads, value) if painter.strokes(value) is not None else None


def subject(uploads, path, *flags):
    """Return the path of the mask that make_mask.py finds in a picture. Raises InputError with what it says."""
    if not path:
        raise InputError("there is no photograph yet: choose the one to paint")
    command = [sys.executable, str(ROOT / "make_mask.py"), path, "-o", "-", "--threshold", "0.5", *flags]
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        errors = errors_in(done.stderr.decode("utf-8", errors="replace").splitlines())
        raise InputError(errors[-1] if errors else "make_mask.py found no mask")
    return str(uploads.keep_bytes("subject.png", done.stdout))


def mask_editor(uploads, ground, mask, **settings):
    """Make what a mask is painted or found with over the picture `ground`, to be put into `mask`, both choosers.

    Returns the painter.
    """
    with gr.Accordion("Paint the mask, or find the subject", open=False, **settings) as fold:
        canvas = painter.painter(elem_classes="over")
        notice = gr.HTML()
        with gr.Row():
            keep = gr.Button("Use the drawing", variant="primary", size="sm")
            found = gr.Button("The subject", size="sm")
            others = gr.Button("All but the subject", size="sm")

    def begun(ground, mask):
        if not ground:
            return None, controls.warning("choose the photograph first: the mask is drawn over it")
        return over(uploads, ground, mask), ""

    def put(action, *arguments):
        try:
            return action(uploads, *arguments), ""
        except InputError as problem:
            return UNCHANGED, controls.warning(problem)

    gr.on([fold.expand, ground.input, mask.input], begun, [ground, mask], [canvas, notice], show_progress="hidden")

    def use(value):
        path, problem = put(drawn, value)
        return path, problem, value if problem else painter.used(value)

    keep.click(use, canvas, [mask, notice, canvas])
    for button, flags in ((found, ()), (others, ("--invert",))):
        button.click(lambda: LOOKING, None, notice)
        button.click(
            lambda path, flags=flags: put(subject, path, *flags), ground, [mask, notice], show_progress="hidden"
        ).then(begun, [ground, mask], [canvas, notice], show_progress="hidden")
    return canvas


def suggested(picture, count):
    """Return an RGBA Pillow image of the regions of an RGB picture, rough ones by their colours, in COLOURS.

    There are `count` at most, found by k-means.
    """
    small = picture.copy()
    small.thumbnail((LOOKED_AT, LOOKED_AT))
    small = small.filter(ImageFilter.GaussianBlur(2))
    different = len(np.unique(np.asarray(small).reshape(-1, 3), axis=0))
    regions = labels.nearest(small, labels.palette([small], min(count, different)))
    regions = np.asarray(Image.fromarray(regions.astype("uint8")).filter(ImageFilter.ModeFilter(SMOOTH)))
    table = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in COLOURS], "uint8")
    return Image.fromarray(table[regions]).convert("RGBA").resize(picture.size, Image.Resampling.NEAREST)


def map_editor(uploads, ground, target, **settings):
    """Make what a map of regions is painted with over the picture `ground`, to be put into `target`, both choosers."""
    with gr.Accordion("Paint the map over the style picture", open=False, **settings) as fold:
        canvas = painter.painter(elem_classes="over")
        notice = gr.HTML()
        with gr.Row():
            count = gr.Slider(2, len(COLOURS), value=4, step=1, label="Regions", min_width=140)
            suggest = gr.Button("Suggest regions", size="sm")
            keep = gr.Button("Use this map", variant="primary", size="sm")

    def begun(ground):
        if not ground:
            return None, controls.warning("choose the style picture first: the map is painted over it")
        return painter.sheet(uploads.shown(ground), COLOURS), ""

    def found(ground, count):
        if not ground:
            return begun(ground)
        picture = uploads.shown(ground)
        return painter.sheet(picture, COLOURS, suggested(picture.convert("RGB"), int(count))), ""

    def put(value):
        try:
            strokes = painter.strokes(value)
            if strokes is None:
                raise InputError("nothing is painted yet: paint each region in a colour of its own")
        except InputError as problem:
            return UNCHANGED, controls.warning(problem)
        picture = Image.new("RGB", strokes.size, REST)
        picture.paste(strokes, mask=strokes.getchannel("A"))
        return str(uploads.keep_picture("map", picture)), ""

    gr.on([fold.expand, ground.input], begun, ground, [canvas, notice], show_progress="hidden")
    suggest.click(found, [ground, count], [canvas, notice], show_progress="hidden")
    return keep.click(put, canvas, [target, notice])
