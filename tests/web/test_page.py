"""The page in a real browser: from a photograph to a finished picture, and what may come between."""

import contextlib
import json
import re
import shutil
import subprocess
import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import paint
from neural_style.video import film
from tests.conftest import CASTLE, ROOT, STARRY_NIGHT
from tests.conftest import opened as opened_picture
from tests.web.conftest import SHAPES, Server

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""Commands of browsers, those first that are the quickest."""

BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")]

WAIT = 90_000
"""Milliseconds that anything may take on a slow machine."""


GOING = ("queued", "running")
"""The states of a run that is not over."""

LONG = 5000
"""Iterations that take longer than any test."""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def context(browser):
    """A window's cookies and cache, shared because to fetch the page anew takes longer than most tests do with it."""
    with contextlib.closing(browser.new_context()) as context:
        context.set_default_timeout(WAIT)
        yield context


@contextlib.contextmanager
def opened(context, address, width=1280, height=900, asking=""):
    """Open the page; nothing it does may go anywhere else."""
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": height})
    elsewhere = []
    here = re.compile(rf"(data:|blob:|{re.escape(address)})")
    page.on("request", lambda request: here.match(request.url) or elsewhere.append(request.url))
    page.goto(f"{address}/{asking}")
    page.get_by_role("heading", name="Studio").wait_for()
    page.locator("#picture").wait_for()
    yield page
    page.close()
    assert elsewhere == []


@pytest.fixture
def page(context, server):
    with opened(context, server.address) as page:
        yield page


@pytest.fixture
def pictures(tmp_path):
    """Small pictures: a photograph and a style."""
    for name, path in (("photo", CASTLE), ("style", STARRY_NIGHT)):
        picture = opened_picture(path).convert("RGB")
        picture.resize((96, 64)).save(tmp_path / f"{name}.png")
    return tmp_path / "photo.png", tmp_path / "style.png"


def choose(page, place, *paths):
    page.locator(f"#{place} input[type=file]").set_input_files([str(path) for path in paths])


def fill(page, name, value):
    page.locator(f"#field-{name}:visible input, #field-{name}:visible textarea").first.fill(str(value))


def filled(page, pictures, rows=48, iterations=1, light=False):
    """Fill in a small style transfer after Gatys et al.; a `light` one needs little of the network."""
    photo, style = pictures
    page.get_by_label("Gatys et al.").click()
    page.locator("#field-num_iter:visible").first.wait_for()
    choose(page, "content", photo)
    choose(page, "add-styles", style)
    page.get_by_text("Weight of style 1").wait_for()
    page.locator("#content .choose img").wait_for()
    fill(page, "image_size", rows)
    fill(page, "num_iter", iterations)
    if light:
        page.get_by_label("number input for Weight of style 1").fill("0")
        for title in ("All settings", "Losses"):
            page.get_by_role("button", name=title).first.click()
        fill(page, "content_layer", "conv1_1")


def filled_for_long(page, pictures):
    """Fill in a run that nobody waits for; a light one would converge."""
    filled(page, pictures, rows=64, iterations=LONG)


def recoloured(page, pictures, folder):
    """Transfer colours, which takes less time than to paint; return the run's folder."""
    page.get_by_role("tab", name="Colour transfer").click()
    choose(page, "color-content", pictures[0])
    choose(page, "color-generated", pictures[1])
    page.locator("#color-generated .choose img").wait_for()
    page.wait_for_timeout(1000)
    return ended(started(page, folder, "Transfer the colours"))


def shows(page, word):
    """Wait until the run that is looked at says `word` of its state, and return all it says."""
    page.locator("#progress .state", has_text=word).wait_for()
    return page.locator("#progress").inner_text()


def runs_in(folder):
    return {path.parent for path in folder.glob("*/run.json")}


def started(page, folder, button="Paint"):
    """Press a tab's button and return the folder of the run that it starts."""
    before = runs_in(folder)
    page.get_by_role("button", name=button, exact=True).locator("visible=true").click()
    until(lambda: runs_in(folder) - before)
    (run,) = runs_in(folder) - before
    page.locator(f'#progress [data-run="{run.name}"]').wait_for()
    return run


def ended(run, state="done"):
    """Wait until a run is over, and return its folder."""
    until(lambda: json.loads((run / "run.json").read_text())["state"] not in GOING)
    assert json.loads((run / "run.json").read_text())["state"] == state, (run / "log.txt").read_text()
    return run


def until(condition):
    end = time.monotonic() + WAIT / 1000
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def command_of(page):
    """Return the command that the page shows for its present settings."""
    page.get_by_text("Command", exact=True).locator("visible=true").click()
    page.locator(".command:visible", has_text="python ").wait_for()
    page.wait_for_timeout(500)
    return " ".join(page.locator(".command:visible .cm-content").inner_text().split("\n"))


