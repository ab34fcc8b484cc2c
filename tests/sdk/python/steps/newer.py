"""What came to sandboxes and files after 0.190."""

import datetime

from stage import holds, of, same


async def lists_deeply(sandbox, _):
    fs = sandbox.fs
    await of(fs.upload_file(b"1", "/tmp/tree/a/one"))
    await of(fs.upload_file(b"2", "/tmp/tree/a/b/two"))
    listed = await of(fs.list_files("/tmp/tree", depth=2))
    same(sorted(file.path for file in listed),
         ["/tmp/tree/a", "/tmp/tree/a/b", "/tmp/tree/a/one"])
    listed = await of(fs.list_files("/tmp/tree", depth=3))
    holds("/tmp/tree/a/b/two" in [file.path for file in listed], str(listed))


async def changes_the_environment(sandbox, _):
    await of(sandbox.update_env({"ADDED": "later", "PASSING": "on"}))
    await of(sandbox.update_env({"ADDED": "last"}, unset=["PASSING"]))
    seen = await of(sandbox.process.exec('echo "$ADDED:$PASSING"'))
    same(seen.result.strip(), "last:")


async def measures(sandbox, _):
    now = await of(sandbox.get_metrics_latest())
    holds(now.cpu_count >= 1 and now.cpu_used_pct >= 0, str(now))
    holds(0 < now.mem_used <= now.mem_total, str(now))
    holds(0 < now.disk_used <= now.disk_total, str(now))
    age = datetime.datetime.now(datetime.timezone.utc) - now.timestamp
    holds(abs(age.total_seconds()) < 60, str(now))


STEPS = [
    ("lists deeply", lists_deeply),
    ("changes the environment", changes_the_environment),
    ("measures", measures),
]
