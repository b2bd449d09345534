"""What holds for any picture, mask, colour and label map, tried on many that hypothesis makes up."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from models.layers import layer_names, size_at
from neural_style.errors import InputError
from neural_style.pictures import color, images, labels, masks
from neural_style.tiling.tiles import intervals

settings.register_profile("here", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
settings.load_profile("here")

SIDES = st.integers(1, 40)
SIZES = st.tuples(SIDES, SIDES)


@st.composite
def pictures(draw, size=None):
    """An RGB picture, uint8 (height, width, 3): a few colours, all alike or noise."""
    height, width = size or draw(SIZES)
    if draw(st.booleans()):
        return draw(arrays("uint8", (height, width, 3), elements=st.integers(0, 255), fill=st.integers(0, 255)))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    return generator.integers(0, 256, (height, width, 3), dtype="uint8")


@st.composite
def pairs(draw):
    """Two pictures of one size, float32."""
    size = draw(SIZES)
    return tuple(draw(pictures(size)).astype("float32") for _ in range(2))


@st.composite
def gray_masks(draw):
    height, width = draw(SIZES)
    return Image.fromarray(draw(arrays("uint8", (height, width), elements=st.integers(0, 255))), "L")


@given(pictures())
def test_a_picture_survives_the_way_to_an_array_and_back(pixels):
    assert np.array_equal(np.asarray(images.to_picture(images.to_array(Image.fromarray(pixels)))), pixels)


@given(pictures(), SIZES, st.sampled_from(sorted(images.RESAMPLING)))
def test_a_resized_picture_has_the_size_and_stays_in_range(pixels, size, method):
    result = images.to_array(Image.fromarray(pixels), size, method)
    assert result.shape == (*size, 3)
    assert result.min() >= 0
    assert result.max() <= 255


@given(st.integers(0, 255), SIZES, SIZES)
def test_a_flat_picture_stays_flat_at_any_size(gray, before, after):
    flat = np.full((*before, 3), gray, "float32")
    assert np.allclose(images.resized(flat, after), gray, atol=1e-3)


@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(1, 4000))
def test_columns_are_those_of_the_aspect_ratio_rounded_down(height, width, rows):
    size = images.size_of_rows((height, width), rows)
    assert size[0] == rows
    assert 0 <= rows * width / height - size[1] < 1


@given(gray_masks(), SIZES, st.booleans())
def test_a_mask_is_between_zero_and_one_at_any_size(mask, size, soft):
    values = masks.at_size(mask, size, soft)
    assert values.shape == size
    assert values.dtype == "float32"
    assert values.min() >= 0
    assert values.max() <= 1
    if not soft:
        assert set(np.unique(values)) <= {0.0, 1.0, np.float32(masks.HALF / 255)}


@given(gray_masks(), st.floats(0.1, 20))
def test_a_feathered_mask_has_its_border_where_the_mask_has_or_is_refused(mask, pixels):
    size = images.size(mask)
    try:
        soft = masks.at_size(masks.feathered(mask, size, pixels), size, soft=True)
    except InputError:  # All of it was softened away.
        return
    assert 0.5 - 1 / 255 <= soft.max() <= 1
    assert soft.min() >= 0


@given(pairs())
def test_luminance_transfer_keeps_the_luminance_of_the_painting(pair):
    content, painting = pair
    result = color.with_chrominance_of(content, painting)
    assert np.allclose(result @ color.LUMA, painting @ color.LUMA, atol=1e-3)
    chroma = lambda picture: picture - (picture @ color.LUMA)[..., None]
    assert np.allclose(chroma(result), chroma(content), atol=1e-3)


@given(pairs(), st.sampled_from(["luminance", "histogram", "linear"]))
def test_colours_transferred_are_finite_and_those_of_itself_change_nothing(pair, method):
    content, painting = pair
    result = np.asarray(color.transfer(content, painting, method), "float32")
    assert result.shape == painting.shape
    assert np.isfinite(result).all()
    same = np.asarray(color.transfer(painting, painting, method), "float32")
    assert np.allclose(same, painting, atol=1.0)


@given(pairs())
def test_a_matched_histogram_has_only_colours_of_the_reference(pair):
    picture, reference = pair
    matched = color.match_histogram(picture, reference)
    for channel in range(3):
        low, high = reference[..., channel].min(), reference[..., channel].max()
        assert low <= matched[..., channel].min()
        assert matched[..., channel].max() <= high


@given(pictures(), arrays("uint8", st.tuples(st.integers(1, 6), st.just(3)), elements=st.integers(0, 255)))
def test_every_pixel_gets_the_number_of_its_nearest_colour(pixels, colours):
    numbers = labels.nearest(Image.fromarray(pixels), colours.astype("float32"))
    distances = np.square(pixels[:, :, None].astype(float) - colours.astype(float)).sum(axis=-1)
    chosen = np.take_along_axis(distances, numbers[..., None], axis=-1)[..., 0]
    assert np.array_equal(chosen, distances.min(axis=-1))


@given(arrays("int64", st.tuples(st.integers(16, 40), st.integers(16, 40)), elements=st.integers(0, 3)))
def test_the_masks_of_all_labels_add_up_to_one_at_every_layer(numbers):
    layers = layer_names("vgg16")
    for layer, soft in labels.at_layers(numbers, 4, "vgg16", layers).items():
        assert soft.shape == (1, *size_at(layer, numbers.shape), 4)
        assert soft.min() >= 0
        assert np.allclose(soft.sum(axis=-1), 1, atol=1e-5)


@given(st.integers(16, 3000), st.integers(64, 1024), st.integers(0, 6))
def test_tiles_cover_a_length_once_and_see_their_margin(length, side, margins):
    margin = 32 * margins
    parts = intervals(length, side, margin)
    assert [part.begin for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end == length
    for part in parts:
        assert part.first == max(0, part.begin - margin)
        assert part.last == min(length, part.end + margin)