def test_a_photograph_becomes_a_picture_and_the_copied_command_gives_the_same(
    page, pictures, folder, tmp_path, run_here
):
    filled(page, pictures, light=True)
    command = command_of(page)
    run = ended(started(page, folder))
    assert "evaluation 20 of 20" in shows(page, "finished")
    shown = page.locator("#picture img.after").get_attribute("src")
    content = page.request.get(f"{page.url}{shown}").body()
    assert opened_picture(BytesIO(content)).size == (72, 48)
    page.locator("#losses svg").wait_for()
    assert "results/picture" in command
    mine = command.replace("results/picture", str(tmp_path / "mine"))
    words = subprocess.run(["bash", "-c", f"printf '%s\\0' {mine}"], capture_output=True, text=True, check=True).stdout
    python, script, *arguments, _ = words.split("\0")
    assert (python, script) == ("python", "network.py")
    assert run_here(script, *arguments).returncode == 0
    result = np.asarray(opened_picture(run / "picture.png"))
    assert np.array_equal(np.asarray(opened_picture(tmp_path / "mine.png")), result)
    assert not (run / "picture_run" / "checkpoint.npz").exists()  # The page goes on with nothing that is finished.
    # The command that the page shows for the run itself names the same place, so all of the file is the same.
    first = (run / "picture.png").read_bytes()
    own = json.loads((run / "run.json").read_text())["arguments"]
    assert run_here("network.py", *own).returncode == 0
    assert (run / "picture.png").read_bytes() == first


def test_the_first_method_paints_without_another_choice_than_of_pictures(page, pictures, folder):
    photo, style = pictures
    choose(page, "content", photo)
    choose(page, "add-styles", style)
    page.get_by_text("Weight of style 1").wait_for()
    page.get_by_label("number input for How much of the photograph").fill("0.03")
    page.get_by_label("number input for Size of the strokes").fill("0.5")
    fill(page, "image_size", "max96")
    page.locator("#field-quality input").click()
    page.get_by_role("option", name="draft").click()
    run = ended(started(page, folder))
    assert "evaluation 20 of 20" in shows(page, "finished")
    arguments = json.loads((run / "run.json").read_text())["arguments"]
    flags = paint.METHOD.parser().parse(arguments)
    assert (flags.content_weight, flags.style_size, flags.image_size, flags.quality) == (0.03, 0.5, "max96", "draft")
    assert opened_picture(run / "picture.png").size == (96, 64)


def test_a_film_becomes_a_film(page, pictures, folder, tmp_path):
    picture = opened_picture(CASTLE).convert("RGB").resize((150, 100))
    frames = [picture.crop((3 * n, 0, 3 * n + 120, 80)) for n in range(3)]
    film.write(str(tmp_path / "a pan.mp4"), film.Film("", (80, 120), (0.0, 0.1, 0.2)), frames)
    page.get_by_role("tab", name="Film").click()
    choose(page, "film", tmp_path / "a pan.mp4")
    choose(page, "film-styles", pictures[1])
    for place in ("film", "film-styles"):
        page.locator(f"#{place} .choose img").wait_for()
    fill(page, "image_size", "48")
    page.locator("#field-quality:visible input").click()
    page.get_by_role("option", name="draft").click()
    fill(page, "every", "2")
    run = ended(started(page, folder, "Paint the film"))
    shows(page, "finished")
    assert film.opened(run / "picture.mp4").size == (48, 72)
    page.locator("#picture video").wait_for()
    page.wait_for_function("document.querySelector('#picture video').poster")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the film").click()
    assert download.value.suggested_filename == f"{run.name}.mp4"
    assert json.loads((run / "run.json").read_text())["arguments"][-4:] == ["--quality", "draft", "--every", "2"]


def test_a_run_and_its_animation_are_saved_under_the_runs_name(page, pictures, folder):
    filled(page, pictures, light=True)
    page.get_by_role("button", name="Course of the run").first.click()
    page.locator("#field-animate input").check()
    run = ended(started(page, folder))
    shows(page, "finished")
    for what, ending in (("picture", "png"), ("animation", "gif")):
        with page.expect_download() as download:
            page.get_by_role("link", name=f"Save the {what}").click()
        assert download.value.suggested_filename == f"{run.name}.{ending}"
        with open(download.value.path(), "rb") as file:
            assert file.read() == (run / f"picture.{ending}").read_bytes()


def test_a_page_where_nothing_happens_only_asks_whether_there_is_news(page, folder):
    until(lambda: all(json.loads((run / "run.json").read_text())["state"] not in GOING for run in runs_in(folder)))
    page.wait_for_timeout(3000)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert asked
    assert {url.rpartition("/runs/")[2] for url in asked} == {"version"}


def test_the_browser_keeps_the_form_until_its_window_is_closed_and_nothing_else(page, pictures):
    filled(page, pictures)
    until(lambda: "style.png" in page.evaluate("sessionStorage.forms ?? ''"))
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 1]
    assert len(page.evaluate("sessionStorage.forms")) < 2000


def test_a_large_upload_is_taken(page, tmp_path):
    Image.new("RGB", (6000, 6000), (200, 90, 40)).save(tmp_path / "large.tif")
    assert (tmp_path / "large.tif").stat().st_size > 100e6
    choose(page, "content", tmp_path / "large.tif")
    page.locator("#content .choose img").wait_for()


def test_styles_are_weighted_put_in_order_and_left_out(page, pictures):
    filled(page, pictures)
    choose(page, "add-styles", CASTLE)
    page.get_by_label("number input for Weight of style 2").fill("0.25")
    page.get_by_label("number input for Weight of style 2").blur()
    page.wait_for_timeout(1500)
    assert re.search(r"style\.png \S+/neuschwanstein-castle\.jpg .*--style_weight 1 0\.25", command_of(page))
    page.get_by_role("button", name="move style 2 up").click()
    shown = re.compile(r"neuschwanstein-castle\.jpg\s\S+/style\.png\s[^$]*--style_weight 0\.25 1")
    page.locator(".command:visible .cm-content").filter(has_text=shown).wait_for()
    fill(page, "image_size", 77)
    page.locator(".command:visible .cm-content").filter(has_text="--image_size 77").wait_for()
    page.get_by_role("button", name="leave style 1 out").click()
    page.get_by_text("Weight of style 2").wait_for(state="detached")


