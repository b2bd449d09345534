"""The tab "Film": a film, styles, and the flags of video.py."""

import gradio as gr

from neural_style.web import controls, forms, recipes
from neural_style.web.chooser import chooser
from neural_style.web.transfer_tab import GROUPS, OWN, PICTURES, SLIDERS

NOT_HERE = ("animate", "save_every", "fps", "weights", "style_scale")
"""Flags that make no difference to a film of the page, or that only a command line needs."""


class FilmTab:
    """The tab's components; `page` is the `page.Page` they belong to."""

    def __init__(self, page):
        self._uploads = page.uploads
        with gr.Row(equal_height=True):
            self._film = chooser("Film", self._uploads, 220, what="film", min_width=200, elem_id="film")
            self._styles = chooser(
                "Styles", self._uploads, 220, several=True, kind="styles", min_width=200, elem_id="film-styles"
            )
        fields = forms.fields(recipes.SCRIPTS["video.py"].parser())
        self.form = controls.Form({n: f for n, f in fields.items() if n not in (*OWN, *PICTURES, *NOT_HERE)})
        with gr.Row():
            for name, slider in SLIDERS.items():
                self.form.slide(name, *slider)
        with gr.Row():
            self.form.add("image_size", "quality")
        with gr.Row():
            self.form.add("flicker", "every")
        with gr.Accordion("All settings", open=False, elem_classes="all-settings"):
            self.form.folds({title: shown for title, shown in GROUPS.items() if shown != "Masks"})
        gr.HTML('<p class="hint">A frame takes seconds, so that a film takes as long as its frames together.</p>')
        self.inputs = [self._film, self._styles, *self.form.components.values()]
        page.submission(self, "Paint the film")

    def collect(self, film, styles, *values):
        """Return the form's dict, as `recipes.film` takes it, of the values of `inputs`."""
        return {"tab": "film", "content": film, "styles": styles, "fields": self.form.values(values)}

    @staticmethod
    def recipe(form):
        """Return (script, arguments) of the form's dict."""
        return recipes.film(form)

    @staticmethod
    def empty():
        """Return the dict of a form that nothing is filled into."""
        return {"tab": "film", "content": None, "styles": [], "fields": {}}

    @property
    def restored_outputs(self):
        """The components that `restored` has values for."""
        return self.inputs

    def restored(self, form):
        """Return values of `restored_outputs` such that the tab has the settings of `form`."""
        styles = [controls.chosen(self._uploads, path) for path in form["styles"]]
        return [controls.chosen(self._uploads, form["content"]), styles, *self.form.restored(form["fields"])]
