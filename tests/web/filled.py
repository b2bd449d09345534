"""Forms as a user fills them in."""

from neural_style.web import forms, recipes


def form_of(script):
    return forms.fields(recipes.SCRIPTS[script].parser())


def transfer_form(**changes):
    form = {
        "script": "network.py",
        "content": "c.jpg",
        "styles": [{"path": "s.jpg", "weight": 1.0, "mask": None, "source": None}],
        "start": None,
        "content_mask": None,
        "color_mask": None,
        "weights": None,
        "fields": {},
    }
    return form | changes


def style(path, **changes):
    return {"path": path, "weight": 1.0, "mask": None, "source": None} | changes
