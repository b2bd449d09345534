"""The tab "Painting": a photograph, styles with their weights and masks, and the scripts' flags."""

import random

import gradio as gr
from PIL import Image

from neural_style.command import presets
from neural_style.errors import InputError
from neural_style.web import controls, forms, masking, painter, recipes, samples
from neural_style.web.chooser import UNCHANGED, chooser, unchanged
from neural_style.web.styles import ADDED, style, styles
from neural_style.web.tiles import tiles

METHODS = [("Painting", "paint.py"), ("Gatys et al.", "network.py"), ("improved (Novak & Nikulin)", "inetwork.py")]
"""The scripts, by what they are called."""

MAIN = {"paint.py": ("image_size", "quality"), "inetwork.py": ("image_size", "num_iter", "content_weight")}
"""Flags that are there at first sight, by the script that a form is of; network.py has the form of inetwork.py."""

SLIDERS = {"content_weight": ("How much of the photograph", 0.0, 0.2), "style_size": ("Size of the strokes", 0.2, 3.0)}
"""Flags of paint.py that are there too, with the slider's name and limits."""

OWN = ("content", "styles", "prefix", "style_weight", "style_masks", "content_masks", "style_mask_space")
"""Flags that the page fills in from its pictures."""

PICTURES = ("init_image", "content_mask", "color_mask")
"""Flags that take a picture and have a place of their own."""

GROUPS = {
    "picture": "Picture",
    "losses": "Losses",
    "masks (pictures, white where they hold)": "Masks",
    "colours": "Colours",
    "run": "Course of the run",
    "network": "Network",
    "memory": "Memory",
    "options": "Only in the improved script",
}
"""The parser's groups by the titles that the page has for them."""

LOOKS = ("oil", "ink", "portrait", "colours", "texture")
"""Presets that are shown as pictures."""

NO_LOOK, PLAIN = "plain", "output/kingfisher-starry-night.webp"
"""What it is called to have none of them, and the sample that shows it."""

STARTS = ("content", "noise", "gray", "a picture")


INTO_SIGHT = """() => setTimeout(() =>
    document.querySelector("#mask-editor")?.scrollIntoView({ block: "nearest", behavior: "smooth" }), 300)"""
"""What the browser does with the editor of masks once it is there."""


