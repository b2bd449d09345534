"""The command line and the terminal: flags the scripts share, progress, interruptions, errors as one line."""

import argparse
import contextlib
import difflib
import json
import logging
import os
import shlex
import signal
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tqdm import tqdm

from models.layers import MINIMUM_SIDE
from neural_style import autodiff
from neural_style.color import MATCHES
from neural_style.errors import InputError
from neural_style.images import COMMAND, RESAMPLING, STANDARD, check_writable, write
from neural_style.memory import size_in_bytes

SIGNAL_STATUS = 128
"""Added to a signal's number, the exit status of a script it ended."""


HELP_HINT = "; --help lists all there is"
"""Ends what is said of a wrong command line."""


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Adds a flag's default to its help, but for None and lists of nothing, where the help says what happens."""

    def _get_help_string(self, action):
        if action.default is None or action.default == []:
            return action.help
        if isinstance(action.default, list):
            return f"{action.help} (default: {' '.join(map(str, action.default))})"
        return super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
    """An argument parser that takes `--flag-name` for `--flag_name` and flags between positional arguments.

    Flags with `type=boolean` may stand alone, which means True, even before a positional argument.
    """

    def __init__(self, **settings):
        super().__init__(formatter_class=_HelpFormatter, allow_abbrev=False, **settings)
        self.add_argument(_END_OF_LIST, action=_Nothing, nargs=0, default=argparse.SUPPRESS, help=argparse.SUPPRESS)

    def parse(self, argv):
        """Return the flags in `argv`, a list of strings without the program's name; after `--` are none."""
        end = argv.index("--") if "--" in argv else len(argv)
        normalised = self._normalised(argv[:end])
        self._check_known(normalised)
        flags, lists = self._lists_last(normalised)
        paths = [f"./{path}" if path.startswith("-") and path != STANDARD else path for path in argv[end + 1 :]]
        return self.parse_intermixed_args([*flags, _END_OF_LIST, *paths, *lists])

    def error(self, message):
        """Say in one line what is wrong with the command line, and exit; the usage would be a screen long."""
        self.exit(2, f"{self.prog}: error: {message}{HELP_HINT}\n")

    def _normalised(self, argv):
        """Return `argv` with flags in one spelling, and those that may stand alone followed by what that means."""
        optional = {name: action for action in self._actions if action.nargs == "?" for name in action.option_strings}
        result = []
        for position, argument in enumerate(argv):
            if argument.startswith("--"):
                name, equals, value = argument.partition("=")
                argument = "--" + name[2:].replace("-", "_") + equals + value
            result.append(argument)
            following = argv[position + 1] if position + 1 < len(argv) else ""
            if argument in optional and not _is_value(following, optional[argument].type):
                result.append(str(optional[argument].const))
        return result

    def _check_known(self, argv):
        """Exit, with the name of the flag that was most likely meant, if one in `argv` is none."""
        known = [name[2:] for action in self._actions for name in action.option_strings if name.startswith("--")]
        for name in (argument.partition("=")[0][2:] for argument in argv if argument.startswith("--")):
            if name not in known:
                near = difflib.get_close_matches(name.lower(), known, n=1)
                self.error(f"there is no flag --{name}{f', but there is --{near[0]}' if near else ''}")

    def _lists_last(self, argv):
        """Return `argv` without flags that take a list of numbers, and those, each with the numbers behind it.

        At the end of a command line they cannot swallow a path that follows them.
        """
        lists = {name for a in self._actions if a.nargs == "+" and a.type for name in a.option_strings}
        front, back, collecting = [], [], False
        for before, argument in pairwise(["", *argv]):
            # What comes first is meant as a number even if it is none, and is then called that.
            is_first = before in lists and not argument.startswith("--")
            collecting = argument in lists or is_first or (collecting and is_number(argument))
            (back if collecting else front).append(argument)
        return front, back


_END_OF_LIST = "--end_of_list"
"""A flag that does nothing but end the list of a flag before it, since argparse itself is confused by `--`."""


class _Nothing(argparse.Action):
    """Does nothing."""

    def __call__(self, parser, flags, value, option=None):
        pass


def is_number(text):
    """Return whether a text, or what it stands for, is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_value(text, kind):
    """Return whether `text` is of the kind that a flag's type `kind` reads; a number out of range is."""
    return text.lower() in _BOOLEANS if kind is boolean else is_number(text)


_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


