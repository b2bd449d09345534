"""A run says how much memory it needs, and takes no more than it may."""

import contextlib
import dataclasses
import gc
import re
from types import SimpleNamespace

import psutil
import pytest
from keras import ops

import inetwork
import network
from models.layers import layer_names
from neural_style import backend
from neural_style.backend import allocator
from neural_style.command.reporter import Reporter
from neural_style.errors import InputError
from neural_style.painting import planning
from neural_style.painting.objective import objective as objective_of
from neural_style.painting.recipe import Run
from neural_style.tiling import memory
from tests.conftest import CASTLE, STARRY_NIGHT

GIB = 2**30
CHANNELS = {layer: 64 * min(8, 2 ** (int(layer[4]) - 1)) for layer in layer_names("vgg16")}
NETWORK = memory.Demand(
    network="vgg16",
    channels=CHANNELS,
    layers=("conv5_2", "conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"),
    style_layers=("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"),
    regions=0,
    size=(400, 600),
    styles=((400, 600),),
)


def of_size(height, width):
    return dataclasses.replace(NETWORK, size=(height, width), styles=((height, width),))


def test_what_is_said_holds_on_a_cpu_of_shorter_vectors():
    """GiB of network.py in one piece, measured on a CPU without AVX-512."""
    for size, measured in (((200, 300), 1.37), ((400, 600), 2.21), ((600, 900), 3.52), ((800, 1200), 5.05)):
        demand = dataclasses.replace(of_size(*size), long_vectors=False)
        assert demand.of(None, 20) == pytest.approx(measured * 2**30, rel=0.15)


def test_the_cpus_vectors_are_nothing_to_a_gpu():
    on_gpu = dataclasses.replace(of_size(400, 600), on_cpu=False)
    assert on_gpu.of(None, 20) == dataclasses.replace(on_gpu, long_vectors=False).of(None, 20)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("6G", 6 * GIB), ("6GiB", 6 * GIB), ("1.5 gb", 1.5 * GIB), ("512m", GIB / 2), ("100", 100), ("2T", 2048 * GIB)],
)
def test_sizes_of_memory_are_read_as_people_write_them(text, expected):
    assert memory.size_in_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "G", "-1G", "6 apples", "1e9G", "nan"])
def test_what_is_no_size_of_memory_is_refused(text):
    with pytest.raises(ValueError, match="is no size of memory like 6G"):
        memory.size_in_bytes(text)


@pytest.mark.parametrize(
    ("size", "side", "history", "measured"),
    [
        ((400, 600), None, 20, 1.78),
        ((400, 600), 512, 20, 1.72),
        ((1000, 1500), None, 20, 5.19),
        ((1000, 1500), 512, 20, 3.48),
        ((1000, 1500), 256, 20, 3.03),
        ((2000, 3000), None, 20, 16.8),
        ((2000, 3000), 1024, 20, 8.3),
        ((2000, 3000), 512, 20, 6.59),
        ((2048, 2048), 1024, 20, 7.26),
        ((3072, 3072), 1024, 20, 10.7),
        ((4096, 4096), 1024, 15, 20.2),
        ((4096, 4096), 512, 20, 13.8),
        ((4096, 4096), 320, 3, 5.63),
        ((3584, 3584), 256, 1, 3.40),
        ((8192, 8192), 256, 1, 7.49),
    ],
)
def test_the_estimate_is_near_what_was_measured(size, side, history, measured):
    """The peaks are those of benchmarks/peaks.py and, of square pictures, of benchmarks/huge.py, in GiB."""
    keeps = history > 1
    assert of_size(*size).of(side, history, keeps) / GIB == pytest.approx(measured, rel=0.15)


@pytest.mark.parametrize(
    ("size", "side", "measured"),
    [((400, 600), None, 1.33), ((400, 600), 512, 1.27), ((1000, 1500), None, 3.73), ((1000, 1500), 512, 2.61)],
)
def test_the_estimate_in_bfloat16_is_near_what_was_measured(size, side, measured):
    demand = dataclasses.replace(of_size(*size), precision="bfloat16")
    assert demand.of(side, 20) / GIB == pytest.approx(measured, rel=0.2)
    assert demand.of(side, 20) < of_size(*size).of(side, 20)