class TransferTab:
    """The tab's components; `page` is the `page.Page` they belong to."""

    def __init__(self, page):
        self._page = page
        self._uploads = page.uploads
        self.form = controls.Forms({script: self._form_of(script) for script in MAIN})
        self._build()

    @staticmethod
    def _form_of(script):
        """Return the empty `controls.Form` of a script."""
        fields = forms.fields(recipes.SCRIPTS[script].parser())
        return controls.Form({n: f for n, f in fields.items() if n not in (*OWN, *PICTURES, "weights")})

    def _build(self):
        with gr.Row(equal_height=True):
            self.content = chooser(
                "Photograph", self._uploads, 220, several=True, kind="photographs", min_width=200, elem_id="content"
            )
            add = chooser(
                "Add styles",
                self._uploads,
                height=220,
                several=True,
                kind="styles",
                min_width=200,
                elem_id="add-styles",
            )
        self._last, told = gr.State([]), gr.HTML()
        surprise = gr.Button("Surprise me", size="sm", elem_id="surprise")
        self.styles = styles(self._uploads)
        self._mask_editor()
        self._script = gr.Radio(METHODS, value=METHODS[0][1], label="Method", elem_id="method")
        columns = {script: self._settings(script) for script in MAIN}
        self._script.change(
            lambda script: [gr.update(visible=own == self.form.of(script)[0]) for own in columns],
            self._script,
            list(columns.values()),
            show_progress="hidden",
        )
        with gr.Accordion("Start, masks and weights", open=False, elem_classes="all-settings"):
            self._start, self._start_picture, self._start_place = controls.start(STARTS, self._uploads)
            self._content_mask = chooser("Content mask: where to paint at all", self._uploads, height=180, kind="masks")
            self._color_mask = chooser("Colour mask: where to preserve colour", self._uploads, height=180, kind="masks")
            self._weights, self._weights_path = controls.weights(self._uploads)
        # In the browser itself, so that none is lost of several that are added at once.
        add.input(
            None, [add, self.styles], [self.styles, add], js=ADDED, trigger_mode="multiple", show_progress="hidden"
        )

        looks = {name: self._values_of(name) for name in (NO_LOOK, *LOOKS)}
        # What no look is about, such as the size, stays as it is.
        _, form = self.form.of("paint.py")
        about = sorted({flag for values in looks.values() for flag in values if flag in form.components})

        def look(name):
            values = looks[name or NO_LOOK]
            return [
                values.get("init_image", STARTS[0]),
                *(controls.shown(form.fields[flag], values.get(flag)) for flag in about),
            ]

        changed = [self._start, *(form.components[flag] for flag in about)]
        self._looks.input(look, self._looks, changed, show_progress="hidden")
        of_photograph = [self._content_mask, self._color_mask, self._start, self._start_picture, self.styles]
        self.content.input(
            self._another,
            [self.content, self._last, *of_photograph],
            [self._last, told, *of_photograph],
            show_progress="hidden",
        )
        chosen = [self.content, self.styles]
        surprise.click(self._surprise, chosen, chosen, show_progress="hidden").then(
            self._another,
            [self.content, self._last, *of_photograph],
            [self._last, told, *of_photograph],
            show_progress="hidden",
        )

        self.inputs = [
            self.content,
            self.styles,
            self._script,
            self._start,
            self._start_picture,
            self._content_mask,
            self._color_mask,
            self._weights_path,
            *self.form.components.values(),
        ]
        self._page.submission(self, "Paint")

    @staticmethod
    def _presets():
        """Return the presets of paint.py as `tiles` have them: by their names, what each is, and a picture of it."""
        parser = recipes.SCRIPTS["paint.py"].parser()
        shown = samples.names("presets")
        pictures = {name: next((s for s in shown if samples.called(s).startswith(name)), None) for name in LOOKS}
        return {NO_LOOK: ("all as it is without a preset", PLAIN)} | {
            name: (", ".join(presets.arguments(name, parser)), picture) for name, picture in pictures.items()
        }

    @staticmethod
    def _values_of(look):
        """Return {flag: value} of a look."""
        return {} if look == NO_LOOK else presets.values(look, recipes.SCRIPTS["paint.py"].parser())

    @staticmethod
    def _another(photographs, last, content_mask, color_mask, start, start_picture, styles):
        """Return values of what belongs to a photograph when another is chosen: the last one's masks would not fit.

        Before them come the photograph, to be known when the next is chosen, and what is told of it.
        """
        masked = any(each["mask"] for each in styles)
        same = not last or not photographs or _first(last) == _first(photographs)
        if same or not (content_mask or color_mask or masked or start == STARTS[-1]):
            return photographs or last, "", UNCHANGED, UNCHANGED, gr.skip(), UNCHANGED, UNCHANGED
        told = '<p class="hint">Another photograph: the masks and the start of the one before are taken away.</p>'
        start = STARTS[0] if start == STARTS[-1] else start
        return photographs or last, told, None, None, start, None, [each | {"mask": None} for each in styles]

    def _surprise(self, photographs, styles):
        """Return photographs and styles, of the samples by chance in place of what is no user's own.

        Of both kinds of their own, the style is another beside them.
        """
        photograph, painting = (
            str(self._uploads.keep(samples.path(random.choice(samples.names(kind)))))
            for kind in ("photographs", "styles")
        )
        own = [each for each in styles if not samples.is_one(each["path"], "styles")]
        if photographs and not all(samples.is_one(path, "photographs") for path in photographs):
            return photographs, [*own, style(painting)]
        return [photograph], own or [style(painting)]

    def _settings(self, script):
        """Make the fields of a script's form, and return their column, which is there if it is the first method."""
        _, form = self.form.of(script)
        with gr.Column(visible=script == METHODS[0][1]) as column:
            if script == "paint.py":
                self._looks = tiles("A look to begin with", self._presets(), elem_id="presets")
                with gr.Row():
                    for name, slider in SLIDERS.items():
                        form.slide(name, *slider)
            with gr.Row():
                form.add(*MAIN[script])
            with gr.Accordion("All settings", open=False, elem_classes="all-settings"):
                form.folds(GROUPS)
        return column

    def collect(self, photographs, styles, script, start, start_path, content_mask, color_mask, weights, *values):
        """Return the form's dict, as `recipes.transfer` takes it, of the values of `inputs`."""
        fields = self.form.values(script, values)
        if script == "network.py":
            fields.pop("chain", None)
        if start not in (STARTS[0], STARTS[-1]):
            fields["init_image"] = start
        if start == STARTS[-1] and not start_path:
            raise InputError("--init_image is a picture, but none is chosen: choose one")
        return {
            "tab": "transfer",
            "script": script,
            "content": _first(photographs),
            "others": photographs[1:],
            "styles": styles,
            "start": start_path if start == STARTS[-1] else None,
            "content_mask": content_mask,
            "color_mask": color_mask,
            "weights": weights,
            "fields": fields,
        }

    def recipe(self, form):
        """Return (script, arguments) of the form's dict."""
        return recipes.transfer(form, self._everywhere)

    @staticmethod
    def empty():
        """Return the dict of a form that nothing is filled into."""
        return {
            "tab": "transfer",
            "script": METHODS[0][1],
            "content": None,
            "others": [],
            "styles": [],
            "start": None,
            "content_mask": None,
            "color_mask": None,
            "weights": None,
            "fields": {},
        }

    def _everywhere(self):
        return str(self._uploads.keep_picture("everywhere", Image.new("L", (64, 64), 255)))

    @property
    def restored_outputs(self):
        """The components that `restored` has values for."""
        return [
            self.content,
            self._last,
            self.styles,
            self._script,
            self._start,
            self._start_picture,
            self._start_place,
            self._content_mask,
            self._color_mask,
            self._weights,
            self._weights_path,
            *self.form.components.values(),
        ]

    def with_photograph(self, path):
        """Return values of `restored_outputs` such that the tab has another photograph, and all else as it is."""
        photographs = [controls.chosen(self._uploads, path)]
        return [photographs, photographs, *unchanged(self.restored_outputs[2:])]

    def restored(self, form):
        """Return values of `restored_outputs` such that the tab has the settings of `form`."""
        fields = form["fields"]
        start = STARTS[-1] if form["start"] else fields.get("init_image", STARTS[0])
        start_picture = controls.chosen(self._uploads, form["start"])
        photographs = [controls.chosen(self._uploads, path) for path in (form["content"], *form["others"])]
        return [
            photographs,
            photographs,
            [style(**each) for each in form["styles"]],
            form["script"],
            start,
            start_picture,
            gr.update(visible=start == STARTS[-1]),
            controls.chosen(self._uploads, form["content_mask"]),
            controls.chosen(self._uploads, form["color_mask"]),
            *controls.file(self._uploads, form["weights"]),
            *self.form.restored(form["script"], fields),
        ]

    def _mask_editor(self):
        """Make what a style's masks are drawn, uploaded and found with; it is there while one is asked for."""
        self._mask_of = gr.State(None)
        self.styles.click(_asked_for, None, self._mask_of, show_progress="hidden")
        with gr.Group(visible=False, elem_id="mask-editor") as group:
            title = gr.HTML()
            kind = gr.Radio(
                [("where to paint it", "mask"), ("where to take it from in its picture", "source")],
                value="mask",
                label="The mask says",
            )
            editor = painter.painter(elem_id="mask-canvas", elem_classes="over")
            notice = gr.HTML()
            with gr.Row():
                keep = gr.Button("Use the drawing", variant="primary", size="sm")
                subject = gr.Button("The subject", size="sm")
                others = gr.Button("All but the subject", size="sm")
                upload = gr.UploadButton("Upload a mask", file_types=["image"], size="sm")
                remove = gr.Button("No mask", size="sm")
                close = gr.Button("Cancel", size="sm")

        def shown(number, kind, styles, photographs):
            if number is None or number >= len(styles):
                return gr.update(visible=False), "", None
            chosen = styles[number]
            ground = _first(photographs) if kind == "mask" else chosen["path"]
            about = "" if ground else controls.warning("choose the photograph first: the mask is drawn over it")
            value = masking.over(self._uploads, ground, chosen[kind]) if ground else None
            return gr.update(visible=True), f"<h4>Mask of style {number + 1}</h4>{about}", value

        outputs = [group, title, editor]
        asked = [self._mask_of, kind, self.styles, self.content]
        self._mask_of.change(shown, asked, outputs).then(None, None, None, js=INTO_SIGHT)
        self.content.input(shown, asked, outputs)

        def other(number, kind, styles, photographs, value):
            """Keep what is painted of one of the two masks, and show the other."""
            if number is not None and painter.has_changed(value):
                before = "source" if kind == "mask" else "mask"
                styles, *_ = put(number, before, styles, masking.drawn_if_any(self._uploads, value))
            return styles, *shown(number, kind, styles, photographs)

        kind.change(other, [*asked, editor], [self.styles, *outputs], show_progress="hidden")
        close.click(lambda: None, None, self._mask_of)

        def put(number, kind, styles, path):
            return [{**s, kind: path} if n == number else s for n, s in enumerate(styles)], None, ""

        state = [self._mask_of, kind, self.styles]
        results = [self.styles, self._mask_of, notice]

        def draw(number, kind, styles, value):
            try:
                return put(number, kind, styles, masking.drawn(self._uploads, value))
            except InputError as problem:
                return styles, number, controls.warning(problem)

        def find(number, kind, styles, photographs, *flags):
            try:
                path = _first(photographs) if kind == "mask" else styles[number]["path"]
                return put(number, kind, styles, masking.subject(self._uploads, path, *flags))
            except InputError as problem:
                return styles, number, controls.warning(problem)

        def uploaded(number, kind, styles, path):
            try:
                return put(number, kind, styles, str(self._uploads.keep(path)))
            except InputError as problem:
                return styles, number, controls.warning(problem)

        self.drawings = [editor]
        keep.click(draw, [*state, editor], results)
        for button in (subject, others):
            button.click(lambda: masking.LOOKING, None, notice)
        found = [*state, self.content]
        subject.click(lambda *a: find(*a), found, results, show_progress="hidden")
        others.click(lambda *a: find(*a, "--invert"), found, results, show_progress="hidden")
        upload.upload(uploaded, [*state, upload], results)
        remove.click(lambda *a: put(*a, None), state, results)


def _asked_for(event: gr.EventData):
    """Return the number of the style whose masks are asked for, or None."""
    return event.index


def _first(photographs):
    """Return the photograph that is looked at of those that were chosen, or None."""
    return next(iter(photographs), None)