def boolean(text):
    """Return the truth value of a flag's value, as the original scripts spell it: True or False."""
    if text.lower() not in _BOOLEANS:
        raise argparse.ArgumentTypeError(f"'{text}' is neither True nor False")
    return _BOOLEANS[text.lower()]


LARGEST_NUMBER = 1e38
"""Nearly the largest of float32."""


@dataclass(frozen=True)
class NumberFrom:
    """The parser of a number of type `kind` from `least` to `most`."""

    least: float
    kind: type = float
    most: float = LARGEST_NUMBER

    def __call__(self, text):
        try:
            value = self.kind(text)
        except (ValueError, OverflowError):
            raise argparse.ArgumentTypeError(f"'{text}' is not a {_KINDS[self.kind]}") from None
        if not self.least <= value <= self.most:
            unlimited = self.most == LARGEST_NUMBER
            limits = f"at least {self.least}" if unlimited else f"between {self.least} and {self.most:g}"
            raise argparse.ArgumentTypeError(f"{text} is out of range: it must be {limits}")
        return value


_KINDS = {int: "whole number", float: "number"}


def add_transfer_flags(parser):
    """Add the arguments that the style-transfer scripts share, with the names and defaults of the original ones."""
    parser.add_argument("content", metavar="CONTENT", help="the photograph to paint; - reads the standard input")
    parser.add_argument("styles", metavar="STYLE", nargs="+", help="the picture or pictures whose style to use")
    parser.add_argument("prefix", metavar="PREFIX", help="path of the results, without .png; -: the standard output")

    picture = parser.add_argument_group("picture")
    flag = picture.add_argument
    flag("--image_size", type=NumberFrom(1, int), default=400, help="rows of the result")
    flag("--maintain_aspect_ratio", **BOOLEAN, default=True, help="columns by the content's aspect ratio, else square")
    flag("--rescale_image", **BOOLEAN, default=False, help="save pictures in the content's own size")
    flag("--rescale_method", choices=list(RESAMPLING), default="bilinear", help="how to resize them")
    flag("--init_image", default="content", metavar="START", help="content, noise, gray or the path of a picture")
    flag("--style_fit", choices=["stretch", "keep"], default="stretch", help="style at the content's size, or its own")

    losses = parser.add_argument_group("losses")
    flag = losses.add_argument
    flag(
        "--content_weight",
        type=NumberFrom(0),
        default=0.025,
        help="weight of the content loss: more keeps more of the photograph",
    )
    flag("--style_weight", type=NumberFrom(0), nargs="+", default=[1.0], help="weight of each style")
    flag("--style_scale", type=NumberFrom(0), default=1.0, help="multiplies every style weight")
    flag("--total_variation_weight", type=NumberFrom(0), default=8.5e-5, help="weight of smoothness")
    flag("--content_loss_type", type=int, choices=[0, 1, 2], default=0, help="0: sum; 1, 2: normalised")
    flag("--content_layer", default="conv5_2", help="layer that describes the content")

    masks = parser.add_argument_group("masks (pictures, white where they hold)")
    flag = masks.add_argument
    flag("--style_masks", nargs="+", metavar="MASK", default=[], help="where to paint each style, one per style")
    flag("--content_mask", metavar="MASK", help="where to paint at all; style masks then only choose from the styles")
    flag("--content_masks", nargs="+", metavar="MASK", default=[], help="with --style_mask_space style: where to paint")
    flag("--style_mask_space", choices=["content", "style"], default="content", help="what the style masks lie on")
    add_feather_flag(flag)
    flag("--keep_unmasked", **BOOLEAN, default=False, help="pixels that no mask covers stay the content's")

    colours = parser.add_argument_group("colours")
    flag = colours.add_argument
    flag("--preserve_color", **BOOLEAN, default=False, help="save pictures with the content's colours")
    flag("--color_mask", metavar="MASK", help="do so only where this is white")
    flag(
        "--color_match", choices=["none", *MATCHES], default="none", help="give the styles the content's colours first"
    )

    add_run_flags(parser)


DOODLE_CONTENT_WEIGHT = 0.1
"""The default of --content_weight of neural_doodle.py."""


