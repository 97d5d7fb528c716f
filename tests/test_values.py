"""Frozen values travel: pickled, copied, through real pools of processes, to JSON, to a notebook and to pandas."""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import samepic
from samepic.errors import install_command
from samepic.values import FrozenDict
from tests.kits.pictures import opened, saved


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, astronaut: Path) -> Path:
    """Return a folder with a photograph, a copy, and a copy with a hole, whose names a page must escape."""
    path = tmp_path_factory.mktemp("album")
    image = opened(astronaut).resize((256, 256))
    image.save(path / "a <b>.png")
    image.save(path / "copy & more.jpg")
    image.paste((0, 255, 0), (100, 100, 140, 140))
    image.save(path / "hole.png")
    return path


@pytest.fixture(scope="module")
def verdict(folder: Path) -> samepic.Verdict:
    """Return a verdict on an edited picture."""
    return samepic.compare(folder / "a <b>.png", folder / "hole.png")


@pytest.fixture(scope="module")
def group(folder: Path) -> samepic.Group:
    """Return a group of two files."""
    return next(iter(samepic.find(folder, cache=False)))


@pytest.fixture(scope="module")
def values(verdict: samepic.Verdict, group: samepic.Group, folder: Path, astronaut: Path) -> list[Any]:
    """Return one value of each public record."""
    measures = samepic.measure(opened(folder / "hole.png"), folder / "hole.png")
    match = samepic.Match("photo/1", samepic.Relation.RESAVED, 0.9, "the same")
    return [
        verdict,
        samepic.compare(astronaut, saved(opened(astronaut))),
        samepic.compare_screenshots(folder / "a <b>.png", folder / "hole.png"),
        *(verdict.facts, verdict.a, verdict.regions[0], group, group.reference, group.members[0]),
        *(measures, measures["same_bytes"], samepic.fingerprint(folder / "hole.png", copycode=True)),
        *(match, samepic.Decision(samepic.Outcome.DUPLICATE, "already here", match=match, matches=(match,))),
        *(samepic.Profile(), samepic.GatePolicy(), samepic.LIMITS, samepic.Screen(), FrozenDict(a=1)),
    ]


def joblibs_pickle(value: object) -> object:
    """Return a value as joblib, Dask and Ray send it: by cloudpickle."""
    import cloudpickle

    return pickle.loads(cloudpickle.dumps(value))


@pytest.mark.parametrize(
    "again", [lambda one: pickle.loads(pickle.dumps(one)), copy.deepcopy, joblibs_pickle]
)
def test_a_copy_of_every_public_record_equals_it(values: list[Any], again: Any) -> None:  # noqa: ANN401
    for value in values:
        assert again(value) == value, value


def test_every_record_says_what_it_is_on_one_short_line(values: list[Any]) -> None:
    for value in values:
        assert type(value).__name__ in repr(value) or isinstance(value, dict)
        assert len(repr(value)) < 200 and "\n" not in repr(value), value


def test_asdict_has_all_facts_as_json_and_no_pictures(verdict: samepic.Verdict) -> None:
    values = asdict(verdict)
    assert values["facts"]["places"] == 1 and values["draw"] is None
    assert values["measures"] == verdict.measures
    assert json.loads(json.dumps(values))["regions"] == [region.to_dict() for region in verdict.regions]


def test_a_verdict_can_be_hashed_and_its_measures_cannot_be_changed(verdict: samepic.Verdict) -> None:
    assert len({verdict, pickle.loads(pickle.dumps(verdict))}) == 1
    measures: Any = verdict.measures
    for change in (lambda: measures.update(x=1), measures.clear, lambda: measures.__setitem__("x", 1)):
        with pytest.raises(TypeError, match="cannot be changed"):
            change()
    with pytest.raises(TypeError):
        measures |= {"x": 1}


def test_a_pickled_verdict_is_small_and_draws_its_files_while_they_are_what_they_were(
    folder: Path, tmp_path: Path
) -> None:
    a, b = tmp_path / "a.png", tmp_path / "b.png"
    a.write_bytes((folder / "a <b>.png").read_bytes())
    b.write_bytes((folder / "hole.png").read_bytes())
    here = samepic.compare(a, b)
    there = pickle.loads(pickle.dumps(here))
    assert len(pickle.dumps(here)) < 4000
    assert there.difference_image() == here.difference_image() == copy.deepcopy(here).difference_image()
    b.write_bytes(a.read_bytes())
    drawn = here.difference_image()  # in this process it holds the bytes that it compared
    assert drawn.getpixel((256 + 8 + 120, 120)) == (0, 255, 0)
    with pytest.raises(ValueError, match="no longer has its pictures"):
        there.difference_image()
    assert "<img" in here._repr_html_() and "<img" not in there._repr_html_()