@pytest.mark.parametrize(
    ("size", "side", "measured"),
    [((400, 600), None, 1.83), ((400, 600), 512, 1.66), ((1000, 1500), None, 5.79), ((1000, 1500), 512, 3.45)],
)
def test_the_estimate_with_two_masks_is_near_what_was_measured(size, side, measured):
    demand = dataclasses.replace(of_size(*size), regions=2)
    assert demand.of(side, 20) / GIB == pytest.approx(measured, rel=0.15)


def test_a_picture_of_8192_rows_and_columns_can_be_painted_in_8_gib():
    plan = memory.plan(of_size(8192, 8192), 8 * GIB)
    assert plan.history >= 1
    assert plan.needed <= 8 * GIB


def test_a_picture_that_fits_is_painted_in_one_piece_with_the_whole_history():
    assert memory.plan(NETWORK, 8 * GIB) == memory.Plan(None, 20, NETWORK.of(None, 20))


def test_less_memory_means_a_shorter_history_then_smaller_tiles():
    large = of_size(4096, 4096)
    budgets = [int(gibibytes * GIB) for gibibytes in (60, 40, 16, 8, 6, 3.5)]
    plans = [memory.plan(large, budget) for budget in budgets]
    assert plans[0].side is None
    assert plans[0].history == 20
    sides = [plan.side or 4096 for plan in plans]
    assert sides[:-1] == sorted(sides[:-1], reverse=True)
    assert [plan.keeps for plan in plans] == [False, *[True] * 4, False]
    assert all(plan.needed <= budget for plan, budget in zip(plans, budgets, strict=True))


def test_a_run_that_goes_on_keeps_its_history_whatever_memory_there_is():
    large = of_size(4096, 4096)
    before = memory.plans([large], 6 * GIB)
    histories = [plan.history for plan in before]
    assert memory.plans([large], 6 * GIB, histories=histories) == before
    (more,) = memory.plans([large], 20 * GIB, histories=histories)
    (less,) = memory.plans([large], 5 * GIB, histories=histories)
    assert more.history == less.history == before[0].history
    assert more.side > before[0].side
    assert less.needed <= 5 * GIB < before[0].needed
    with pytest.raises(InputError, match="of memory at least"):
        memory.plans([large], GIB, histories=histories)


def test_memory_is_kept_for_the_next_tile_where_there_is_enough():
    large = of_size(4096, 4096)
    ample, little = (memory.plan(large, gibibytes * GIB, side=512) for gibibytes in (20, 5))
    assert ample.keeps
    assert not little.keeps
    assert large.of(512, 5, keeps=True) > large.of(512, 5)
    assert ample.keeps_up_to == ample.needed
    assert little.keeps_up_to is None


def test_all_scales_of_a_run_keep_memory_if_the_large_ones_can():
    """They share one allocator, with which a small picture takes more than alone."""
    scales = [of_size(1000, 1000), of_size(4096, 4096)]
    small, large = memory.plans(scales, 6 * GIB)
    assert (small.keeps, small.large, large.keeps, large.large) == (True, True, True, True)
    alone = memory.plan(scales[0], 6 * GIB)
    assert (alone.keeps, alone.large, alone.side) == (False, False, None)
    assert small.side is not None
    assert max(small.needed, large.needed) <= 6 * GIB


def test_no_scale_keeps_memory_if_a_large_one_cannot():
    scales = [of_size(1000, 1000), of_size(3500, 3500), of_size(4096, 4096)]
    assert [memory.plan(scale, int(4.8 * GIB)).keeps for scale in scales] == [False, True, False]
    plans = memory.plans(scales, int(4.8 * GIB))
    assert [(plan.keeps, plan.large) for plan in plans] == [(False, True)] * 3
    assert all(plan.needed <= 4.8 * GIB for plan in plans)