def add_doodle_flags(parser):
    """Add the arguments of neural_doodle.py, with the names and defaults of the original one."""
    pictures = parser.add_argument_group("pictures")
    flag = pictures.add_argument
    flag("--style_image", required=True, metavar="FILE", help="the picture whose style to use")
    flag("--style_mask", required=True, metavar="FILE", help="map of its regions, one colour each")
    flag("--target_mask", required=True, metavar="FILE", help="the doodle: where to paint the regions")
    flag("--content_image", metavar="FILE", help="photograph whose shapes to keep")
    flag("--target_image_prefix", required=True, dest="prefix", metavar="PREFIX", help="path of the results")
    flag("--nlabels", type=NumberFrom(1, int), help="number of regions; without it the masks' colours are counted")
    rows = "rows of the result, -1: those of the target mask"
    flag("--img_size", "--image_size", dest="image_size", type=_rows_or_all, default=-1, metavar="ROWS", help=rows)
    flag(
        "--init_image",
        metavar="START",
        help="content, noise or a picture's path; default: content if given, else noise",
    )
    flag("--style_fit", choices=["stretch", "keep"], default="stretch", help="style at the result's size, or its own")
    flag("--preserve_color", **BOOLEAN, default=False, help="save pictures with the content's colours")
    finish = "smooth takes the grain out of saved pictures; auto: if they start from noise and at one scale"
    flag("--finish", choices=["auto", "none", "smooth"], default="auto", help=finish)

    losses = parser.add_argument_group("losses")
    flag = losses.add_argument
    flag(
        "--content_weight",
        type=NumberFrom(0),
        default=DOODLE_CONTENT_WEIGHT,
        help="weight of the content loss: more keeps more of the photograph",
    )
    flag("--style_weight", type=NumberFrom(0), default=1.0, help="weight of the style loss")
    flag("--region_style_weight", type=NumberFrom(0), default=1.0, help="multiplies it")
    tv_names = ("--tv_weight", "--total_variation_weight")
    flag(*tv_names, dest="total_variation_weight", type=NumberFrom(0), default=8.5e-5, help="weight of smoothness")
    flag("--improved", **BOOLEAN, default=False, help="the loss of the original improved_neural_doodle.py")
    parser.set_defaults(content_layer="conv5_2", content_loss_type=0)
    add_run_flags(parser)


