"""find on Spark beside find on this machine: the same groups, whatever the partitioning and whoever dies.

    python -m bench spark_find [--every N] [--copies] [--partitions 1 7 64] [--kill SECONDS] [--defaults N]

Makes the collection of bench.collection from the photographs in the folder SAMEPIC_BENCH_DATA (every Nth of them), runs
`samepic.find`, then find_duplicates on local-cluster[2,1,2048]: two executor processes of one core. For each
partitioning the table must be the same, row by row; with --kill, an executor is killed with SIGKILL so many seconds
after the search began. With --defaults, N blank and default pictures are put in.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
import threading
import time
from pathlib import Path

from PIL import Image, ImageDraw
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from bench.collection import make
from bench.common import encoded, head, option, row, wanted_data
from bench.spark_common import executors, session, shuffled
from samepic.duplicates.finder import find
from samepic.spark import find_duplicates

Row = tuple[int, str, str, str, float, str]


OPTIONS = (
    option("--every", 20),
    option("--copies", False),
    option("--partitions", [7], type=int, nargs="+"),
    option("--kill", type=float),
    option("--defaults", 0),
    option("--content", False, help="hand over bytes in Parquet, not paths"),
)


def main(args: argparse.Namespace) -> None:
    """Make, search, compare and print."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "pictures"
        make(wanted_data(), folder, args.every)
        if args.defaults:
            put_defaults(folder / "defaults", args.defaults)
        files = sorted(str(path) for path in folder.rglob("*") if path.is_file())
        size = sum(Path(path).stat().st_size for path in files) / 1e6
        print(f"{len(files)} files, {size:.0f} MB\n", flush=True)
        start = time.perf_counter()
        want = here(folder, args.copies)
        alone, groups = time.perf_counter() - start, len({one[0] for one in want})
        print(f"samepic.find: {alone:.1f} s, {len(want)} members in {groups} groups\n", flush=True)
        head("partitions", "executor killed", "wall s", "against find", "shuffled MB", "members", "equal")
        for partitions in args.partitions:
            result(files, want, alone, partitions=partitions, args=args, made=Path(made))


def result(
    files: list[str], want: list[Row], alone: float, *, partitions: int, args: argparse.Namespace, made: Path
) -> None:
    """Search once on a cluster of its own and print the row."""
    with session("local-cluster[2,1,2048]", partitions) as spark:
        df, given = listed(spark, files, partitions, made if args.content else None)
        dead: list[int] = []
        if args.kill:
            threading.Timer(args.kill, kill_one, (dead,)).start()
        start = time.perf_counter()
        content, path = given
        rows = find_duplicates(df, key="path", content=content, path=path, copies=args.copies).collect()
        wall = time.perf_counter() - start
        moved = shuffled(spark)["shuffleWriteBytes"] / 1e6
        got = sorted(tuple(one) for one in rows)
        equal = "yes" if got == want else first_difference(got, want)
        killed = f"{args.kill:g} s" if dead else "no"
        row(partitions, killed, f"{wall:.1f}", f"{wall / alone:.2f}", f"{moved:.1f}", len(got), equal)


def listed(
    spark: SparkSession, files: list[str], partitions: int, made: Path | None
) -> tuple[DataFrame, tuple[str | None, str | None]]:
    """Return the pictures as paths, or as bytes in Parquet, and the columns of contents and of paths."""
    paths = spark.createDataFrame([(path,) for path in files], "path string").repartition(partitions)
    if made is None:
        return paths, (None, "path")
    place = str(made / f"bytes-{partitions}.parquet")
    binary = (
        spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(str(made / "pictures"))
    )
    plain = binary.select(fn.regexp_replace("path", "^file:", "").alias("path"), "content")
    plain.repartition(partitions).write.parquet(place)
    return spark.read.parquet(place), ("content", None)


def here(folder: Path, copies: bool) -> list[Row]:
    """Return the rows that find on this machine gives."""
    return sorted(
        (
            group.number,
            member.file.path,
            group.reference.path,
            str(member.relation),
            member.probability,
            member.explanation,
        )
        for group in find([folder], copies=copies, cache=False)
        for member in group.members
    )


def first_difference(got: list[Row], want: list[Row]) -> str:
    """Return what the first rows that differ say."""
    missing, more = sorted(set(want) - set(got)), sorted(set(got) - set(want))
    return f"NO: {len(missing)} missing, {len(more)} more, such as {(missing or more)[0]}"


def kill_one(dead: list[int]) -> None:
    """Kill one executor with SIGKILL."""
    running = executors()
    if running:
        os.kill(running[0], signal.SIGKILL)
        dead.append(running[0])


def put_defaults(folder: Path, count: int) -> None:
    """Write `count` pictures: a half blank, of any colour and size; a quarter one avatar, byte for byte; a quarter the
    same avatar with a comment of its own, or saved again."""
    folder.mkdir()
    dice = random.Random(0)
    avatar = Image.new("RGB", (256, 256), (90, 120, 160))
    draw = ImageDraw.Draw(avatar)
    draw.ellipse((78, 40, 178, 140), fill=(230, 230, 235))
    draw.ellipse((28, 150, 228, 350), fill=(230, 230, 235))
    for number in range(count):
        if number % 4 < 2:
            size = dice.randrange(16, 400), dice.randrange(16, 400)
            data = encoded(Image.new("RGB", size, tuple(dice.randrange(256) for _ in range(3))), "PNG")
        elif number % 4 == 2:
            data = encoded(avatar, quality=85)
        else:
            quality = 85 if number % 8 == 3 else dice.randrange(30, 96)
            data = encoded(avatar, quality=quality, comment=f"user {number}".encode())
        (folder / f"{number:05}.{'png' if number % 4 < 2 else 'jpg'}").write_bytes(data)