@pytest.mark.parametrize("kind", ["bytes", "image"])
def test_a_pickled_verdict_on_what_was_no_file_draws_nothing(folder: Path, kind: str) -> None:
    file = folder / "hole.png"
    source = file.read_bytes() if kind == "bytes" else opened(file)
    here = samepic.compare(source, file)
    assert here.difference_image().width == 3 * 256 + 16
    with pytest.raises(ValueError, match="call compare"):
        pickle.loads(pickle.dumps(here)).difference_image()


@pytest.mark.slow
def test_compare_runs_in_a_pool_of_new_processes(folder: Path) -> None:
    pairs = [(folder / "a <b>.png", folder / name) for name in ("copy & more.jpg", "hole.png")]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.starmap(samepic.compare, pairs)
    assert found == [samepic.compare(*pair) for pair in pairs]
    assert found[1].difference_image().size == (3 * 256 + 16, 256)


@pytest.mark.slow
def test_compare_runs_in_joblib(folder: Path) -> None:
    import joblib

    pairs = [(folder / "a <b>.png", folder / name) for name in ("copy & more.jpg", "hole.png")]
    with joblib.parallel_config("loky", n_jobs=2):
        found = joblib.Parallel()(joblib.delayed(samepic.compare)(*pair) for pair in pairs)
    joblib.externals.loky.get_reusable_executor().shutdown(wait=True)
    assert found == [samepic.compare(*pair) for pair in pairs]


@pytest.mark.slow
def test_compare_runs_in_a_cluster_of_dask(folder: Path) -> None:
    distributed: Any = pytest.importorskip("distributed")
    pair = folder / "a <b>.png", folder / "hole.png"
    with distributed.Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        found = client.gather([client.submit(samepic.compare, *some) for some in (pair, pair[::-1])])
        again = client.submit(lambda verdict: verdict, client.scatter(found[0])).result()
    assert [*found, again] == [samepic.compare(*pair), samepic.compare(*pair[::-1]), found[0]]


@pytest.mark.slow
def test_compare_runs_in_a_cluster_of_ray(folder: Path) -> None:
    ray: Any = pytest.importorskip("ray")
    pair = folder / "a <b>.png", folder / "hole.png"
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=100_000_000)
    try:
        found = ray.get([ray.remote(samepic.compare).remote(*some) for some in (pair, pair[::-1])])
        again = ray.get(ray.put(found[0]))
    finally:
        ray.shutdown()
    assert [*found, again] == [samepic.compare(*pair), samepic.compare(*pair[::-1]), found[0]]


def test_a_notebook_shows_pictures_and_facts_and_no_name_as_markup(
    verdict: samepic.Verdict, group: samepic.Group
) -> None:
    for value, text in ((verdict, "changed in one place"), (group, "the same picture, re-saved")):
        page = value._repr_html_()
        assert text in page and "a &lt;b&gt;.png" in page and "<b>.png" not in page
        assert page.count('src="data:image/jpeg;base64,') == (1 if value is verdict else 2)
        assert len(page) < 150_000
    assert "copy &amp; more.jpg" in group._repr_html_()
    assert "psnr" in samepic.measure(verdict.a.name, verdict.b.name)._repr_html_()


def test_a_group_whose_file_is_gone_says_so_and_one_of_many_files_shows_a_dozen(group: samepic.Group) -> None:
    gone = samepic.File("gone.png", 1, 1)
    member = samepic.Member(gone, samepic.Relation.RESAVED, 1.0, "the same")
    page = samepic.Group(1, group.reference, "best", (member,) * 30)._repr_html_()
    assert page.count("<figure") == 12 and page.count("no such file") == 11 and "31, 12 shown" in page


def test_verdicts_become_a_table_with_a_row_for_each_error(verdict: samepic.Verdict) -> None:
    same = samepic.compare(verdict.a.name, verdict.a.name)
    table = samepic.to_pandas([verdict, same, samepic.UnreadableError("x.jpg", "", "no such file")])
    assert table["same"].tolist()[:2] == [False, True] and table["same"].isna().tolist()[2]
    assert table["relation"].tolist()[:2] == ["edited", "same-file"]
    assert table.loc[0, ["regions", "facts.places", "a.width", "b.format"]].tolist() == [1, 1, 256, "PNG"]
    assert table.loc[2, "error"] == "x.jpg: no such file"
    assert len(samepic.to_pandas(verdict)) == 1 and len(samepic.to_pandas([])) == 0