def _rows_or_all(text):
    """Return the rows of a result, or -1 for those of the target mask."""
    if text == "-1":
        return -1
    try:
        return NumberFrom(1, int)(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, or -1") from None


def _memory(text):
    """Return the bytes that a flag's value names."""
    try:
        size = size_in_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if size < LEAST_MEMORY:
        hint = f": did you mean {text}G?" if size and is_number(text) else ""
        raise argparse.ArgumentTypeError(f"'{text}' is {size} bytes, too little for anything{hint}")
    return size


LEAST_MEMORY = 2**20
"""Bytes below which a --max_memory is a slip."""


def _tile(text):
    """Return the rows of a tile, a multiple of what the network's poolings need, or 0 for no tiles."""
    rows = NumberFrom(0, int)(text)
    if rows % MINIMUM_SIDE:
        raise argparse.ArgumentTypeError(f"{text} is no multiple of {MINIMUM_SIDE}")
    return rows


def add_run_flags(parser):
    """Add the arguments about the network and the course of a run, which all painting scripts share."""
    network = parser.add_argument_group("network")
    flag = network.add_argument
    flag("--model", choices=["vgg16", "vgg19"], default="vgg16", help="network that looks at the pictures")
    flag("--pool_type", choices=["max", "ave"], default="max", help="its pooling")
    flag("--weights", metavar="FILE", help="its weights, in an h5 file as Keras has them")
    precision = "of its convolutions; bfloat16 takes less time and memory where the machine has it, and rounds"
    flag("--precision", choices=["float32", "bfloat16"], default="float32", help=precision)

    memory = parser.add_argument_group("memory")
    flag = memory.add_argument
    flag(
        "--max_memory", type=_memory, metavar="SIZE", help="what a run may use, like 6G; default: 80%% of what is free"
    )
    flag(
        "--tile",
        type=_tile,
        metavar="ROWS",
        help="work in tiles of about so many rows, a multiple of 16; 0: never; default: as needed",
    )

    run = parser.add_argument_group("run")
    flag = run.add_argument
    rows, count = NumberFrom(1, int), NumberFrom(0, int)
    flag(
        "--scales", type=rows, nargs="+", metavar="ROWS", help="paint at these sizes in turn; the last is the result's"
    )
    flag("--num_iter", type=count, nargs="+", default=[10], metavar="N", help="iterations; one, or one per scale")
    flag("--evaluations", type=rows, default=20, help="evaluations per iteration")
    flag(
        "--min_improvement",
        type=NumberFrom(0),
        default=0.0,
        help="end a scale when an iteration lowers the loss by less percent",
    )
    flag("--save_every", type=count, default=1, help="save every N iterations; 0: only the last")
    flag("--animate", **BOOLEAN, default=False, help="also write PREFIX.gif and PREFIX.webp of the iterations")
    flag("--seed", type=count, default=0, help="seed of the noise")
    flag("--resume", **BOOLEAN, default=False, help="go on with the interrupted run of this PREFIX, if there is one")
    flag("--no_overwrite", **BOOLEAN, default=False, help="refuse to replace a PREFIX.png that is there")
    add_quiet_flag(flag)


BOOLEAN = {"type": boolean, "nargs": "?", "const": True, "metavar": "True|False"}


def add_quiet_flag(flag):
    """Add --quiet by `flag`, the `add_argument` of a parser or group."""
    flag("--quiet", **BOOLEAN, default=False, help="no messages but errors")


def add_feather_flag(flag):
    """Add --mask_feather by `flag`, the `add_argument` of a parser or group."""
    flag("--mask_feather", type=NumberFrom(0, most=10000), default=0.0, metavar="PIXELS", help="soften masks' borders")


def add_output_flags(flag):
    """Add -o and --no_overwrite by `flag`, the `add_argument` of a parser or group."""
    flag(
        "-o",
        "--output",
        metavar="OUT",
        help="the picture to write; -: PNG to the standard output; default: PNG beside the input",
    )
    flag("--no_overwrite", **BOOLEAN, default=False, help="refuse to replace a picture that is there")


def output_path(flags, source, suffix, inputs=()):
    """Return the path a finishing tool writes to: that of -o in `flags`, else that of `source` with `_suffix` added.

    What comes from the standard input goes to the standard output. Raises InputError if no picture can be written
    there, if there is one and `flags` have --no_overwrite, or if it would overwrite `source` or one of the other
    `inputs`, None among them passed over.
    """
    path = STANDARD if source == STANDARD else f"{os.path.splitext(source)[0]}_{suffix}.png"
    path = path if flags.output is None else flags.output
    check_writable(path)
    if flags.no_overwrite and path != STANDARD and os.path.lexists(path):
        raise InputError(f"{path} is there already: choose another -o, or leave out --no_overwrite")
    for other in (source, *inputs):
        if other and os.path.exists(path) and os.path.exists(other) and os.path.samefile(path, other):
            raise InputError(f"the result would overwrite {other}: choose another -o")
    return path


def deliver(path, picture):
    """Write a finishing tool's Pillow image to `path` and print that, unless it is the standard output."""
    write(path, picture)
    if path != STANDARD:
        print(path, flush=True)


def command_line(argv):
    """Return the shell command that this process was started with, `argv` being its arguments."""
    return shlex.join(["python", Path(sys.argv[0]).name, *argv])


def run(main):
    """Run a script's `main()`, which returns an exit status, and exit; a problem becomes one line on standard error."""
    script = Path(sys.argv[0]).name
    if sys.stderr is None:  # Started with the descriptor closed; the work is done all the same.
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if hasattr(sys.stdout, "reconfigure"):
        # Paths go out as the file system has them, whatever the terminal's encoding.
        sys.stdout.reconfigure(encoding=sys.getfilesystemencoding(), errors="surrogateescape")
    # Pillow says something of its own about some broken files, besides raising what becomes our line.
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    try:
        status = main()
    except InputError as problem:
        status = _fail(script, str(problem))
    except KeyboardInterrupt:
        status = SIGNAL_STATUS + signal.SIGINT
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = _fail(script, f"the output could not be written: {error.strerror or error}")
    except Exception as error:
        if not autodiff.may_be_out_of_memory(error):
            raise
        problem = "the memory does not suffice"
        if not autodiff.is_out_of_memory(error):
            problem = f"the GPU cannot do a convolution, mostly for want of memory ({str(error).splitlines()[0]})"
        status = _fail(script, f"{problem}: choose a smaller picture or size")
    sys.exit(status)


def _fail(script, message):
    print(f"{script}: error: {' '.join(message.split())}", file=sys.stderr)
    return 1


SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]
"""What asks a script to end; the last is Windows' own."""


