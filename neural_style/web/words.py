"""What the page calls runs, their states, and how long they take."""

from pathlib import PurePath

from neural_style.web.record import FILM, PAINTERS

NAMES = {
    "paint.py": "Painting",
    "network.py": "Style transfer",
    "inetwork.py": "Improved style transfer",
    "neural_doodle.py": "Doodle",
    "video.py": "Film",
    "color_transfer.py": "Colour transfer",
    "mask_transfer.py": "Mask transfer",
    "enhance.py": "Enhancement",
}
"""What the page calls the scripts."""

STATES = {
    "queued": "waiting",
    "held": "waits for your click",
    "running": "painting",
    "done": "finished",
    "stopped": "stopped",
    "failed": "failed",
    "lost": "ended while nobody watched",
}
"""What the page calls the states of a run."""

PICTURES = ("content", "style_image", "picture", "generated")
"""What a form calls the picture that a run is told by, the first that it has."""

FIELDS = {
    "image_size": "Size of the painting",
    "content_weight": "How much of the photograph",
    "style_size": "Size of the strokes",
    "style_weight": "How much of the style",
    "total_variation_weight": "Smoothness",
    "num_iter": "How long to paint",
    "evaluations": "Evaluations in an iteration",
    "min_improvement": "Stop when it hardly gets better",
    "scales": "Sizes to paint in turn",
    "style_fit": "Shape of the style picture",
    "style_scale": "How much of all styles",
    "content_layer": "What is kept of the photograph",
    "preserve_color": "Keep the photograph's colours",
    "color_match": "Give the style the photograph's colours",
    "mask_feather": "Soft edge of masks",
    "keep_unmasked": "Leave the rest as it is",
    "animate": "Make an animation",
    "save_every": "Save every so many iterations",
    "seed": "Chance",
    "max_memory": "Memory",
    "tile": "Size of the tiles",
    "precision": "Precision",
    "nlabels": "Number of regions",
    "finish": "Finish",
    "style_loss": "What is compared of the style",
    "hist_match": "Match the histogram",
    "upscale_model": "Network that enlarges",
    "flicker": "How still it holds",
    "every": "Paint every so many frames",
}
"""What a painter calls the flags."""


def field(flag):
    """Return what a `forms.Field` is called: a painter's words, or those of its flag."""
    return FIELDS.get(flag.name, flag.label)


def title(run):
    """Return a `record.Run`'s name or, if it has none, what it does with which pictures."""
    own = name(run)
    return own if run.name or own == NAMES[run.script] else f"{NAMES[run.script]}: {own}"


def name(run):
    """Return a run's name or, if it has none, that of its pictures, or else of what it does."""
    if run.name:
        return run.name
    named = next((run.values[name] for name in PICTURES if isinstance(run.values.get(name), str)), None)
    styles = run.values.get("styles")
    styles = styles if isinstance(styles, list) else []
    styles = [style.get("path") if isinstance(style, dict) else style for style in styles]
    stems = [PurePath(path).stem for path in [named, *styles] if isinstance(path, str)]
    return " × ".join(stems) or NAMES[run.script]


def state(run, is_stopping):
    """Return a run's state in words."""
    if run.state != "running":
        return STATES[run.state]
    if is_stopping:
        return "stopping after this evaluation" if run.script in PAINTERS else "stopping"
    return STATES["running"] if run.script in (*PAINTERS, FILM) else "at work"


def minute(run):
    """Return when a run was asked for, to the minute."""
    return run.created[:16]


def duration(seconds):
    """Return a time as m:ss or h:mm:ss."""
    minutes, seconds = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def left(seconds):
    """Return how long a run still takes, in words that are never untrue at its end."""
    return f"{duration(seconds)} left" if seconds >= 1 else "nearly done"