def test_scales_that_are_small_are_planned_each_for_itself():
    scales = [of_size(400, 600), of_size(1000, 1500)]
    assert memory.plans(scales, 4 * GIB) == [memory.plan(scale, 4 * GIB) for scale in scales]


def test_an_image_in_one_piece_needs_no_more_for_being_large():
    """No tile follows for which memory would be kept."""
    half, whole = (of_size(3000, width).of(None, 20) for width in (3000, 6000))
    assert not of_size(3000, 6000).is_large(None)
    assert whole - memory.BASE == pytest.approx(2 * (half - memory.BASE), rel=1e-3)


def test_on_a_gpu_only_the_arrays_count():
    on_cpu = of_size(4096, 4096)
    on_gpu = dataclasses.replace(on_cpu, on_cpu=False)
    assert on_gpu.of(1024, 20, keeps=True) == on_gpu.of(1024, 20)
    assert on_cpu.of(1024, 20, keeps=True) > 1.4 * on_gpu.of(1024, 20)
    assert on_gpu.of(None, 20) == on_cpu.of(None, 20)
    plan = memory.plan(on_gpu, 40 * GIB)
    assert (plan.large, plan.keeps) == (False, False)


def test_the_backend_starts_as_the_plans_will_have_it(monkeypatch):
    monkeypatch.setattr(planning, "demand", lambda run, pictures, on_cpu=True: of_size(*pictures.size))
    calls = []
    monkeypatch.setattr(allocator, "keep_memory", lambda: calls.append(1))

    def started(allowed, *sizes):
        calls.clear()
        task = SimpleNamespace(flags=SimpleNamespace(max_memory=int(allowed * GIB), tile=None))
        run = Run(task, [SimpleNamespace(size=size, margin=0) for size in sizes], None, None, Reporter(quiet=True))
        expected = planning.expected_allocation(run)
        with contextlib.suppress(InputError):
            plans = planning.plan_memory(run)
            assert all((plan.large, plan.keeps) == expected for plan in plans)
            assert len(calls) == expected[1]
        return expected

    assert started(16, (1000, 1000)) == (False, False)
    assert started(16, (1000, 1000), (4096, 4096)) == (True, True)
    assert started(3.7, (1000, 1000), (4096, 4096)) == (True, False)
    assert started(60, (4096, 4096)) == (False, False)
    assert started(1, (4096, 4096)) == (False, False)


def test_what_cannot_be_painted_in_the_memory_is_said_before_the_run():
    with pytest.raises(InputError, match=r"painting 8192×8192 pixels needs .* at least, but 2.00 GiB may be used"):
        memory.plan(of_size(8192, 8192), 2 * GIB)


def test_the_size_that_is_named_is_the_one_that_was_asked_for():
    extended = dataclasses.replace(of_size(8208, 8208), margin=8)
    with pytest.raises(InputError, match=r"painting 8192×8192 pixels"):
        memory.plan(extended, 2 * GIB)


def test_the_least_memory_that_is_named_is_enough():
    with pytest.raises(InputError, match="of memory at least") as error:
        memory.plan(NETWORK, GIB)
    least = memory.size_in_bytes(re.search(r"needs ([0-9.]+ GiB)", str(error.value))[1])
    assert memory.plan(NETWORK, least).needed <= least


def test_a_tile_that_is_asked_for_is_taken_whatever_it_needs():
    plan = memory.plan(of_size(1000, 1500), GIB, side=256)
    assert (plan.side, plan.history) == (256, 1)
    assert plan.needed > GIB
    assert "the machine may run out of it" in plan.describe((1000, 1500), GIB)
    assert memory.plan(of_size(1000, 1500), GIB, side=0).side is None


def test_styles_larger_than_the_painting_count():
    assert dataclasses.replace(NETWORK, styles=((4000, 3000),)).of(None, 20) > 10 * NETWORK.of(None, 20)


