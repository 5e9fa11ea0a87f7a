#!/usr/bin/env python3
"""Lets dbt compile a project without a warehouse, as far as that can be done.

    python3 tests/dbt_offline.py PROJECT --profiles-dir DIR --target TARGET --out manifest.json [--vars '{…}']

dbt stops at the first model that asks the warehouse something while it is compiled. Here nothing is ever connected to:
such a model alone fails, and the others go on, as in a warehouse in which nothing has been built yet. So incremental
models are compiled as they are built the first time. Packages have to be installed, and the adapter of the profile;
what the profile says of account and password is not looked at. Prints how many models there are SQL of, and why not
of the others; `tests/dbt_fidelity.py` reads the manifest. Needs dbt-core 1.8 to 1.11 in the Python that runs it.
"""

import argparse
import collections
import os
import re
import sys
from pathlib import Path

from dbt.adapters.base import BaseAdapter, BaseConnectionManager
from dbt.cli.main import dbtRunner
from dbt.task.compile import CompileTask
from dbt.task.runnable import GraphRunnableTask
from dbt_common.exceptions import DbtRuntimeError

NO_WAREHOUSE = "there is no warehouse here"


def below(kind):
    for one in kind.__subclasses__():
        yield one
        yield from below(one)


def refuse(*_arguments, **_keywords):
    raise DbtRuntimeError(NO_WAREHOUSE)


def cut_off():
    """Nothing is built, nothing can be asked, and what fails keeps nothing else back."""
    for manager in (BaseConnectionManager, *below(BaseConnectionManager)):
        manager.open = classmethod(refuse)
        manager.close = classmethod(lambda _manager, connection: connection)
    for adapter in (BaseAdapter, *below(BaseAdapter)):
        adapter.list_relations = lambda self, database, schema: []
        adapter.cancel_open_connections = lambda self: []
    CompileTask.raise_on_first_error = lambda self: False
    GraphRunnableTask._mark_dependent_errors = lambda self, *rest: None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project")
    parser.add_argument("--profiles-dir", required=True)
    parser.add_argument("--profile")
    parser.add_argument("--target", required=True)
    parser.add_argument("--vars", default="{}")
    parser.add_argument("--out", required=True, help="where to write the manifest")
    arguments = parser.parse_args()
    out = Path(arguments.out).resolve()
    work = out.parent / (out.stem + ".target")
    common = ["--profiles-dir", str(Path(arguments.profiles_dir).resolve()), "--target", arguments.target,
              "--target-path", str(work), "--log-path", str(work), "--vars", arguments.vars]
    common += ["--profile", arguments.profile] if arguments.profile else []
    first = ["--no-use-colors", "--log-level", "none", "--no-send-anonymous-usage-stats"]
    os.chdir(arguments.project)

    parsed = dbtRunner().invoke([*first, "parse", "--no-partial-parse", *common])
    if not parsed.success:
        sys.exit(f"dbt cannot parse it: {parsed.exception}")
    manifest = parsed.result
    cut_off()
    compiled = dbtRunner(manifest=manifest).invoke(
        [*first, "compile", "--no-populate-cache", "--indirect-selection", "empty",
         "--select", "resource_type:model", "resource_type:snapshot", *common])
    if compiled.exception:
        sys.exit(f"dbt cannot compile it: {compiled.exception}")
    manifest.writable_manifest().write(str(out))

    kinds = collections.Counter()
    for one in compiled.result.results:
        said = one.message or ""
        asks = NO_WAREHOUSE in said or "get_column_values()" in said
        cause = "" if one.status == "success" else "asks" if asks else re.sub(r"\s+", " ", said)[:200]
        kinds[cause] += 1
    print(f"{sum(kinds.values())} nodes, {kinds.pop('', 0)} compiled, {kinds.pop('asks', 0)} ask the warehouse")
    for cause, count in kinds.most_common():
        print(f"  {count}: {cause}")


if __name__ == "__main__":
    main()
