"""The flags that several scripts share, with the names and defaults of the original ones."""

import argparse

from PIL import ImageColor

from models.layers import MINIMUM_SIDE
from neural_style.command.parser import BOOLEAN, OWN_ROWS, NumberFrom, is_number, painting_size
from neural_style.pictures.color import MATCHES
from neural_style.pictures.images import RESAMPLING
from neural_style.tiling.memory import size_in_bytes

SIZE = (
    "rows of the result; 1200x: columns; max1200: the longer side; 1920x1080: cut to that shape; 50%%, original (-1): "
    "of the photograph's size"
)
"""The help of --image_size."""

CONTENT_WEIGHT = "weight of the content loss: more keeps more of the photograph"
"""The help of --content_weight."""

WEIGHTS = {"gram": (0.1, 8.5e-5), "wasserstein": (0.03, 1.0)}
"""The defaults of --content_weight and --total_variation_weight by the --style_loss of neural_doodle.py; paint.py has
those of the Wasserstein loss."""


def add_transfer_flags(parser):
    """Return `parser` with the flags of style transfer, with the names and defaults of the original scripts."""
    _add_pictures(parser)
    picture = parser.add_argument_group("picture")
    flag = picture.add_argument
    flag("--image_size", type=painting_size, default=400, metavar="SIZE", help=SIZE)
    flag("--maintain_aspect_ratio", **BOOLEAN, default=True, help="columns by the content's aspect ratio, else square")
    _add_result_flags(flag)
    flag("--style_fit", choices=["stretch", "keep"], default="stretch", help="style at the content's size, or its own")

    losses = parser.add_argument_group("losses")
    flag = losses.add_argument
    flag("--content_weight", type=NumberFrom(0), default=0.025, help=CONTENT_WEIGHT)
    flag("--style_weight", type=NumberFrom(0), nargs="+", default=[1.0], help="weight of each style")
    flag("--style_scale", type=NumberFrom(0), default=1.0, help="multiplies every style weight")
    flag("--total_variation_weight", type=NumberFrom(0), default=8.5e-5, help="weight of smoothness")
    flag("--content_loss_type", type=int, choices=[0, 1, 2], default=0, help="0: sum; 1, 2: normalised")
    flag("--content_layer", default="conv5_2", help="layer that describes the content")
    _add_masks_and_colours(parser)
    add_run_flags(parser)
    return parser


def add_painting_flags(parser):
    """Return `parser` with the flags of paint.py: those of style transfer that make sense there, and its own."""
    _add_pictures(parser)
    picture = parser.add_argument_group("picture")
    flag = picture.add_argument
    flag("--image_size", type=painting_size, default=400, metavar="SIZE", help=SIZE)
    strokes = "size of the strokes: the style's longer side, relative to the result's; 0.5 is finer, 2 larger"
    flag("--style_size", type=NumberFrom(0.05, most=20), default=1.0, help=strokes)
    flag("--quality", choices=list(QUALITIES), default="normal", help="how long to paint; draft is a first look")
    _add_result_flags(flag)

    losses = parser.add_argument_group("losses")
    flag = losses.add_argument
    content, smoothness = WEIGHTS["wasserstein"]
    flag("--content_weight", type=NumberFrom(0), default=content, help="how much of the photograph, at every size")
    shares = "share of each style where several meet; default: all the same"
    flag("--style_weight", type=NumberFrom(0), nargs="+", metavar="SHARE", help=shares)
    grain = "weight of smoothness: more takes out grain"
    tv_names = ("--smoothness", "--total_variation_weight")
    flag(*tv_names, dest="total_variation_weight", type=NumberFrom(0), default=smoothness, help=grain)
    flag("--content_layer", default="conv4_2", help="layer that describes the content")
    _add_masks_and_colours(parser)
    add_run_flags(parser)
    parser.set_defaults(maintain_aspect_ratio=True, style_fit="longer", style_scale=1.0, content_loss_type=3)
    parser.set_defaults(num_iter=None, evaluations=5, save_every=0, precision="auto")
    return parser


def add_film_flags(parser):
    """Return `parser` with the flags that video.py has besides those of paint.py."""
    flag = parser.add_argument_group("film").add_argument
    flicker = "weight against flicker: more holds each frame to those before, less lets it be painted afresh"
    flag("--flicker", type=NumberFrom(0), default=1.0, metavar="WEIGHT", help=flicker)
    every = "paint every Nth frame, and carry the others on from those around them: for drafts"
    flag("--every", type=NumberFrom(1, int), default=1, metavar="N", help=every)
    rate = "frames a second of a folder of pictures (default: 24)"
    flag("--fps", type=NumberFrom(0.1, most=240), metavar="RATE", help=rate)
    flag("--keep_frames", **BOOLEAN, default=False, help="leave the painted frames in OUT_run when the film is written")
    jobs = "scenes at once; default: 1, on a cluster one for each GPU, else for each machine"
    add_pool_flags(flag, jobs)
    return parser