class Interruption:
    """Notes SIGNALS while it is entered, so that a loop can end in its own time; a second one ends at once.

    `signal` is the number of the signal that came, or 0; `exit_status` what a script should exit with.
    """

    def __init__(self):
        self.signal = 0

    @property
    def exit_status(self):
        return SIGNAL_STATUS + self.signal if self.signal else 0

    def __enter__(self):
        self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *exception):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number, frame):
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number


@contextlib.contextmanager
def uninterrupted():
    """Hold an interruption back until what is done meanwhile is done; a second one ends it at once.

    While packages are loaded an exception may be raised in a place that lets it pass unseen.
    """
    with Interruption() as interruption:
        yield
    if interruption.signal:
        signal.raise_signal(interruption.signal)


class Listener:
    """A text stream for messages whose reader may leave: what is written then is lost, and nothing else."""

    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        self._attempt(self._stream.write, text)
        return len(text)

    def flush(self):
        self._attempt(self._stream.flush)

    def _attempt(self, function, *arguments):
        try:
            function(*arguments)
        except OSError:
            # What the stream still has of it would fail once more when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


class Reporter:
    """Messages and progress on standard error: a live bar on a terminal, plain lines elsewhere, nothing if quiet."""

    def __init__(self, quiet=False, stream=None):
        self._stream = Listener(sys.stderr if stream is None else stream)
        self._quiet = quiet
        self._live = not quiet and self._stream.isatty()
        self._bar = None
        self._quarter = 0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """Leave the bar, if there is one, as it stands."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def say(self, line):
        """Print one line, above the bar if there is one."""
        if not self._quiet:
            tqdm.write(line, file=self._stream)

    def download(self, done, total):
        """Show that `done` of `total` bytes (0: unknown) have come."""
        if self._bar is not None and done < self._bar.n:
            self.close()  # The source before broke off.
        if self._live:
            if self._bar is None:
                self._bar = tqdm(total=total or None, unit="B", unit_scale=True, file=self._stream, leave=False)
            self._bar.update(done - self._bar.n)
        elif total:
            quarter = 4 * done // total
            if quarter > self._quarter:
                self.say(f"fetched {done / 1e6:.0f} of {total / 1e6:.0f} MB")
                self._quarter = quarter

    def tiles(self, done, total):
        """Show that `done` of `total` tiles of a picture are done."""
        if self._live:
            if self._bar is None:
                self._bar = tqdm(total=total, unit="tile", file=self._stream, leave=False, dynamic_ncols=True)
            self._bar.update(done - self._bar.n)
        elif 4 * done // total > 4 * (done - 1) // total:
            self.say(f"{done} of {total} tiles done")

    def progress(self, progress):
        """Show one `synthesis.Progress`."""
        if self._live:
            self._show_bar(progress)
        elif progress.ends_iteration or progress.ends_run:
            self.say(_line(progress))
        if progress.ends_run:
            self.close()

    def _show_bar(self, progress):
        if self._bar is None:
            self._bar = tqdm(
                total=progress.evaluations,
                file=self._stream,
                dynamic_ncols=True,
                # All of it fits 80 columns; the losses come last because a narrower terminal cuts the end.
                bar_format="{desc} {n_fmt}/{total_fmt} {bar:6} {remaining} {rate_inv_fmt}{postfix}",
                unit="ev",
                desc=f"0/{progress.iterations}",
            )
        terms = " ".join(f"{name} {value:.1e}" for name, value in progress.terms.items())
        self._bar.set_description_str(f"{progress.iteration}/{progress.iterations}", refresh=False)
        self._bar.set_postfix_str(terms, refresh=False)
        self._bar.update(progress.evaluation - self._bar.n)


def _line(progress):
    """Return a plain line of progress: iteration, losses, speed, time left."""
    terms = " ".join(f"{name} {value:.3g}" for name, value in progress.terms.items())
    text = f"iteration {progress.iteration}/{progress.iterations}: best loss {progress.best:.4g}, now {terms}"
    if progress.evaluation == 0:
        return text
    pace = progress.seconds / (progress.evaluation + 1)
    left = pace * (progress.evaluations - progress.evaluation)
    return f"{text}, {pace:.2f} s per evaluation, {tqdm.format_interval(left)} left"


def picture_texts(settings):
    """Return the text chunks of a picture: the command line and the settings it was made with."""
    command = settings["command"].encode(errors="backslashreplace").decode()
    return {COMMAND: command, "Settings": json.dumps(settings)}
