"""The tab "Neural doodle": a style picture, the map of its regions, and a doodle in the map's colours."""

import gradio as gr
import numpy as np
from PIL import Image

from neural_style.errors import InputError
from neural_style.pictures import images, labels
from neural_style.web import controls, forms, masking, painter, recipes
from neural_style.web.chooser import chooser

MAIN = ("image_size", "num_iter", "improved")
"""Flags that are there at first sight."""

OWN = ("style_image", "style_mask", "target_mask", "content_image", "prefix", "init_image", "weights")
"""Flags that the page fills in from its pictures."""

GROUPS = {
    "pictures": "Picture",
    "losses": "Losses",
    "run": "Course of the run",
    "network": "Network",
    "memory": "Memory",
}
"""The parser's groups by the titles that the page has for them."""

STARTS = ("as the script has it", "content", "noise", "a picture")

MAP = "map"
"""Stands for the style's own map as what a doodle is begun with."""


class DoodleTab:
    """The tab's components; `page` is the `page.Page` they belong to."""

    def __init__(self, page):
        self._uploads = page.uploads
        fields = forms.fields(recipes.SCRIPTS["neural_doodle.py"].parser())
        self.form = controls.Form({n: f for n, f in fields.items() if n not in OWN})
        gr.HTML(
            '<p class="hint">A doodle says where each part of a picture is to go. Choose a picture and a map of its '
            "regions, one colour each; then paint with these colours, and the doodle becomes a picture.</p>"
        )
        notice = gr.HTML()
        with gr.Row(equal_height=False):
            self._style = chooser("Style picture", self._uploads, kind="styles", min_width=200, elem_id="doodle-style")
            self._map = chooser(
                "Map of its regions, one colour each", self._uploads, kind="maps", min_width=200, elem_id="doodle-map"
            )
        made = masking.map_editor(self._uploads, self._style, self._map, elem_id="map-editor")
        self._editor = painter.painter("Your doodle: paint it here", visible=False, elem_id="doodle-canvas")
        with gr.Row():
            self._ground = gr.Dropdown([], label="Begin with", visible=False)
        with gr.Accordion("A doodle from a file, in place of a painted one", open=False):
            self._target = chooser("Doodle", self._uploads, height=180, kind="doodles")
        with gr.Accordion("A photograph whose shapes to keep", open=False):
            self._content = chooser("Photograph", self._uploads, height=180, kind="photographs")
        with gr.Row():
            self.form.add(*MAIN)
        with gr.Accordion("All settings", open=False, elem_classes="all-settings"):
            for group, title in GROUPS.items():
                with gr.Accordion(title, open=False):
                    if group == "pictures":
                        self._start, self._start_picture, self._start_place = controls.start(STARTS, self._uploads)
                    if group == "network":
                        self._weights, self._weights_path = controls.weights(self._uploads)
                    self.form.add(*(n for n, f in self.form.fields.items() if f.group == group and n not in MAIN))
        drawn = [self._map, self._target]
        for picture in drawn:
            picture.input(self._canvas, drawn, [self._editor, self._ground, notice], trigger_mode="always_last")
        made.then(self._canvas, drawn, [self._editor, self._ground, notice])
        # What is painted counts from the first stroke on; it began with what was in the file. In the browser itself, as
        # "Paint" may follow at once.
        self._editor.input(None, None, self._target, js="() => null", show_progress="hidden")
        # Not `input`, which comes too when the list is left as it was.
        self._ground.select(self._sheet, [self._map, self._ground], self._editor)
        self.inputs = [
            self._style,
            self._map,
            self._ground,
            self._editor,
            self._target,
            self._content,
            self._start,
            self._start_picture,
            self._weights_path,
            *self.form.components.values(),
        ]
        page.submission(self, "Paint")

    def collect(self, style, map_path, ground, editor, target, content, start, start_path, weights, *values):
        """Return the form's dict, as `recipes.doodle` takes it, of the values of `inputs`."""
        fields = self.form.values(values)
        if start in STARTS[1:-1]:
            fields["init_image"] = start
        if start == STARTS[-1] and not start_path:
            raise InputError("--init_image is a picture, but none is chosen: choose one")
        return {
            "tab": "doodle",
            "style_image": style,
            "style_mask": map_path,
            "target_mask": target or (self._doodle(map_path, ground or MAP, editor) if map_path else None),
            "content_image": content,
            "start": start_path if start == STARTS[-1] else None,
            "weights": weights,
            "fields": fields,
        }

    @staticmethod
    def empty():
        """Return the dict of a form that nothing is filled into."""
        pictures = ("style_image", "style_mask", "target_mask", "content_image", "start", "weights")
        return {"tab": "doodle", **dict.fromkeys(pictures), "fields": {}}

    def recipe(self, form):
        """Return (script, arguments) of the form's dict."""
        return recipes.doodle(form)

    def _doodle(self, map_path, ground, value):
        """Return the path of the doodle that is painted over a map, or over one of its colours."""
        picture = self._ground_picture(map_path, ground)
        strokes = painter.strokes(value)
        if strokes is not None:
            picture = picture.resize(strokes.size, Image.Resampling.NEAREST)
            picture.paste(strokes, mask=strokes.getchannel("A"))
        return str(self._uploads.keep_picture("doodle", picture))

    def _colours(self, map_path):
        """Return the colours of a map, (labels, 3). Raises InputError if it has none that could be told apart."""
        return labels.palette([images.read(map_path)])

    def _canvas(self, map_path, target):
        """Return the painter, what it may begin with, and a notice, for a map and a doodle from a file or None."""
        nothing = gr.update(visible=False, value=None), gr.update(visible=False)
        if not map_path:
            return *nothing, ""
        try:
            colours = [labels.hexadecimal(colour) for colour in self._colours(map_path)]
        except InputError as problem:
            return *nothing, controls.warning(problem)
        grounds = [("the style's own map", MAP)]
        grounds += [(f"nothing but {painter.called(colour)} ({colour})", colour) for colour in colours]
        ground, strokes = self._ground_picture(map_path, MAP), None
        if target:
            strokes = images.read(target).convert("RGBA")
            ground = ground.resize(strokes.size, Image.Resampling.NEAREST)
        sheet = painter.sheet(ground, colours, strokes)
        return gr.update(visible=True, value=sheet), gr.update(visible=True, choices=grounds, value=MAP), ""

    def _sheet(self, map_path, ground):
        """Return the painter's value for a map that is begun with `ground`."""
        colours = [labels.hexadecimal(colour) for colour in self._colours(map_path)]
        return painter.sheet(self._ground_picture(map_path, ground), colours, can_be_undone=True)

    def _ground_picture(self, map_path, ground):
        """Return the map itself, its blends along borders taken out, or one colour all over it, an RGB Pillow image."""
        picture = images.read(map_path)
        if ground != MAP:
            return Image.new("RGB", picture.size, ground)
        colours = np.rint(self._colours(map_path)).astype("uint8")
        return Image.fromarray(colours[labels.nearest(picture, colours)])

    @property
    def restored_outputs(self):
        """The components that `restored` has values for."""
        return [
            self._style,
            self._map,
            self._target,
            self._editor,
            self._ground,
            self._content,
            self._start,
            self._start_picture,
            self._start_place,
            self._weights,
            self._weights_path,
            *self.form.components.values(),
        ]

    def restored(self, form):
        """Return values of `restored_outputs` such that the tab has the settings of `form`."""
        start = STARTS[-1] if form["start"] else form["fields"].get("init_image", STARTS[0])
        start_picture = controls.chosen(self._uploads, form["start"])
        style_map, target = (controls.chosen(self._uploads, form[name]) for name in ("style_mask", "target_mask"))
        return [
            controls.chosen(self._uploads, form["style_image"]),
            style_map,
            target,
            *self._canvas(style_map, target)[:2],
            controls.chosen(self._uploads, form["content_image"]),
            start,
            start_picture,
            gr.update(visible=start == STARTS[-1]),
            *controls.file(self._uploads, form["weights"]),
            *self.form.restored(form["fields"]),
        ]
