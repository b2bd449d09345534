"""Gradio's components as the page uses them: fields made from flags, and pictures."""

import html
import math
from pathlib import Path

import gradio as gr

from neural_style.errors import InputError
from neural_style.web import words
from neural_style.web.chooser import chooser


def start(choices, uploads):
    """Return (dropdown, picture, place): what a painting starts from.

    The last of `choices` asks for a `picture`, whose `place` is there then.
    """
    dropdown = gr.Dropdown(list(choices), value=choices[0], label="Init image", info="what the painting starts from")
    with gr.Column(visible=False) as place:
        picture = chooser("The picture to start from", uploads, height=180)
    dropdown.change(lambda choice: gr.update(visible=choice == choices[-1]), dropdown, place)
    return dropdown, picture, place


def weights(uploads):
    """Return (component, state): a gr.File for the weights of the network, and the path that is kept of it or None."""
    component = gr.File(label="Weights, in an h5 file as Keras has them", type="filepath", height=120)
    kept = gr.State(None)
    component.upload(lambda path: str(uploads.keep_bytes(Path(path).name, Path(path).read_bytes())), component, kept)
    component.clear(lambda: None, None, kept)
    return component, kept


def chosen(uploads, path):
    """Return the value of a `chooser.chooser` for a path that was kept, or for None.

    A file that is no longer there counts as none.
    """
    try:
        return path and str(uploads.check(path))
    except InputError:
        return None


def file(uploads, path):
    """Return the values of the component and state of `weights` for a path that was kept, or for None."""
    try:
        path = path and str(uploads.check(path))
    except InputError:
        path = None
    return path, path


def warning(text):
    """Return a message in the page's colour of warnings, as HTML."""
    return f'<p class="problem" role="alert">{html.escape(str(text))}</p>' if text else ""


def help_of(field):
    """Return what is said below the name of a `forms.Field`: what it means, and its flag."""
    return " · ".join(filter(None, [field.help, field.flag]))


def component(field):
    """Return the component of a `forms.Field`."""
    about = {"label": words.field(field), "info": help_of(field), "elem_id": f"field-{field.name}"}
    if field.kind == "boolean":
        return gr.Checkbox(value=bool(field.default), min_width=160, **about)
    if field.kind == "choice":
        return gr.Dropdown(choices=list(field.choices), value=field.default, **about)
    if field.kind in ("number", "whole"):
        # Without a limit of the browser's own: the script says better what is wrong.
        return gr.Number(value=field.default, precision=0 if field.kind == "whole" else None, **about)
    value = " ".join(map(str, field.default)) if isinstance(field.default, list) else field.default
    return gr.Textbox(value="" if value is None else str(value), lines=1, max_lines=1, **about)


def shown(field, value):
    """Return what the component of a field shows for a value of the form; for None, the script's default."""
    value = field.default if value is None else value
    if field.kind in ("number", "whole", "boolean", "choice"):
        return value
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


class Form:
    """The components of some fields of a script's form."""

    def __init__(self, fields):
        """`fields` are `forms.Field`s by name."""
        self.fields = fields
        self.components = {}
        self._help = {name: help_of(field) for name, field in fields.items()}

    def add(self, *names):
        """Make the components of these fields, here."""
        for name in names:
            self.components[name] = component(self.fields[name])

    def slide(self, name, label, least, most):
        """Make the component of a number as a slider of this label, here."""
        field = self.fields[name]
        self._help[name] = field.flag  # The label says the rest.
        step = 10 ** math.floor(math.log10(most / 100))
        about = {"label": label, "info": self._help[name], "elem_id": f"field-{name}"}
        self.components[name] = gr.Slider(least, most, value=field.default, step=step, **about)

    def folds(self, titles):
        """Make the components of all other fields, by their groups, folded away; `titles` has the groups, renamed."""
        for group, title in titles.items():
            names = [n for n, field in self.fields.items() if field.group == group and n not in self.components]
            if names:
                with gr.Accordion(title, open=False):
                    self.add(*names)

    def values(self, given):
        """Return {name: value} of the components' values in their order, those left at the script's default without."""
        values = {name: _clean(value) for name, value in zip(self.components, given, strict=True)}
        return {name: value for name, value in values.items() if value != _clean(shown(self.fields[name], None))}

    def restored(self, values):
        """Return what all components show for {name: value}."""
        return [shown(self.fields[name], values.get(name)) for name in self.components]

    def marked(self, name, line):
        """Return an update of every component: the one called `name` says `line` in place of its help."""
        return [
            gr.update(
                info=f"⚠ {line}" if name == own else self._help[own],
                elem_classes=["wrong"] if name == own else [],
            )
            for own in self.components
        ]


class Forms:
    """The forms of several scripts, of which one is shown at a time: as a `Form`, but for the script they are told."""

    def __init__(self, forms):
        """`forms` maps the scripts that have one of their own to their `Form`s; all others have the last."""
        self._forms = forms

    @property
    def fields(self):
        return {name: field for form in self._forms.values() for name, field in form.fields.items()}

    @property
    def components(self):
        return {(script, name): c for script, form in self._forms.items() for name, c in form.components.items()}

    def of(self, script):
        """Return the key and the `Form` of a script."""
        return next(((own, form) for own, form in self._forms.items() if own == script), list(self._forms.items())[-1])

    def values(self, script, given):
        """Return what `Form.values` does, of the values of all components."""
        chosen, form = self.of(script)
        own = [value for (key, _), value in zip(self.components, given, strict=True) if key == chosen]
        return form.values(own)

    def restored(self, script, values):
        """Return what all components show for {name: value} of a script's form."""
        chosen, _ = self.of(script)
        return [v for key, form in self._forms.items() for v in form.restored(values if key == chosen else {})]

    def marked(self, name, line):
        return [update for form in self._forms.values() for update in form.marked(name, line)]


def _clean(value):
    """Return a component's value without spaces around it, and None for what is empty."""
    value = value.strip() if isinstance(value, str) else value
    return None if value == "" else value
