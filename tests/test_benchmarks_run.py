"""The benchmark program runs, and every answer that it gets is right."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from tests.benchmarks.alone import ALONE
from tests.benchmarks.operations import OPERATIONS

ROOT = Path(__file__).parents[1]


async def test_every_operation_can_be_measured(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    command = ["--objects", "50", "--database", "sqlite", "--seconds", "0.1", "--json", str(out)]
    command += ["--imported", "50", "--invited", "20"]

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks", *command, cwd=ROOT
    )
    status = await process.wait()

    assert status == 0
    rows = json.loads(out.read_text())["rows"]
    assert [row["operation"] for row in rows] == [one.key for one in (*OPERATIONS, *ALONE)]
    assert all(row["ours"]["requests"] > 0 for row in rows)
