#!/usr/bin/env python3
"""Paint a film in the style of pictures, each frame held to where the ones before have moved to."""

import os
import sys
from pathlib import Path

from neural_style.batch.overview import Overview
from neural_style.command import script
from neural_style.command.flags import add_film_flags, add_painting_flags
from neural_style.command.parser import Parser
from neural_style.errors import InputError
from neural_style.painting import flagship
from neural_style.pictures import images
from neural_style.pictures.images import STANDARD
from neural_style.video import course
from neural_style.video import film as films
from neural_style.video.cuts import Cuts
from neural_style.video.folder import NAME, FilmFolder, identity
from neural_style.video.frames import check
from neural_style.video.work import Work


def parser():
    """Return the script's parser."""
    # Of a film, --cluster shares out the scenes.
    parser = add_painting_flags(Parser(prog="video.py", description=__doc__, conflict_handler="resolve"))
    positional = {action.dest: action for action in parser._actions if not action.option_strings}
    positional["content"].metavar, positional["content"].help = "VIDEO", "the film: a file, or a folder of pictures"
    kinds = ", ".join(films.ENDINGS)
    positional["prefix"].metavar, positional["prefix"].help = "OUT", f"the painted film: {kinds}, or a folder"
    return add_film_flags(parser)


def parse(argv):
    """Return the flags in the list of strings `argv`; `out` is where the film goes, `run_folder` where its frames do.

    Raises InputError for flags that do not go together.
    """
    flags = parser().parse(argv)
    flags.out = flags.prefix
    films.kind_of(flags.out)
    if STANDARD in (flags.content, flags.out):
        raise InputError("films are read from files and written to files: give paths instead of -")
    if flags.animate:
        raise InputError("video.py makes a moving picture anyway: leave out --animate")
    _check_out(flags)
    if flags.no_overwrite and os.path.lexists(flags.out):
        raise InputError(f"{flags.out} is there already: choose another OUT, or leave out --no_overwrite")
    flags.run_folder = f"{os.path.splitext(flags.out)[0] if films.kind_of(flags.out) else flags.out}_run"
    flags.prefix = os.path.join(flags.run_folder, "frame")
    flagship.METHOD.inputs.check_flags(flags)
    return flags


def _check_out(flags):
    """Raise InputError if the film cannot be written to OUT, or would replace what is none of video.py's."""
    films.check_writable(flags.out)
    pictures = [flags.content, *flags.styles, *flags.style_masks, *flags.content_masks, flags.content_mask]
    for path in [*pictures, flags.color_mask, flags.init_image]:
        if path and os.path.exists(flags.out) and os.path.exists(path) and os.path.samefile(flags.out, path):
            raise InputError(f"the result would overwrite {path}: choose another OUT")
    if os.path.isdir(flags.content) and Path(flags.out).resolve().is_relative_to(Path(flags.content).resolve()):
        raise InputError(f"{flags.out} lies among the frames in {flags.content}: choose another place")
    if os.path.isfile(flags.out) and images.is_still(flags.out):
        raise InputError(
            f"OUT {flags.out} is a picture that is there already: choose another, or add it if you left it out"
        )
    is_ours = os.path.exists(os.path.join(f"{flags.out}_run", NAME))
    if os.path.isdir(flags.out) and os.listdir(flags.out) and not is_ours:
        raise InputError(f"the folder {flags.out} has something in it already: choose another OUT")


def main(argv=None):
    flags = parse(sys.argv[1:] if argv is None else argv)
    with Overview(flags) as overview, FilmFolder(flags.run_folder) as folder:
        overview.reporter.awaits(f"reading {flags.content}")
        cuts = Cuts()
        film = films.opened(flags.content, flags.fps or films.FOLDER_RATE, cuts.look)
        warnings = check(flags, film)  # Before anything is deleted.
        work = Work(flags, film, cuts.scenes(), warnings)
        for line in [*work.described(), *warnings]:
            overview.reporter.say(line)
        if folder.begin(identity(work), flags.resume, overview.reporter.say) and os.path.exists(flags.out):
            overview.reporter.say("the film is finished already: leave out --resume to paint it anew")
            print(flags.out, flush=True)
            return 0
        overview.starts(len(film.times), folder.count(work.scenes), "frame")
        status = course.paint(work, folder, overview)
        if not status:
            overview.reporter.awaits(f"writing {flags.out}")
            films.write(flags.out, film, folder.shown(len(film.times)))
            folder.finish(flags.keep_frames)
            overview.reporter.close()
            print(flags.out, flush=True)
        overview.closes(status, "the same command with --resume goes on")
    return status


if __name__ == "__main__":
    script.run(main)
