#!/usr/bin/env python3
"""Compares what headsup makes of a dbt project with what dbt itself makes of it.

dbt has to have compiled the project, or at least parsed it; `tests/dbt_offline.py` has dbt compile without a warehouse:

    python3 tests/dbt_offline.py PROJECT --profiles-dir DIR --target dev --out manifest.json
    python3 tests/dbt_fidelity.py REPOSITORY [PROJECT] --manifest manifest.json --dialect duckdb --target dev --schema main

REPOSITORY is the directory that is read, PROJECT the folder of dbt_project.yml in it. Needs Python 3.9 and, for
headsup, cargo; no package. Prints what is the same and, by cause, what is not; ends with status 1 if a parent of
any model is missing.
"""

import argparse
import collections
import datetime
import json
import re
import subprocess
import sys
from pathlib import Path

BUILT = ("model", "seed", "snapshot")
MATERIALIZED = {"model": "view", "seed": "seed", "snapshot": "snapshot"}
# The day on which headsup's clock stands, and how far from the present a date is taken for one of the clock.
CLOCK, NEAR = datetime.date(2000, 1, 1), 400


def read_by_headsup(arguments):
    command = ["cargo", "run", "--quiet", "--release", "--example", "rendered", "--"]
    if arguments.program:
        command = [arguments.program]
    command += [arguments.repository, arguments.project, arguments.dialect]
    if arguments.target:
        command.append(arguments.target)
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    return {one["id"]: one for one in map(json.loads, done.stdout.splitlines())}


def narrow(sql):
    """SQL without the white space that parts no two words."""
    return re.sub(r"(?<=[^\w\s]) | (?=[^\w\s])", "", re.sub(r"\s+", " ", sql))


class Plain:
    """SQL without what cannot be compared: white space, comments, the names of a target nobody knows, the time."""

    # A part of a name that another part follows.
    OUTER = re.compile(r'"([^"\n]+)"\.|`([^`\n]+)`\.|(?<![\w-])([\w-]+)\.')

    def __init__(self, manifest):
        homes = [*manifest["nodes"].values(), *manifest["sources"].values()]
        names = {node[part] for node in homes for part in ("database", "schema") if node.get(part)} | {"dbt_target"}
        names |= {name.split("_", 1)[1] for name in names if "_" in name}
        self.names = names
        self.today = datetime.date.fromisoformat(manifest["metadata"]["generated_at"][:10])

    def __call__(self, sql):
        sql = re.sub(r"--[^\n]*|/\*.*?\*/", " ", sql, flags=re.S)
        before = None
        while before != sql:
            before, sql = sql, self.OUTER.sub(lambda part: "" if part[part.lastindex] in self.names else part[0], sql)
        sql = re.sub(r"(?<!\d)\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:?\d\d)?)?(?!\d)", self.near, sql)
        return narrow(sql).strip().rstrip(";").strip().lower()

    def without_run(self, sql):
        """A text without the numbers that may be the years of the clock, and without the ids of runs."""
        sql = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "(id)", sql)
        years = {str(day.year + step) for day in (CLOCK, self.today) for step in (-1, 0, 1)}
        return re.sub(rf"(?<![\w.])(?:{'|'.join(sorted(years))})(?![\w.])", "(year)", sql)

    def near(self, found):
        """A day that may come from the clock."""
        text = found.group()
        try:
            day = datetime.date.fromisoformat(text[:10])
        except ValueError:
            return text
        days = [abs((day - clock).days) for clock in (CLOCK, self.today)]
        return "(time)" if min(days) <= NEAR else text


def same_text(plain, node, ours):
    """Whether one of our readings is the text that dbt compiled.

    dbt writes ephemeral models into their readers; headsup reads them as tables of their own."""
    wanted = plain(node["compiled_code"])
    read = [plain(sql) for sql in ours["variants"]]
    if node.get("extra_ctes"):
        names = []
        # Those that others hold are inside them.
        for one in sorted(node["extra_ctes"], key=lambda one: -len(one["sql"] or "")):
            # Where the ephemeral model could not be compiled, its reader was left as it is.
            if one["sql"]:
                wanted = wanted.replace(plain(one["sql"]), "", 1)
                names.append(one["sql"].split()[0].lower())
        names += re.findall(r"__dbt__cte__\w+", wanted)
        bare = [name.removeprefix("__dbt__cte__") for name in names]
        for name, short in zip(names, bare):
            wanted = wanted.replace(name, short)
            read = [narrow(re.sub(rf'["`]{re.escape(short)}["`]', f" {short} ", sql)).strip() for sql in read]
        start = r"^with( recursive)?[ ,]+|^[ ,]+"
        wanted, read = re.sub(start, "", wanted), [re.sub(start, "", sql) for sql in read]
    return wanted in read or plain.without_run(wanted) in map(plain.without_run, read)


def by_constraint(node):
    """The names in a node's foreign keys: dbt builds those tables first, and no row or column comes from them."""
    lists = [node.get("constraints") or [], *(column.get("constraints") or [] for column in node["columns"].values())]
    return {name for said in lists for one in said for name in re.findall(r"\w+", one.get("to") or "")}


def listed(value):
    return sorted(value) if isinstance(value, list) else [] if value is None else [value]


def lower(text):
    return text and text.lower()


