"""The tabs of the finishing tools: colour transfer, mask transfer, enhance."""

from dataclasses import replace

import gradio as gr

from neural_style.errors import InputError
from neural_style.web import controls, forms, masking, recipes
from neural_style.web.chooser import UNCHANGED, chooser

LABELS = {
    "color_transfer.py": {"content": "Photograph with the colours", "generated": "Painting", "mask": "Mask (optional)"},
    "mask_transfer.py": {"content": "Photograph", "generated": "Painting", "mask": "Mask: white keeps the painting"},
}
"""What the pictures of the tools are called."""

KINDS = {"content": "photographs", "generated": "styles", "mask": "masks"}
"""The samples of each of them."""

VERBS = {"color_transfer.py": "Transfer the colours", "mask_transfer.py": "Put the photograph back"}

STEPS = {
    "upscale": "super-resolution by 4 or 2",
    "size": "1920x1080 (what sticks out is cut off), 1920x, x1080, 1920 (the longer side) or 50%",
    "sharpen": "unsharp mask, 0 to 10",
    "denoise": "non-local means, 0 to 10",
}
"""The steps of enhance.py and what their values are."""

USUAL = {"upscale": "4", "size": "1920x1080", "sharpen": "0.5", "denoise": "1"}
"""Values that the steps have if nobody says another."""


class ToolTab:
    """The tab of color_transfer.py or mask_transfer.py; `page` is the `page.Page` it belongs to."""

    def __init__(self, page, script):
        self._uploads = page.uploads
        self._script = script
        self._id = {"color_transfer.py": "color", "mask_transfer.py": "mask"}[script]
        self._pictures = {}
        with gr.Row(equal_height=False):
            for name, label in LABELS[script].items():
                self._pictures[name] = chooser(
                    label, self._uploads, kind=KINDS[name], min_width=160, elem_id=f"{self._id}-{name}"
                )
        pictures = self._pictures
        canvas = masking.mask_editor(
            self._uploads, pictures["content"], pictures["mask"], elem_id=f"{self._id}-mask-editor"
        )
        self.drawings = [canvas]
        take = gr.Button("Take the picture that is shown, and its photograph", size="sm")
        notice = gr.HTML()
        take.click(
            lambda shown: self._shown(page, shown),
            page.easel,
            [self._pictures["content"], self._pictures["generated"], notice],
        )
        fields = forms.fields(recipes.SCRIPTS[script].parser())
        if "method" in fields:  # Which it is without the flag depends on --hist_match.
            fields["method"] = replace(fields["method"], default="luminance")
        self.form = controls.Form(
            {n: f for n, f in fields.items() if n not in (*self._pictures, "output", "hist_match")}
        )
        with gr.Row():
            self.form.add(*self.form.fields)
        self.inputs = [*self._pictures.values(), *self.form.components.values()]
        page.submission(self, VERBS[script])

    def _shown(self, page, shown):
        """Return the values of the photograph and the painting, and a notice, for the run that the easel shows."""
        try:
            painting, photograph = page.picture_of(shown)
        except InputError as problem:
            return UNCHANGED, UNCHANGED, controls.warning(problem)
        content = controls.chosen(self._uploads, photograph) if photograph else UNCHANGED
        return content, controls.chosen(self._uploads, painting), ""

    def collect(self, *values):
        """Return the form's dict, as `recipes.tool` takes it, of the values of `inputs`."""
        pictures = dict(zip(self._pictures, values, strict=False))
        return {"tab": self._id, **pictures, "fields": self.form.values(values[len(pictures) :])}

    def empty(self):
        """Return the dict of a form that nothing is filled into."""
        return {"tab": self._id, **dict.fromkeys(self._pictures), "fields": {}}

    def recipe(self, form):
        """Return (script, arguments) of the form's dict."""
        return recipes.tool(self._script, form)

    @property
    def restored_outputs(self):
        """The components that `restored` has values for."""
        return [*self._pictures.values(), *self.form.components.values()]

    def restored(self, form):
        """Return values of `restored_outputs` such that the tab has the settings of `form`."""
        pictures = [controls.chosen(self._uploads, form[name]) for name in self._pictures]
        return [*pictures, *self.form.restored(form["fields"])]


class EnhanceTab:
    """The tab of enhance.py; `page` is the `page.Page` it belongs to."""

    def __init__(self, page):
        self._uploads = page.uploads
        self._picture = chooser("Picture", self._uploads, height=240, kind="photographs", elem_id="enhance-picture")
        take = gr.Button("Take the picture that is shown", size="sm")
        notice = gr.HTML()
        take.click(lambda shown: self._shown(page, shown), page.easel, [self._picture, notice])
        with gr.Row():
            self._values = {
                name: gr.Textbox(
                    "",
                    label=name.capitalize(),
                    info=about,
                    placeholder=f"e.g. {USUAL[name]}",
                    min_width=160,
                    elem_id=f"step-{name}",
                )
                for name, about in STEPS.items()
            }
        self._steps = gr.Dropdown(
            list(STEPS),
            value=[],
            multiselect=True,
            label="Order",
            info="what is filled in above is done, in this order; what is chosen here and not filled in, as usual",
        )
        fields = forms.fields(recipes.SCRIPTS["enhance.py"].parser())
        self.form = controls.Form({"upscale_model": fields["upscale_model"]})
        self.form.add("upscale_model")
        self.inputs = [self._picture, self._steps, *self._values.values(), *self.form.components.values()]
        page.submission(self, "Enhance")

    def _shown(self, page, shown):
        """Return the values of the picture, and a notice, for the run that the easel shows."""
        try:
            picture, _ = page.picture_of(shown)
        except InputError as problem:
            return UNCHANGED, controls.warning(problem)
        return controls.chosen(self._uploads, picture), ""

    def collect(self, path, steps, *values):
        """Return the form's dict, as `recipes.enhancement` takes it, of the values of `inputs`."""
        given = {step: (value or "").strip() for step, value in zip(STEPS, values, strict=False)}
        ordered = [*(steps or []), *(step for step, value in given.items() if value and step not in (steps or []))]
        return {
            "tab": "enhance",
            "picture": path,
            "steps": [(step, given[step] or USUAL[step]) for step in ordered],
            "fields": self.form.values(values[len(STEPS) :]),
        }

    @staticmethod
    def empty():
        """Return the dict of a form that nothing is filled into."""
        return {"tab": "enhance", "picture": None, "steps": [], "fields": {}}

    def recipe(self, form):
        """Return (script, arguments) of the form's dict."""
        return recipes.enhancement(form)

    @property
    def restored_outputs(self):
        """The components that `restored` has values for."""
        return [self._picture, self._steps, *self._values.values(), *self.form.components.values()]

    def restored(self, form):
        """Return values of `restored_outputs` such that the tab has the settings of `form`."""
        given = dict(form["steps"])
        return [
            controls.chosen(self._uploads, form["picture"]),
            list(given),
            *(given.get(name, "") for name in STEPS),
            *self.form.restored(form["fields"]),
        ]
