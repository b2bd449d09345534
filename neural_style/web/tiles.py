"""Pictures in a row, one of which is chosen by a click."""

import html
from pathlib import Path

import gradio as gr

from neural_style.web import samples
from neural_style.web.chooser import own

SCRIPT = Path(__file__).with_name("tiles.js")


def tiles(label, choices, **settings):
    """Return a gr.HTML whose value is the name that was clicked last, or None; `input` comes with each click.

    `choices` maps names to (what it is, the name of a sample to show or None).
    """
    buttons = [
        f'<button type="button" data-name="{html.escape(name)}" title="{html.escape(about)}">'
        + (f'<img src="{samples.address(sample)}" alt="" loading="lazy">' if sample else "<span></span>")
        + f"<b>{html.escape(name)}</b></button>"
        for name, (about, sample) in choices.items()
    ]
    template = (
        f'<p class="label">{html.escape(label)}</p>'
        f'<div class="tiles" role="group" aria-label="{html.escape(label)}">{"".join(buttons)}</div>'
    )
    script = SCRIPT.read_text(encoding="utf-8")
    component = gr.HTML(None, html_template=template, js_on_load=script, padding=False, **settings)
    return own(component, lambda value: value if value in choices else None, lambda value: value)