def test_groups_measures_and_fingerprints_become_tables(group: samepic.Group, folder: Path) -> None:
    files = samepic.to_pandas([group])
    assert files["role"].tolist() == ["reference", "member"] and files["group"].tolist() == [1, 1]
    assert files["path"].tolist() == [group.reference.path, group.members[0].file.path]
    measures = samepic.measure(folder / "hole.png", folder / "a <b>.png")
    rows, columns = samepic.to_pandas(measures), samepic.to_pandas([measures, measures])
    assert rows.set_index("name").loc["ssim", "value"] == columns.loc[1, "ssim"] == measures["ssim"].value
    assert len(rows) == columns.shape[1] == len(measures)
    prints = samepic.to_pandas([samepic.fingerprint(folder / "hole.png")] * 2)
    assert prints.loc[1, "width"] == 256
    with pytest.raises(TypeError, match="found str"):
        samepic.to_pandas(["hole.png"])  # type: ignore[list-item]


def test_without_pandas_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(samepic.MissingPartError, match=re.escape(install_command("pandas"))):
        samepic.to_pandas([])


class _DroppedError(Exception):
    """What a caller raises in the middle of a search."""


def test_find_reports_its_stages_and_a_caller_may_end_it(folder: Path) -> None:
    seen: list[samepic.Progress] = []
    assert len(list(samepic.find(folder, cache=False, progress=seen.append))) == 1
    assert [one.stage for one in seen if one.done == one.total][-1] == "comparing"
    assert (seen[0].stage, seen[0].done, seen[0].total, seen[0].unit) == ("reading", 1, 3, "files")

    def drop(_: samepic.Progress) -> None:
        raise _DroppedError

    with pytest.raises(_DroppedError):
        list(samepic.find(folder, cache=False, progress=drop))


def pairs_of(folder: Path, count: int) -> Iterator[tuple[Path, Path]]:
    """Yield so many pairs of the three pictures in turn."""
    files = sorted(folder.iterdir())
    yield from ((files[number % 3], files[number // 3 % 3]) for number in range(count))


@pytest.mark.slow
def test_many_pairs_are_compared_in_processes_in_order_with_errors_as_values(folder: Path) -> None:
    pairs: list[Any] = [*pairs_of(folder, 18), (folder / "gone.png", folder / "hole.png")]
    pairs += [
        (Image.new("RGB", (64, 64)), folder / "hole.png"),
        (b"no picture", b"no picture either"),
        (7, 8),
    ]
    seen: list[samepic.Progress] = []
    found = list(samepic.compare_many(iter(pairs), jobs=2, progress=seen.append))
    assert found[:18] == [samepic.compare(*pair) for pair in pairs[:18]]
    kinds = samepic.UnreadableError, samepic.Verdict, samepic.UnreadableError, samepic.SourceError
    assert list(map(type, found[18:])) == list(kinds)
    assert str(found[18]).endswith("gone.png: no such file")
    assert [getattr(one, "__traceback__", None) for one in found] == [None] * len(found)
    assert seen[-1].done == len(pairs)
    edited = next(one for one in found if isinstance(one, samepic.Verdict) and one.regions)
    assert edited.difference_image().width == 3 * 256 + 16


@pytest.mark.slow
def test_many_pairs_are_read_only_a_little_ahead_and_their_processes_end_with_the_loop(folder: Path) -> None:
    import psutil

    taken, before = [], psutil.Process().children()

    def endless() -> Iterator[tuple[Path, Path]]:
        while True:
            taken.append(1)
            yield folder / "hole.png", folder / "copy & more.jpg"

    found = samepic.compare_many(endless(), jobs=2)
    assert isinstance(next(found), samepic.Verdict)
    found.close()  # type: ignore[attr-defined]
    assert len(taken) <= 32
    started = [one for one in psutil.Process().children() if one not in before]
    assert psutil.wait_procs(started, timeout=10)[1] == []


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_few_pairs_are_compared_in_this_process(folder: Path, jobs: int) -> None:
    pairs = list(pairs_of(folder, 4))
    seen: list[samepic.Progress] = []
    found = list(samepic.compare_many(pairs, jobs=jobs, same_if="edited", progress=seen.append))
    assert found == [samepic.compare(*pair, same_if="edited") for pair in pairs]
    assert seen[0] == samepic.Progress("comparing", 1, 4, "pairs")


def test_what_is_wrong_for_every_pair_is_raised_before_the_first() -> None:
    with pytest.raises(samepic.ProfileError, match="relation"):
        samepic.compare_many([], same_if="nearly")
