"""What came to sandboxes and files after 0.190."""

import datetime
import urllib.error
import urllib.request

from stage import holds, of, same

FORM = (b'--mark\r\nContent-Disposition: form-data; name="file"; '
        b'filename="x"\r\n\r\nfrom all\r\n--mark--\r\n')


def opened(url, data=None):
    """(status, body), with nothing but the URL."""
    request = urllib.request.Request(
        url, data, {"Content-Type": "multipart/form-data; boundary=mark"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, b""


async def lists_deeply(sandbox, _):
    fs = sandbox.fs
    await of(fs.upload_file(b"1", "/tmp/tree/a/one"))
    await of(fs.upload_file(b"2", "/tmp/tree/a/b/two"))
    listed = await of(fs.list_files("/tmp/tree", depth=2))
    same(sorted(file.path for file in listed),
         ["/tmp/tree/a", "/tmp/tree/a/b", "/tmp/tree/a/one"])
    listed = await of(fs.list_files("/tmp/tree", depth=3))
    holds("/tmp/tree/a/b/two" in [file.path for file in listed], str(listed))


async def signs_file_urls(sandbox, _):
    await of(sandbox.fs.upload_file(b"for all", "/tmp/shared file"))
    url = await of(sandbox.download_url("/tmp/shared file"))
    same(opened(url), (200, b"for all"))
    upload = await of(sandbox.upload_url("/tmp/sent"))
    same(opened(upload, FORM)[0], 200)
    same(await of(sandbox.fs.download_file("/tmp/sent")), b"from all")
    await of(sandbox.rotate_signing_key())
    holds(opened(url)[0] in (401, 403), "the old URL opens it still")
    again = await of(sandbox.download_url("/tmp/shared file"))
    same(opened(again), (200, b"for all"))


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
    ("signs file URLs", signs_file_urls),
    ("changes the environment", changes_the_environment),
    ("measures", measures),
]
