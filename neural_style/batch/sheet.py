"""A contact sheet: all results of a batch on one page."""

import math
import os

from PIL import Image, ImageDraw, ImageFont, ImageOps

from neural_style.errors import InputError
from neural_style.pictures import images

SIDE = 280
"""Pixels of the longer side of a picture on it."""

GAP = 16
"""Pixels around pictures."""

TEXT = 15
"""Pixels of the height of letters, and of a line below each picture."""

MOST_PIXELS = 60_000_000
"""Pixels of a page, above which pictures are shown smaller."""

MOST_ROWS = 65_000
"""Pixels of the height of a page, at most: a JPEG has no more."""

PAPER, INK = "white", "#444"


def grid(kind, jobs, pair, is_there):
    """Return the rows of (caption, path) that a contact sheet of jobs has, a path None where the page is bare.

    It is so where a result `is_there(job)` not. Photographs with styles are a table: a row for each photograph, which
    it begins with, and a column for each style, below it; one by one, a row has both and the result. Others are in rows
    of about as many as there are rows.
    """
    if pair and not kind.by_name and len(kind.lists) == 2:
        inputs = ([(os.path.basename(path), path) for path in job.inputs] for job in jobs)
        return [
            [*own, (job.name, job.result if is_there(job) else None)] for own, job in zip(inputs, jobs, strict=True)
        ]
    if kind.by_name or len(kind.lists) < 2:
        columns = max(1, round(math.sqrt(len(jobs) * 4 / 3)))
        cells = [(job.name, job.result if is_there(job) else None) for job in jobs]
        return [cells[begin : begin + columns] for begin in range(0, len(cells), columns)]
    photos, styles = (list(dict.fromkeys(job.inputs[index] for job in jobs)) for index in (0, 1))
    by_inputs = {job.inputs: job.result if is_there(job) else None for job in jobs}
    rows = [[("", None), *((os.path.basename(style), style) for style in styles)]]
    for photo in photos:
        results = [("", by_inputs[photo, style]) for style in styles]
        rows.append([(os.path.basename(photo), photo), *results])
    return rows


def sheet(rows):
    """Return the contact sheet of `grid` rows as a Pillow image; what is not there, or cannot be read, is left bare."""
    columns = max(map(len, rows))
    side = min(SIDE, int(math.sqrt(MOST_PIXELS / (columns * len(rows)))), MOST_ROWS // len(rows) - TEXT - 2 * GAP)
    side = max(side, 1)
    strips = [_strip(cells, side, columns) for cells in rows]
    page = Image.new("RGB", (strips[0].width, sum(strip.height for strip in strips) + GAP), PAPER)
    top = GAP
    for strip in strips:
        page.paste(strip, (0, top))
        top += strip.height
    return page


def _strip(cells, side, columns):
    """Return a row of a page, each picture with its caption below it."""
    pictures = [_small(path, side) for _, path in cells]
    height = max([picture.height for picture in pictures if picture], default=0)
    below = TEXT + GAP if any(caption for caption, _ in cells) else 0
    strip = Image.new("RGB", (columns * (side + GAP) + GAP, height + below + GAP), PAPER)
    draw, font = ImageDraw.Draw(strip), ImageFont.load_default(TEXT)
    for column, ((caption, _), picture) in enumerate(zip(cells, pictures, strict=True)):
        left = GAP + column * (side + GAP)
        if picture:
            strip.paste(picture, (left + (side - picture.width) // 2, height - picture.height))
        draw.text((left, height + GAP // 4), _shortened(caption, side, font), INK, font)
    return strip


def _small(path, side):
    """Return the picture in a file as large as it fits on a page, None if there is none."""
    if path is None:
        return None
    try:
        return ImageOps.contain(images.read(path), (side, side), images.RESAMPLING["lanczos"])
    except InputError:
        return None


def _shortened(text, width, font):
    """Return a text as it fits in so many pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


def write(path, page):
    """Write a contact sheet to a file. Raises InputError if it cannot be."""
    images.write(path, page)