def settings(theirs, ours, schema):
    """What is compared of a node beside its SQL: by name, dbt's and ours."""
    config = {key: json.loads(value) if value[:1] in '"[{' else value for key, value in ours["config"].items()}
    held = theirs["config"]
    name = (ours["names"] or [[]])[0]
    yield "alias", lower(theirs["alias"]), lower(name[-1] if name else None)
    if schema:
        # Of a schema that starts with the target's the rest is known, and of the target's own nothing.
        own = theirs["schema"]
        rest = own[len(schema):].lstrip("_") if own.startswith(schema) else own
        read = lower(name[-2] if len(name) > 1 else "")
        yield "schema", lower(own if read == lower(own) else rest), read
    if theirs["resource_type"] == "source":
        yield "tags", listed(theirs["tags"]), listed(ours["tags"])
        return
    kind = MATERIALIZED[theirs["resource_type"]]
    yield "materialized", held.get("materialized"), config.get("materialized", kind)
    yield "unique_key", listed(held.get("unique_key")), listed(config.get("unique_key"))
    yield "incremental_strategy", held.get("incremental_strategy"), config.get("incremental_strategy")
    yield "tags", sorted(set(listed(held.get("tags")))), listed(ours["tags"])
    yield "group", held.get("group"), ours["group"]
    if theirs["resource_type"] == "model":
        yield "access", held.get("access") or theirs.get("access"), ours["access"] or "protected"


def percent(part, whole):
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "none"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository")
    parser.add_argument("project", nargs="?", default="")
    parser.add_argument("--manifest", required=True, help="the manifest.json that dbt wrote")
    parser.add_argument("--dialect", required=True, help="the dialect as headsup names it")
    parser.add_argument("--target", help="the target of the profile that dbt used")
    parser.add_argument("--schema", help="the schema of that target; without it no schemas are compared")
    parser.add_argument("--program", help="the built example, to spare building it")
    parser.add_argument("--show", type=int, default=5, help="how many cases of each kind to show")
    parser.add_argument("--texts", help="a folder in which to put both texts of what differs")
    arguments = parser.parse_args()
    arguments.repository = str(Path(arguments.repository).resolve())

    manifest = json.loads(Path(arguments.manifest).read_text())
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in BUILT}
    sources = manifest["sources"]
    ours = read_by_headsup(arguments)
    both = sorted(nodes.keys() & ours.keys())
    for what, theirs in (("nodes", nodes), ("sources", sources)):
        mine = {key for key in ours if key.startswith("source.") == (what == "sources")}
        print(f"{what}: dbt {len(theirs)}, headsup {len(mine)}, both {len(theirs.keys() & mine)}")
        for side, ids in (("dbt", theirs.keys() - mine), ("headsup", mine - theirs.keys())):
            if ids:
                print(f"  only {side}: {len(ids)}, for instance {', '.join(sorted(ids)[: arguments.show])}")

    missing, extra, edges, keys, alike = [], [], 0, 0, 0
    for key in both:
        parents = {one for one in nodes[key]["depends_on"].get("nodes", []) if one.split(".")[0] in (*BUILT, "source")}
        edges += len(parents)
        unread = parents - set(ours[key]["parents"])
        only_keys = {one for one in unread if one.split(".")[2] in by_constraint(nodes[key])}
        keys += len(only_keys)
        more = set(ours[key]["parents"]) - parents
        missing += [(key, one) for one in sorted(unread - only_keys)]
        extra += [(key, one) for one in sorted(more)]
        alike += not (unread - only_keys or more)
    print(f"parents: {percent(alike, len(both))} have the same; "
          f"of {edges} edges {len(missing)} missing, {len(extra)} extra, {keys} by foreign keys only")
    for what, pairs in (("missing", missing), ("extra", extra)):
        for key, one in pairs[: arguments.show]:
            print(f"  {what}: {key} reads {one}")

    differ, seen = collections.defaultdict(list), collections.Counter()
    for key in [*both, *sorted(sources.keys() & ours.keys())]:
        theirs = nodes.get(key) or sources[key]
        what = "of sources" if key in sources else "of nodes"
        theirs = theirs if key in nodes else {**theirs, "alias": theirs["identifier"]}
        for name, wanted, held in settings(theirs, ours[key], arguments.schema):
            seen[name, what] += 1
            if wanted != held:
                differ[name, what].append((key, wanted, held))
    for name, what in seen:
        others = differ[name, what]
        print(f"{name} {what}: {percent(seen[name, what] - len(others), seen[name, what])} the same")
        for key, wanted, held in others[: arguments.show]:
            print(f"  {key}: dbt {wanted}, headsup {held}")

    plain = Plain(manifest)
    compiled = [key for key in both if nodes[key].get("compiled_code") and nodes[key].get("language") == "sql"]
    same, by_cause, shown = 0, collections.Counter(), collections.defaultdict(list)
    for key in compiled:
        if same_text(plain, nodes[key], ours[key]):
            same += 1
        else:
            cause = "with ephemeral models" if nodes[key].get("extra_ctes") else ours[key]["rung"]
            by_cause[cause] += 1
            shown[cause].append(key)
            if arguments.texts:
                for side, texts in (("dbt", [nodes[key]["compiled_code"]]), ("headsup", ours[key]["variants"])):
                    Path(arguments.texts, f"{key}.{side}").write_text("\n".join(sorted({plain(sql) for sql in texts})))
    if compiled:
        print(f"SQL: {percent(same, len(compiled))} the same, but for white space, comments, databases, schemas and the time")
    for cause, count in by_cause.most_common():
        print(f"  differs, {cause}: {count}, for instance {', '.join(shown[cause][: arguments.show])}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