@pytest.mark.parametrize("script", [network, inetwork])
def test_a_scale_that_is_done_leaves_nothing_in_memory(script, weights, own_networks):
    """Each has a network of its own, of 300 MB."""
    task = script.METHOD.task([str(CASTLE), str(STARRY_NIGHT), "out", "--image_size", "48"])
    (pictures,) = task.read(Reporter(quiet=True))

    def resident_after_a_scale():
        objective_of(task, pictures, weights).evaluate(ops.convert_to_tensor(pictures.start.ravel(), "float32"))
        gc.collect()
        return psutil.Process().memory_info().rss

    first, *_, last = (resident_after_a_scale() for _ in range(3))
    assert last - first < 200e6


def control_group(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return memory.container_limits(root)


def test_the_limit_of_a_container_counts(tmp_path):
    files = {
        "proc/self/cgroup": "0::/job/task\n",
        "sys/fs/cgroup/job/task/memory.max": "max\n",
        "sys/fs/cgroup/job/task/memory.current": "1000\n",
        "sys/fs/cgroup/job/memory.max": "5000\n",
        "sys/fs/cgroup/job/memory.current": "3000\n",
        "sys/fs/cgroup/job/memory.stat": "anon 900\ninactive_file 600\n",
    }
    assert control_group(tmp_path, files) == [2600]


def test_the_limit_of_an_older_container_counts(tmp_path):
    files = {
        "proc/self/cgroup": "12:cpu:/\n9:memory:/not/seen/inside\n0::/\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "8000\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "3000\n",
        "sys/fs/cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 500\n",
    }
    assert control_group(tmp_path, files) == [5500]


def test_a_machine_without_control_groups_has_no_such_limit(tmp_path):
    assert memory.container_limits(tmp_path) == []


def test_a_run_in_little_memory_says_so_and_ends(run_here, tmp_path):
    command = ["network.py", CASTLE, STARRY_NIGHT, tmp_path / "out", "--image_size", 4000, "--max_memory", "1.5G"]
    done = run_here(*command)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("network.py: error: painting 4000×5997 pixels needs ")
    assert not (tmp_path / "out_run").exists()


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--max_memory", "lots"], "'lots' is no size of memory like 6G or 1500M"),
        (["--max_memory", "6"], "'6' is 6 bytes, too little for anything: did you mean 6G?"),
        (["--max_memory", "0"], "'0' is 0 bytes, too little for anything; --help"),
        (["--max_memory", "100K"], "'100K' is 102400 bytes, too little for anything; --help"),
        (["--tile", "100"], "100 is no multiple of 16"),
        (["--tile", "-16"], "-16 is out of range"),
    ],
)
def test_wrong_memory_flags_are_refused(flags, problem, run_here):
    done = run_here("network.py", CASTLE, STARRY_NIGHT, "out", *flags)
    assert done.returncode == 2
    assert problem in done.stderr


def test_a_run_may_use_four_fifths_of_what_is_free_and_what_it_has(monkeypatch):
    machine = SimpleNamespace(available=10 * GIB)
    process = SimpleNamespace(memory_info=lambda: SimpleNamespace(rss=GIB))
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: machine)
    monkeypatch.setattr(memory.psutil, "Process", lambda: process)
    monkeypatch.setattr(memory, "container_limits", list)
    monkeypatch.setattr(backend, "free_device_memory", lambda: None)
    assert memory.allowance() == 9 * GIB
    monkeypatch.setattr(memory, "container_limits", lambda: [50 * GIB, 5 * GIB])
    assert memory.allowance() == 5 * GIB
    monkeypatch.setattr(backend, "free_device_memory", lambda: 40 * GIB)
    assert memory.allowance() == 32 * GIB


@pytest.mark.parametrize(
    ("side", "pieces"), [(None, "in one piece"), (768, "in 4 tiles of 768 rows"), (256, "in 24 tiles of 256 rows")]
)
def test_a_plan_is_said_with_its_pieces_and_its_memory(side, pieces):
    plan = memory.Plan(side, 20, int(2.5 * GIB))
    assert plan.describe((1000, 1500), 4 * GIB) == f"1000×1500 {pieces}, about 2.50 GiB of the 4.00 GiB allowed"
    assert plan.describe((1000, 1500), 4 * GIB, margin=8).startswith(f"984×1484 {pieces}, about")