def add_pool_flags(flag, jobs):
    """Add --jobs, whose help is `jobs`, and --cluster by `flag`, the `add_argument` of a parser or group."""
    flag("--jobs", type=NumberFrom(1, int), metavar="N", help=jobs)
    flag("--cluster", metavar="ADDRESS|auto", help="share them out over a Ray cluster")


QUALITIES = {"draft": (3, (4, 1)), "normal": (1, (8, 5)), "best": (1, (16, 10))}
"""By the --quality of paint.py: how often the pixels double from scale to scale, and the iterations at the first ones.

The last number of iterations holds for all larger scales too, which begin with all but their finest strokes in place:
with 10 and 10 at the first two, the last one ends with no lower a loss.
"""


def _add_pictures(parser):
    """Add the pictures that go in, and where the result goes."""
    parser.add_argument("content", metavar="CONTENT", help="the photograph to paint; - reads the standard input")
    parser.add_argument("styles", metavar="STYLE", nargs="+", help="the picture or pictures whose style to use")
    parser.add_argument(
        "prefix", metavar="PREFIX", help="path of the result: PNG, or by its ending; -: the standard output"
    )
    alpha = "transparent parts: keep them in the result and out of the style, or drop: white in both"
    parser.add_argument("--alpha", choices=["keep", "drop"], default="keep", help=alpha)


def _add_result_flags(flag):
    """Add what the result begins with, and how it is saved, by `flag`, the `add_argument` of a group."""
    flag("--rescale_image", **BOOLEAN, default=False, help="save pictures in the content's own size")
    flag("--rescale_method", choices=list(RESAMPLING), default="bilinear", help="how to resize them")
    flag("--init_image", default="content", metavar="START", help="content, noise, gray or the path of a picture")


def _add_masks_and_colours(parser):
    """Add the flags that say where to paint, and in which colours."""
    masks = parser.add_argument_group("masks (pictures, white where they hold)")
    flag = masks.add_argument
    flag("--style_masks", nargs="+", metavar="MASK", default=[], help="where to paint each style, one each; to be last")
    flag("--content_mask", metavar="MASK", help="where to paint at all; style masks then only choose from the styles")
    flag("--content_masks", nargs="+", metavar="MASK", default=[], help="with --style_mask_space style: where to paint")
    flag("--style_mask_space", choices=["content", "style"], default="content", help="what the style masks lie on")
    add_feather_flag(flag)
    flag("--keep_unmasked", **BOOLEAN, default=False, help="pixels that no mask covers stay the content's")

    colours = parser.add_argument_group("colours")
    flag = colours.add_argument
    flag("--preserve_color", **BOOLEAN, default=False, help="save pictures with the content's colours")
    flag("--color_mask", metavar="MASK", help="do so only where this is white")
    matches = ["none", *MATCHES]
    flag("--color_match", choices=matches, default="none", help="give the styles the content's colours first")


def add_doodle_flags(parser):
    """Return `parser` with the flags of neural_doodle.py, with the names and defaults of the original one."""
    pictures = parser.add_argument_group("pictures")
    flag = pictures.add_argument
    flag("--style_image", required=True, metavar="FILE", help="the picture whose style to use")
    flag("--style_mask", required=True, metavar="FILE", help="map of its regions, one colour each")
    flag("--target_mask", required=True, metavar="FILE", help="the doodle: where to paint the regions")
    flag("--content_image", metavar="FILE", help="photograph whose shapes to keep")
    region = "colour of the doodle, like #00ff00, in whose regions the photograph itself is kept"
    flag("--content_region", type=_colour, metavar="COLOUR", help=region)
    flag("--target_image_prefix", required=True, dest="prefix", metavar="PREFIX", help="path of the results")
    flag("--nlabels", type=NumberFrom(1, int), help="number of regions; without it the masks' colours are counted")
    names = ("--img_size", "--image_size")
    size = f"{SIZE.partition(';')[0]}, -1: those of the target mask;{SIZE.partition(';')[2]}, of that mask"
    flag(*names, dest="image_size", type=painting_size, default=OWN_ROWS, metavar="SIZE", help=size)
    start = "content, noise or a picture's path; default: content if given, else noise"
    flag("--init_image", metavar="START", help=start)
    flag("--style_fit", choices=["stretch", "keep"], default="stretch", help="style at the result's size, or its own")
    flag("--preserve_color", **BOOLEAN, default=False, help="save pictures with the content's colours")
    finish = "smooth takes grain out of saved pictures"
    flag("--finish", choices=["none", "smooth"], default="none", help=finish)

    losses = parser.add_argument_group("losses")
    flag = losses.add_argument
    content, smoothness = (" and ".join(f"{w[i]:g} ({loss})" for loss, w in WEIGHTS.items()) for i in (0, 1))
    flag("--content_weight", type=NumberFrom(0), help=f"{CONTENT_WEIGHT}; default: {content}")
    flag("--style_weight", type=NumberFrom(0), default=1.0, help="weight of the style loss")
    flag("--region_style_weight", type=NumberFrom(0), default=1.0, help="multiplies it")
    tv_names = ("--tv_weight", "--total_variation_weight")
    help = f"weight of smoothness; default: {smoothness}"
    flag(*tv_names, dest="total_variation_weight", type=NumberFrom(0), help=help)
    flag("--improved", **BOOLEAN, default=False, help="the loss of the original improved_neural_doodle.py")
    kinds = "gram: that of the original; wasserstein: that of paint.py, each region with its own distribution"
    flag("--style_loss", choices=["gram", "wasserstein"], default="gram", help=kinds)
    parser.set_defaults(content_layer="conv5_2", content_loss_type=0)
    add_run_flags(parser)
    return parser


