#!/usr/bin/env python3
"""Compares what headsup makes of a dbt project with what dbt itself makes of it.

dbt has to have compiled the project, or at least parsed it:

    dbt compile --no-partial-parse        # or `dbt parse`, for all but the SQL
    python3 tests/dbt_fidelity.py REPOSITORY [PROJECT] --manifest target/manifest.json --dialect duckdb --target dev

REPOSITORY is the directory that is read, PROJECT the folder of dbt_project.yml in it. Needs Python 3.9 and, for
headsup, cargo; no package. Prints what is the same and, by cause, what is not; ends with status 1 if a parent of
any model is missing.
"""

import argparse
import collections
import json
import re
import subprocess
import sys
from pathlib import Path

BUILT = ("model", "seed", "snapshot")
CONFIG = ("materialized", "unique_key", "incremental_strategy")


def read_by_headsup(arguments):
    command = ["cargo", "run", "--quiet", "--release", "--example", "rendered", "--"]
    if arguments.program:
        command = [arguments.program]
    command += [arguments.repository, arguments.project, arguments.dialect]
    if arguments.target:
        command.append(arguments.target)
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    return {one["id"]: one for one in map(json.loads, done.stdout.splitlines())}


def plain(sql, places):
    """SQL without what cannot be compared: white space, comments, and the schema of a target nobody knows."""
    sql = re.sub(r"--[^\n]*|/\*.*?\*/", " ", sql, flags=re.S)
    for place in places:
        sql = sql.replace(place, "") if place[0] in "\"`" else re.sub(rf"(?<![\w.]){re.escape(place)}", "", sql)
    # headsup's clock stands still.
    sql = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?(\+00:00)?", "(time)", sql)
    return re.sub(r"\s+", " ", sql).strip().rstrip(";").strip().lower()


def by_constraint(node):
    """The names in a node's foreign keys: dbt builds those tables first, and no row or column comes from them."""
    lists = [node.get("constraints") or [], *(column.get("constraints") or [] for column in node["columns"].values())]
    return {name for said in lists for one in said for name in re.findall(r"\w+", one.get("to") or "")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository")
    parser.add_argument("project", nargs="?", default="")
    parser.add_argument("--manifest", required=True, help="the manifest.json that dbt wrote")
    parser.add_argument("--dialect", required=True, help="the dialect as headsup names it")
    parser.add_argument("--target", help="the target of the profile that dbt used")
    parser.add_argument("--program", help="the built example, to spare building it")
    parser.add_argument("--show", type=int, default=5, help="how many cases of each kind to show")
    arguments = parser.parse_args()
    arguments.repository = str(Path(arguments.repository).resolve())

    manifest = json.loads(Path(arguments.manifest).read_text())
    theirs = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in BUILT}
    ours = read_by_headsup(arguments)
    both = sorted(theirs.keys() & ours.keys())
    print(f"nodes: dbt {len(theirs)}, headsup {len(ours)}, both {len(both)}")
    for what, ids in (("only dbt", theirs.keys() - ours.keys()), ("only headsup", ours.keys() - theirs.keys())):
        if ids:
            print(f"  {what}: {len(ids)}, for instance {', '.join(sorted(ids)[: arguments.show])}")

    missing, extra, edges, keys = [], [], 0, 0
    for key in both:
        parents = {one for one in theirs[key]["depends_on"].get("nodes", []) if one.split(".")[0] in (*BUILT, "source")}
        edges += len(parents)
        unread = parents - set(ours[key]["parents"])
        only_keys = {one for one in unread if one.split(".")[2] in by_constraint(theirs[key])}
        keys += len(only_keys)
        missing += [(key, one) for one in sorted(unread - only_keys)]
        extra += [(key, one) for one in sorted(set(ours[key]["parents"]) - parents)]
    print(f"parents: {edges} by dbt, {len(missing)} missing, {len(extra)} extra, {keys} by foreign keys only")
    for what, pairs in (("missing", missing), ("extra", extra)):
        for key, one in pairs[: arguments.show]:
            print(f"  {what}: {key} reads {one}")

    for name in CONFIG:
        def differs(key):
            value = theirs[key]["config"].get(name)
            held = ours[key]["config"].get(name)
            held = held if held is None else json.loads(held) if held[:1] in '"[{' else held
            return value is not None and held is not None and value != held
        others = [key for key in both if differs(key)]
        print(f"{name}: {len(others)} of {len(both)} differ" + (f", for instance {others[0]}" if others else ""))

    compiled = [key for key in both if theirs[key].get("compiled_code") and theirs[key].get("language") == "sql"]
    same, by_cause, shown = 0, collections.Counter(), collections.defaultdict(list)
    # Where a table lands depends on the profile, which headsup does not have to know.
    homes = [*theirs.values(), *manifest["sources"].values()]
    names = {node[part] for node in homes for part in ("database", "schema") if node.get(part)} | {"dbt_target"}
    names |= {name.split("_", 1)[1] for name in names if "_" in name}
    places = [f"{quote}{name}{quote}." for name in sorted(names, key=len, reverse=True) for quote in ('"', "`", "")]
    for key in compiled:
        wanted = plain(theirs[key]["compiled_code"], places)
        if any(plain(sql, places) == wanted for sql in ours[key]["variants"]):
            same += 1
        else:
            # dbt writes ephemeral models into their readers; headsup reads them as models of their own.
            cause = "with ephemeral models" if "__dbt__cte__" in theirs[key]["compiled_code"] else ours[key]["rung"]
            by_cause[cause] += 1
            shown[cause].append(key)
    if compiled:
        print(f"SQL: {same} of {len(compiled)} the same ({100 * same / len(compiled):.1f} %), but for white space, "
              "comments, databases, schemas and the time")
    for cause, count in by_cause.most_common():
        print(f"  differs, {cause}: {count}, for instance {', '.join(shown[cause][: arguments.show])}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