def drag(page, canvas, *places):
    """Draw through places given as parts of the canvas's width and height."""
    box = page.locator(f"#{canvas} canvas").bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=12)
    page.mouse.up()


def sheet_is_there(page, canvas):
    page.wait_for_function(f"document.querySelector('#{canvas} canvas')?.width > 1")
    page.locator(f"#{canvas} canvas").scroll_into_view_if_needed()
    page.wait_for_timeout(300)


def test_a_mask_is_drawn_and_the_style_is_painted_there_only(page, pictures, folder):
    filled(page, pictures)
    page.get_by_role("button", name="Mask of style 1", exact=True).click()
    sheet_is_there(page, "mask-canvas")
    page.locator("#mask-canvas input[type=range]").fill("60")
    drag(page, "mask-canvas", (0.25, 0.1), (0.25, 0.9))
    page.get_by_label("where to take it from").click()  # To look at the other mask loses nothing of this one.
    page.get_by_role("button", name="Mask ✓ of style 1").wait_for()
    page.get_by_label("where to paint it").click()
    page.wait_for_timeout(1000)
    page.get_by_role("button", name="Use the drawing").click()
    page.locator("#mask-editor").first.wait_for(state="hidden")
    run = ended(started(page, folder))
    text = (run / "run.json").read_text()
    (mask,) = re.findall(r'"--style_masks",\s+"([^"]+)"', text)
    white = np.asarray(opened_picture(mask)) > 127
    assert white[10:-10, int(0.2 * white.shape[1])].all()
    assert not white[:, white.shape[1] // 2 :].any()
    painted = np.asarray(opened_picture(run / "picture.png"), "float64")
    photo = np.asarray(opened_picture(pictures[0]).resize((72, 48), Image.Resampling.BILINEAR), "float64")
    change = np.abs(painted - photo).mean(axis=(0, 2))
    assert change[5:25].mean() > 3 * change[55:].mean()


def test_the_subject_of_the_photograph_becomes_a_mask(page, pictures, folder):
    filled(page, (ROOT / "images" / "inputs" / "content" / "playing-kitten.jpg", pictures[1]), rows=64)
    page.get_by_role("button", name="Mask of style 1", exact=True).click()
    sheet_is_there(page, "mask-canvas")
    page.get_by_role("button", name="The subject", exact=True).click()
    page.get_by_role("button", name="Mask ✓ of style 1").wait_for()
    page.get_by_role("button", name="Mask ✓ of style 1").click()
    sheet_is_there(page, "mask-canvas")
    page.get_by_role("button", name="No mask").click()
    page.get_by_role("button", name="Mask of style 1", exact=True).wait_for()
    (mask,) = folder.glob("uploads/*/subject.png")
    white = np.asarray(opened_picture(mask).convert("L")) > 127
    assert 0.1 < white.mean() < 0.6
    assert white[white.shape[0] // 2, white.shape[1] // 2]


def test_a_waiting_run_is_taken_out_of_the_queue(page, pictures, folder):
    filled_for_long(page, pictures)
    first = started(page, folder)
    second = started(page, folder)
    shows(page, "waiting")
    page.get_by_role("button", name="Stop", exact=True).click()
    ended(second, "stopped")
    page.get_by_role("tab", name="Runs").click()
    page.locator("#shelf [data-run]").nth(1).click()
    page.locator(f'#progress [data-run="{first.name}"]').wait_for()
    page.get_by_role("button", name="Stop", exact=True).click()
    ended(first, "stopped")
    page.get_by_role("button", name="Start again").or_(page.get_by_role("button", name="Go on")).click()
    page.get_by_role("button", name="Stop", exact=True).click()
    ended(first, "stopped")


def test_a_doodle_is_painted_in_the_maps_colours(page, pictures, folder, tmp_path):
    regions = np.zeros((64, 96, 3), "uint8")
    regions[:, :48] = (255, 0, 0)
    regions[:, 48:] = (0, 0, 255)
    Image.fromarray(regions).save(tmp_path / "map.png")
    page.get_by_role("tab", name="Neural doodle").click()
    choose(page, "doodle-style", pictures[1])
    choose(page, "doodle-map", tmp_path / "map.png")
    sheet_is_there(page, "doodle-canvas")
    page.get_by_label("paint #0000ff").click()
    page.locator("#doodle-canvas input[type=range]").fill("40")
    drag(page, "doodle-canvas", (0.0, 0.25), (0.4, 0.25))
    page.get_by_role("combobox", name="Begin with").focus()  # To pass through it changes nothing.
    page.keyboard.press("Escape")
    fill(page, "image_size", 64)
    fill(page, "num_iter", 1)
    run = ended(started(page, folder))
    (doodle,) = re.findall(r'"--target_mask",\s+"([^"]+)"', (run / "run.json").read_text())
    colours = {tuple(colour) for colour in np.asarray(opened_picture(doodle)).reshape(-1, 3)}
    assert colours == {(255, 0, 0), (0, 0, 255)}
    assert tuple(np.asarray(opened_picture(doodle))[16, 20]) == (0, 0, 255)
    assert opened_picture(run / "picture.png").size == (96, 64)
    shows(page, "finished")
    page.get_by_role("button", name="Load these settings").click()
    page.get_by_text("The settings of this run are in the form").wait_for()
    sheet_is_there(page, "doodle-canvas")
    page.get_by_label("paint #ff0000").click()
    drag(page, "doodle-canvas", (0.5, 0.75), (0.9, 0.75))
    again = started(page, folder)
    page.get_by_role("button", name="Stop", exact=True).click()
    (doodle,) = re.findall(r'"--target_mask",\s+"([^"]+)"', (again / "run.json").read_text())
    pixels = np.asarray(opened_picture(doodle))
    assert [tuple(pixels[place]) for place in ((16, 20), (48, 70))] == [(0, 0, 255), (255, 0, 0)]


HARD_TO_READ = """() => {
    const channels = (colour) => colour.match(/[0-9.]+/g).map(Number);
    const light = (rgb) => rgb.slice(0, 3)
        .map((value) => value / 255)
        .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
        .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
    const ground = (part) => {
        for (let at = part; at; at = at.parentElement) {
            const colour = channels(getComputedStyle(at).backgroundColor);
            if (colour.length < 4 || colour[3] > 0.99) return colour;
        }
        return [255, 255, 255];
    };
    const found = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const part = texts.currentNode.parentElement;
        const words = texts.currentNode.textContent.trim();
        const box = part.getBoundingClientRect();
        if (!words || !part.checkVisibility({ visibilityProperty: true }) || box.width < 2 || box.height < 2) continue;
        if (part.closest("svg, script, style, :disabled, .cm-editor, option")) continue;
        const style = getComputedStyle(part);
        const [first, second] = [light(channels(style.color)), light(ground(part))].sort((a, b) => b - a);
        const contrast = (first + 0.05) / (second + 0.05);
        const size = parseFloat(style.fontSize);
        if (contrast < 4.5 || size < 13) found.push(`${words.slice(0, 40)}: ${contrast.toFixed(1)}, ${size} px`);
    }
    return [...new Set(found)];
}"""
"""Texts in sight with a contrast below 4.5 : 1 (WCAG 2.2, 1.4.3) or smaller than 13 pixels."""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_that_is_written_can_be_read(context, server, theme):
    with opened(context, server.address, asking=f"?__theme={theme}") as page:
        for tab in ("Painting", "Neural doodle", "Colour transfer", "Mask transfer", "Enhance", "Runs"):
            page.get_by_role("tab", name=tab).click()
            page.wait_for_timeout(500)
            for fold in page.get_by_role("button", name="All settings").locator("visible=true").all():
                fold.click()
            page.wait_for_timeout(300)
            found = page.evaluate(HARD_TO_READ)
            assert not found, f"{tab}: {'; '.join(found)}"


TOO_SMALL = """() => [...document.querySelectorAll(
    "button, a, label:has(input[type=radio]), label.checkbox-container," +
    "input:not([type=file], [type=radio], [type=checkbox])"
)].filter(part => {
    const box = part.getBoundingClientRect();
    // Gradio's sliders are as thick as their track; the number beside each does the same.
    const track = part.type === "range" && part.className;
    return part.checkVisibility({ visibilityProperty: true }) && !track && box.width > 1 && box.height < 43.5;
}).map(part => `${part.getAttribute("aria-label") || part.textContent.trim() || part.id}: ${part.clientHeight}`)"""
"""What is touched and lower than 44 pixels."""


def test_all_that_is_touched_is_as_large_as_a_finger(page):
    page.get_by_role("button", name="Surprise me").click()
    page.locator("#styles li").wait_for()
    for tab in ("Painting", "Neural doodle", "Colour transfer", "Mask transfer", "Enhance", "Runs"):
        page.set_viewport_size({"width": 1280, "height": 844})
        page.get_by_role("tab", name=tab).click()
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_timeout(500)
        found = page.evaluate(TOO_SMALL)
        assert not found, f"{tab}: {'; '.join(found)}"


def test_samples_and_looks_are_chosen_by_a_click(page, pictures):
    page.get_by_role("button", name="Surprise me").click()
    page.get_by_text("Weight of style 1").wait_for()
    page.locator("#content .choose img").wait_for()
    choose(page, "content", pictures[0])
    page.locator("#content .name", has_text="photo.png").wait_for()
    page.get_by_role("button", name="Surprise me").click()
    page.wait_for_timeout(1000)
    assert page.locator("#content .name").inner_text() == "photo.png"  # What is a user's own is not taken away.
    assert page.locator("#styles li").count() == 1
    fill(page, "image_size", "max321")
    page.locator("#presets [data-name=texture]").click()
    page.locator("#content .remove").click()
    page.locator("#content [data-sample$='kingfisher.jpg']").click()
    page.locator("#content .name", has_text="kingfisher.jpg").wait_for()
    shown = re.compile(r"/kingfisher\.jpg .*--image_size max321 .*--init_image noise .*--content_weight 0\.001")
    page.get_by_text("Command", exact=True).locator("visible=true").click()
    page.locator(".command:visible .cm-content").filter(has_text=shown).wait_for()
    page.locator("#presets [data-name=plain]").click()
    page.locator(".command:visible .cm-content").filter(has_not_text="content_weight").wait_for()


def test_a_map_is_suggested_corrected_and_used_for_a_doodle(page, pictures, folder):
    page.get_by_role("tab", name="Neural doodle").click()
    page.locator("#doodle-style [data-sample$='starry-night.jpg']").click()
    page.locator("#doodle-style .choose img").wait_for()
    page.get_by_text("Paint the map over the style picture").click()
    page.get_by_role("button", name="Suggest regions").click()
    sheet = page.locator("#map-editor canvas")
    colours = "canvas => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size"
    until(lambda: sheet.evaluate(colours) > 4 or page.wait_for_timeout(100))
    page.locator("#map-editor").get_by_role("button", name="paint #808080").click()
    box = sheet.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 60, steps=5)
    page.mouse.up()
    page.get_by_role("button", name="Use this map").click()
    page.locator("#doodle-map .choose img").wait_for()
    page.locator("#doodle-canvas").get_by_role("button", name="paint #808080").wait_for()
    path = max(folder.glob("uploads/*/map.png"), key=lambda path: path.stat().st_mtime)
    assert len(opened_picture(path).convert("RGB").getcolors()) == 5


def test_a_picture_becomes_the_photograph_and_all_else_stays(page, pictures, folder):
    filled(page, pictures, rows=64)
    recoloured(page, pictures, folder)
    shows(page, "finished")
    page.get_by_role("tab", name="Painting").click()
    choose(page, "add-styles", pictures[0])
    page.get_by_text("Weight of style 2").wait_for()
    page.get_by_role("button", name="Use as content").click()
    page.wait_for_timeout(2000)
    run = started(page, folder)
    page.get_by_role("button", name="Stop", exact=True).click()
    script = json.loads((run / "run.json").read_text())
    assert (script["values"]["content"].rpartition("/")[2], len(script["values"]["styles"])) == ("picture.png", 2)
    assert script["values"]["fields"]["image_size"] == "64"


SHIFTS = """() => {
    window.shift = 0;
    const note = (list) => list.getEntries().forEach((entry) => { window.shift += entry.value; });
    new PerformanceObserver(note).observe({ type: "layout-shift" });
}"""
"""Sums how much of the page moves, as browsers measure it."""


def test_a_long_run_survives_a_reload_shows_itself_to_two_pages_and_stops(page, context, server, pictures, folder):
    filled_for_long(page, pictures)
    run = started(page, folder)
    page.evaluate(SHIFTS)
    page.locator("#progress progress[value]").wait_for()
    page.locator("#picture img.after").wait_for()
    page.wait_for_timeout(2000)
    assert page.evaluate("window.shift") < 0.05
    page.reload()
    assert "left" in shows(page, "evaluation")
    with opened(context, server.address) as other:
        shows(other, "painting")
        other.get_by_role("button", name="Stop", exact=True).click()
        shows(other, "stopped")
    shows(page, "stopped")
    assert (ended(run, "stopped") / "picture.png").exists()
    page.get_by_role("button", name="Go on").click()
    shows(page, "painting")
    until(lambda: "going on after evaluation" in (run / "log.txt").read_text())
    page.get_by_role("button", name="Stop", exact=True).click()
    shows(page, "stopped")
    page.get_by_role("button", name="Load these settings").click()
    page.get_by_text("Weight of style 1").wait_for()
    iterations = page.locator("#field-num_iter:visible textarea, #field-num_iter:visible input").first
    assert iterations.input_value() == str(LONG)


def test_runs_are_listed_used_again_and_deleted_only_when_asked_twice(page, pictures, folder):
    filled(page, pictures)
    run = recoloured(page, pictures, folder)
    shows(page, "finished")
    page.get_by_role("button", name="Use as content").click()
    page.wait_for_timeout(1500)
    page.get_by_role("tab", name="Painting").click()
    assert "/picture.png " in command_of(page)
    page.get_by_role("tab", name="Runs").click()
    page.locator("#shelf [data-run]").first.click()
    page.locator("[data-do=delete]").click()
    page.get_by_role("button", name="Keep it").click()
    assert run.exists()
    page.locator("[data-do=delete]").click()
    page.locator("[data-do=delete-it]").click()
    page.wait_for_timeout(2000)
    assert not run.exists()


def test_only_the_run_that_was_to_be_deleted_is_deleted(page, pictures, folder):
    """The question is gone once another run is looked at."""
    first = recoloured(page, pictures, folder)
    shows(page, "finished")
    second = ended(started(page, folder, "Transfer the colours"))
    page.locator(f'#progress [data-run="{second.name}"]').wait_for()
    shows(page, "finished")
    page.locator("[data-do=delete]").click()
    page.locator("[data-do=delete-it]").wait_for()
    page.get_by_role("tab", name="Runs").click()
    page.locator("#shelf [data-run]").nth(1).click()
    page.locator(f'#progress [data-run="{first.name}"]').wait_for()
    page.locator("[data-do=delete-it]").wait_for(state="hidden")
    page.locator("[data-do=delete]").click()
    page.locator("[data-do=delete-it]").click()
    until(lambda: not first.exists())
    assert second.exists()


def test_the_editor_of_a_mask_is_closed_when_the_styles_change_places(page, pictures):
    filled(page, pictures)
    choose(page, "add-styles", pictures[0])
    page.get_by_text("Weight of style 2").wait_for()
    for button in ("move style 2 up", "leave style 2 out"):
        page.get_by_role("button", name="Mask of style 2", exact=True).click()
        page.get_by_role("heading", name="Mask of style 2").wait_for()
        page.get_by_role("button", name=button, exact=True).click()
        page.locator("#mask-editor").first.wait_for(state="hidden")


def test_a_page_from_elsewhere_cannot_use_this_one_under_another_name(context, server):
    assert context.request.get(f"{server.address}/config").status == 200
    assert context.request.get(f"{server.address}/config", headers={"Host": "evil.example"}).status == 400


def test_what_is_wrong_is_said_beside_its_field(page, pictures):
    filled(page, pictures)
    fill(page, "num_iter", "1 --init_image /etc/passwd")
    page.get_by_role("button", name="Paint", exact=True).locator("visible=true").click()
    page.locator(".problem:visible", has_text="'--init_image' is not a number").wait_for()
    assert "⚠" in page.locator("#field-num_iter:visible").first.inner_text()
    fill(page, "num_iter", 1)
    fill(page, "image_size", 0)
    page.get_by_role("button", name="Paint", exact=True).locator("visible=true").click()
    page.locator(".problem:visible", has_text="0 is out of range").wait_for()
    assert "⚠" in page.locator("#field-image_size:visible").first.inner_text()
    fill(page, "image_size", 8)
    page.get_by_role("button", name="Paint", exact=True).locator("visible=true").click()
    page.locator(".problem:visible", has_text="8 rows make a picture of 8×12 pixels").wait_for()
    assert "choose a larger --image_size" in page.locator("#field-image_size:visible").first.inner_text()
    fill(page, "image_size", 48)
    page.locator("#content").get_by_role("button", name="take away").click()
    page.get_by_role("button", name="Paint", exact=True).locator("visible=true").click()
    page.locator(".problem:visible", has_text="there is no photograph yet").wait_for()


def test_a_number_beyond_its_slider_becomes_the_limit_without_a_word(page):
    number = page.get_by_label("number input for How much of the photograph")
    for given, taken in (("-1", "0"), ("5", "0.2"), ("0.033", "0.033"), ("", "0.033")):
        number.fill(given)
        number.blur()
        until(lambda taken=taken: number.input_value() == taken)
    until(lambda: '"content_weight":0.033' in page.evaluate("sessionStorage.forms ?? ''"))
    assert page.locator(".toast-body").count() == 0


def test_a_step_of_enhance_that_is_no_number_is_named(page, pictures):
    page.get_by_role("tab", name="Enhance").click()
    choose(page, "enhance-picture", pictures[0])
    page.locator("#enhance-picture .choose img").wait_for()
    for text, problem in (("lots", "Sharpen: 'lots' is not a number"), ("99", "Sharpen: 99 is out of range")):
        page.locator("#step-sharpen textarea, #step-sharpen input").first.fill(text)
        page.get_by_role("button", name="Enhance", exact=True).locator("visible=true").click()
        page.locator(".problem:visible", has_text=problem).wait_for()


def test_what_is_no_picture_is_refused_in_a_line(page, tmp_path):
    (tmp_path / "words.png").write_text("no picture")
    for place in ("content", "add-styles"):
        choose(page, place, tmp_path / "words.png")
        page.locator(f"#{place} .problem", has_text="words.png is not a picture").wait_for()


def test_what_is_no_picture_takes_none_away_that_is_there(page, pictures, tmp_path):
    (tmp_path / "words.png").write_text("no picture")
    choose(page, "content", pictures[0])
    page.locator("#content .choose img").wait_for()
    choose(page, "content", tmp_path / "words.png")
    page.locator("#content .problem", has_text="words.png is not a picture").wait_for()
    assert page.locator("#content .name").inner_text() == "photo.png"
    assert page.locator("#content .choose img").is_visible()


@pytest.mark.parametrize("tab", ["Painting", "Neural doodle", "Colour transfer", "Enhance"])
def test_what_is_missing_is_said_in_sight_of_the_button(page, tab):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.get_by_role("tab", name=tab).click()
    page.evaluate("scrollTo(0, 0)")
    page.locator("button.paint:visible").click()
    problem = page.locator(".problems .problem:visible")
    problem.wait_for()
    assert is_in_sight(problem, 720)


def test_a_drawing_that_was_not_used_is_asked_for(page, pictures, folder):
    filled(page, pictures)
    page.get_by_role("button", name="Mask of style 1", exact=True).click()
    sheet_is_there(page, "mask-canvas")
    drag(page, "mask-canvas", (0.25, 0.1), (0.25, 0.5))
    before = runs_in(folder)
    page.locator("button.paint:visible").click()
    page.locator(".problems .problem:visible", has_text="what is drawn of the mask is not used yet").wait_for()
    assert runs_in(folder) == before


def test_masks_of_a_photograph_go_with_it(page, pictures, folder):
    filled(page, pictures)
    page.get_by_role("button", name="Mask of style 1", exact=True).click()
    sheet_is_there(page, "mask-canvas")
    drag(page, "mask-canvas", (0.25, 0.1), (0.25, 0.5))
    page.get_by_role("button", name="Use the drawing").click()
    page.get_by_role("button", name="Mask ✓ of style 1").wait_for()
    choose(page, "content", pictures[1])
    page.get_by_text("the masks and the start of the one before are taken away").wait_for()
    page.get_by_role("button", name="Mask of style 1", exact=True).wait_for()


def test_the_iteration_that_is_looked_at_is_named_and_saved(page):
    page.get_by_role("tab", name="Runs").click()
    page.locator('#shelf [data-run="square"]').click()
    page.locator("#picture label", has_text="Iteration 30").wait_for()
    slider = page.locator("#picture [data-do=frame]")
    slider.fill("1")
    page.locator("#picture label", has_text="Iteration 10").wait_for()
    with page.expect_download() as saved:
        page.locator("#actions .save").click()
    assert saved.value.suggested_filename == "square-iteration-10.png"
    assert opened_picture(saved.value.path()).getpixel((0, 0)) == (60, 0, 0)
    slider.fill("3")
    with page.expect_download() as saved:
        page.locator("#actions .save").click()
    assert saved.value.suggested_filename == "square.png"


def test_what_has_the_focus_is_not_behind_the_button(page):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.locator("#content .choose").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        covered = page.evaluate(
            """() => {
                const [bar, has] = [document.querySelector(".begin"), document.activeElement];
                if (!has || has === document.body || bar.contains(has)) return false;
                const [at, own] = [bar, has.closest("label") ?? has].map((part) => part.getBoundingClientRect());
                return own.bottom > at.top + 1 && own.top < at.bottom - 1 && own.height < 300 && own.height > 0;
            }"""
        )
        assert not covered, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


OUTSIDE = """() => [...document.querySelectorAll("#beside *")].filter(part => {
    const box = part.getBoundingClientRect();
    return part.checkVisibility() && box.width && (box.left < -0.5 || box.right > innerWidth + 0.5);
}).map(part => part.outerHTML.slice(0, 80))"""
"""What of the easel is beyond the window's sides."""


def test_nothing_is_out_of_reach_whatever_shape_the_picture_has(page):
    page.get_by_role("tab", name="Runs").click()
    for width, height in ((1280, 720), (1366, 768), (1920, 1080), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for shape in SHAPES:
            page.locator("#shelf input").fill(shape)
            page.locator(f'#shelf [data-run="{shape}"]').click()
            page.locator(f'#progress [data-run="{shape}"]').wait_for()
            page.locator("#picture img.after").wait_for()
            assert page.evaluate(OUTSIDE) == []
            for place in (0, 10_000):
                page.evaluate(f"scrollTo(0, {place}); document.querySelector('#beside').scrollTo(0, {place})")
                assert is_in_sight(page.locator("#actions .save"), height)
            page.locator("[data-do=delete]").scroll_into_view_if_needed()
            assert is_in_sight(page.locator("[data-do=delete]"), height)


def is_in_sight(part, height):
    box = part.bounding_box()
    return 0 <= box["y"] <= height - box["height"]


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_its_window(context, server, width, pictures):
    with opened(context, server.address, width, 800) as page:
        filled(page, pictures)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        box = page.get_by_role("button", name="leave style 1 out").bounding_box()
        assert box["x"] + box["width"] <= width
        for name in ("Painting",) if width < 600 else ("Neural doodle", "Colour transfer", "Enhance", "Runs"):
            page.get_by_role("tab", name=name).click()
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_finishing_tools_run_from_the_page(page, pictures, folder):
    run = recoloured(page, pictures, folder)
    assert opened_picture(run / "picture.png").size == (96, 64)
    page.get_by_role("tab", name="Mask transfer").click()
    page.get_by_role("button", name="Take the picture that is shown").locator("visible=true").click()
    page.locator("#mask-generated .choose img").wait_for()
    page.locator("#mask-content .choose img").wait_for()
    page.get_by_role("tab", name="Enhance").click()
    choose(page, "enhance-picture", pictures[0])
    page.locator("#enhance-picture .choose img").wait_for()
    page.wait_for_timeout(1000)
    page.get_by_role("button", name="Enhance").click()
    page.locator(".problem:visible", has_text="there is nothing to do yet").wait_for()
    page.locator("#step-size input, #step-size textarea").fill("200%")
    assert opened_picture(ended(started(page, folder, "Enhance")) / "picture.png").size == (192, 128)


def test_a_mask_is_painted_for_a_finishing_tool(page, pictures, folder):
    page.get_by_role("tab", name="Mask transfer").click()
    choose(page, "mask-content", pictures[0])
    choose(page, "mask-generated", pictures[1])
    page.locator("#mask-generated .choose img").wait_for()
    page.locator("#mask-mask-editor").get_by_text("Paint the mask").click()
    sheet = page.locator("#mask-mask-editor canvas")
    until(lambda: sheet.evaluate("canvas => canvas.width") == 96 or page.wait_for_timeout(100))
    box = sheet.bounding_box()
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 10, steps=5)
    page.mouse.up()
    page.locator("#mask-mask-editor").get_by_role("button", name="Use the drawing").click()
    page.locator("#mask-mask .choose img").wait_for()
    run = ended(started(page, folder, "Put the photograph back"))
    result, photo, painting = (
        np.asarray(opened_picture(path).convert("RGB")) for path in (run / "picture.png", *pictures)
    )
    assert np.array_equal(result[40:], photo[40:])
    assert np.array_equal(result[1:4, 10:30], painting[1:4, 10:30])


def test_a_server_that_ends_saves_the_run_in_hand_and_the_next_finds_run_and_form(context, pictures, tmp_path):
    server = Server(tmp_path / "runs")
    with opened(context, server.address) as page:
        filled_for_long(page, pictures)
        page.get_by_label("number input for Weight of style 1").fill("2")
        run = started(page, tmp_path / "runs")
        page.locator("#progress progress[value]").wait_for()
        page.get_by_role("tab", name="Colour transfer").click()
        choose(page, "color-content", pictures[0])
        page.locator("#color-content .choose img").wait_for()
        until(lambda: "color" in page.evaluate("sessionStorage.forms ?? ''"))
        server.close()
        page.get_by_text("server does not answer").wait_for()
        assert (ended(run, "stopped") / "picture.png").exists()
        again = Server(tmp_path / "runs", "--port", server.address.rpartition(":")[2])
        try:
            page.get_by_text("The page was loaded anew").wait_for()
            shows(page, "stopped")
            page.locator("#color-content .choose img[src*=photo]").wait_for()
            page.get_by_role("tab", name="Painting").click()
            assert page.locator("#content .name").inner_text() == "photo.png"
            assert page.get_by_label("number input for Weight of style 1").input_value() == "2"
            assert page.locator("#field-num_iter:visible input").input_value() == str(LONG)
            page.get_by_role("tab", name="Runs").click()
            page.locator("#shelf [data-run]").first.wait_for()
        finally:
            again.close()


def test_files_outside_the_runs_are_not_served(context, server):
    for path in ("/etc/passwd", str(ROOT / "README.md")):
        assert context.request.get(f"{server.address}/gradio_api/file={path}").status in (403, 404)


def test_a_path_that_the_page_makes_up_is_not_taken(page, folder, pictures):
    """As if somebody sent the server the name of a file instead of uploading one."""
    before, forged = set((folder / "uploads").rglob("*")), []

    def forge(route):
        answer = route.fetch()
        forged.append(answer.json()["kept"])
        route.fulfill(response=answer, json=answer.json() | {"kept": [str(CASTLE)]})

    page.route(re.compile("/uploads.name=photo"), forge)
    choose(page, "content", pictures[0])
    choose(page, "add-styles", pictures[1])
    page.get_by_text("Weight of style 1").wait_for()
    page.locator("#content .choose img").wait_for()
    assert len(forged) == 1
    page.get_by_role("button", name="Paint", exact=True).locator("visible=true").click()
    page.locator(".problem:visible", has_text="there is no photograph yet").wait_for()
    assert not [path for path in set((folder / "uploads").rglob("*")) - before if path.name == CASTLE.name]


def test_several_photographs_become_several_runs(page, pictures, folder):
    filled(page, pictures, light=True)
    choose(page, "content", *pictures)
    page.locator("#content .name", has_text="2 pictures: photo.png").wait_for()
    before = runs_in(folder)
    page.get_by_role("button", name="Paint", exact=True).locator("visible=true").click()
    until(lambda: len(runs_in(folder) - before) == 2)
    made = sorted(runs_in(folder) - before)
    photographs = [json.loads((run / "run.json").read_text())["values"]["content"] for run in made]
    assert [path.rpartition("/")[2] for path in photographs] == ["photo.png", "style.png"]
    for run in made:
        ended(run)


def test_two_runs_are_seen_side_by_side(page):
    page.get_by_role("tab", name="Runs").click()
    for shape in ("square", "panorama"):
        page.locator("#shelf input").fill(shape)
        page.locator(f'#shelf [data-run="{shape}"]').click()
        page.locator(f'#progress [data-run="{shape}"]').wait_for()
        if shape == "square":
            page.get_by_role("button", name="Compare with another").click()
    shown = [page.locator(f"#{place} img.after").get_attribute("src") for place in ("other", "picture")]
    assert ["square" in shown[0], "panorama" in shown[1]] == [True, True]
    assert page.locator("#other .label").inner_text() == "square"
    page.get_by_role("button", name="Compare no more").click()
    page.locator("#other").wait_for(state="hidden")


def test_the_photograph_that_was_chosen_last_is_painted_though_it_is_still_being_read(page, folder, pictures):
    """The one before arrives after it, and Paint is pressed before either has arrived."""
    held = []

    def hold(route):
        if not held:
            held.append(route)
            return
        time.sleep(1)
        route.continue_()

    filled(page, pictures, light=True)
    page.route(re.compile("/uploads.name="), hold)
    choose(page, "content", CASTLE)
    until(lambda: held or page.wait_for_timeout(50))
    choose(page, "content", pictures[1])
    run = started(page, folder)
    with contextlib.suppress(playwright.Error):
        held[0].continue_()  # It has been called off.
    assert json.loads((run / "run.json").read_text())["values"]["content"].endswith("/style.png")
    page.locator("#content .name", has_text="style.png").wait_for()
    ended(run)


def test_with_a_password_nobody_sees_the_page_without_it(tmp_path, browser):
    server = Server(tmp_path, "--password", "secret")
    try:
        context = browser.new_context()
        page = context.new_page()
        for path in ("config", "runs/version", "runs/easel", "files/a/picture.png", "gradio_api/file=a"):
            assert page.request.get(f"{server.address}/{path}").status == 401
        page.goto(server.address)
        assert page.get_by_label("User").input_value() == "studio"
        for password in ("wrong", "secret"):
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Sign in").click()
            if password == "wrong":
                page.get_by_text("not the password").wait_for(timeout=WAIT)
                page.goto(server.address)
        page.get_by_role("heading", name="Studio").wait_for(timeout=WAIT)
        page.get_by_role("link", name="Sign out").click()
        page.get_by_label("Password").wait_for(timeout=WAIT)
        context.close()
    finally:
        server.close()