def _colour(text):
    """Return a colour as #rrggbb, however it is written."""
    try:
        red, green, blue, *_ = ImageColor.getrgb(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no colour: write one like '#00ff00', in quotes, or lime"
        ) from None
    return f"#{red:02x}{green:02x}{blue:02x}"


def _memory(text):
    """Return the bytes that a flag's value names."""
    try:
        size = size_in_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if size < LEAST_MEMORY:
        unit = "G" if size < MANY_GIBIBYTES else "M"
        hint = f": did you mean {text}{unit}?" if size and is_number(text) else ""
        raise argparse.ArgumentTypeError(f"'{text}' is {size} bytes, too little for anything{hint}")
    return size


MANY_GIBIBYTES = 256
"""As a number without a unit, what is rather meant as mebibytes."""

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
    precision += "; auto: that where it is known to be faster"
    flag("--precision", choices=["float32", "bfloat16", "auto"], default="float32", help=precision)

    memory = parser.add_argument_group("memory")
    flag = memory.add_argument
    allowed = "what a run may use, like 6G; default: 80%% of what is free"
    flag("--max_memory", type=_memory, metavar="SIZE", help=allowed)
    tile = "work in tiles of about so many rows, a multiple of 16; 0: never; default: as needed"
    flag("--tile", type=_tile, metavar="ROWS", help=tile)

    cluster = "look at the tiles by the machines of a Ray cluster, or by N processes of this one"
    flag("--cluster", metavar="ADDRESS|auto|local[:N]", help=cluster)

    run = parser.add_argument_group("run")
    flag = run.add_argument
    rows, count = NumberFrom(1, int), NumberFrom(0, int)
    scales = "paint at these sizes in turn; the last is the result's"
    flag("--scales", type=rows, nargs="+", metavar="ROWS", help=scales)
    flag("--num_iter", type=count, nargs="+", default=[10], metavar="N", help="iterations; one, or one per scale")
    flag("--evaluations", type=rows, default=20, help="evaluations per iteration")
    improvement = "end a scale when an iteration lowers the loss by less percent"
    flag("--min_improvement", type=NumberFrom(0), default=0.0, help=improvement)
    flag("--save_every", type=count, default=1, help="save every N iterations; 0: only the last")
    flag("--animate", **BOOLEAN, default=False, help="also write PREFIX.gif and PREFIX.webp of the iterations")
    flag("--seed", type=count, default=0, help="seed of the noise")
    flag(
        "--resume",
        **BOOLEAN,
        default=False,
        help="go on with the run of this PREFIX, if there is one; for longer, if asked",
    )
    kept = "after a finished run too, so that it can go on for longer"
    flag("--keep_checkpoint", **BOOLEAN, default=True, help=kept)
    flag("--no_overwrite", **BOOLEAN, default=False, help="refuse to replace a result that is there")
    preset = "flags of a file, or of a name in presets/; those given beside it win"
    flag("--preset", metavar="NAME|FILE.toml", help=preset)
    flag("--save_preset", metavar="FILE.toml", help="write the flags that are given to a file for --preset")
    add_message_flags(flag)


def add_message_flags(flag):
    """Add --quiet and --json by `flag`, the `add_argument` of a parser or group."""
    flag("--quiet", **BOOLEAN, default=False, help="no messages but errors")
    json = "messages and progress as JSON, one object per line of standard error"
    flag("--json", **BOOLEAN, default=False, help=json)


def add_feather_flag(flag):
    """Add --mask_feather by `flag`, the `add_argument` of a parser or group."""
    flag("--mask_feather", type=NumberFrom(0, most=10000), default=0.0, metavar="PIXELS", help="soften masks' borders")


def add_output_flags(flag):
    """Add -o and --no_overwrite by `flag`, the `add_argument` of a parser or group."""
    output = "the picture to write; -: PNG to the standard output; default: PNG beside the input"
    flag("-o", "--output", metavar="OUT", help=output)
    flag("--no_overwrite", **BOOLEAN, default=False, help="refuse to replace a picture that is there")
