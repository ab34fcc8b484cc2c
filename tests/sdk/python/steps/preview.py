"""The address under which a port of a sandbox is reached."""

import http.client
import json
import os
import urllib.parse

from daytona import DaytonaError

from stage import fails, holds, of, same


def get(host, path, token):
    """The name needs no resolving: the server is the SDK's."""
    server = urllib.parse.urlsplit(os.environ["DAYTONA_API_URL"])
    peer = http.client.HTTPConnection(server.hostname, server.port, timeout=30)
    try:
        peer.request("GET", path, headers={
            "Host": host, "X-Daytona-Preview-Token": token})
        answer = peer.getresponse()
        return answer.status, answer.read()
    finally:
        peer.close()


async def reaches_the_toolbox(sandbox, _):
    link = await of(sandbox.get_preview_link(2280))
    host = urllib.parse.urlsplit(link.url).netloc
    same(host.split(".")[0], f"2280-{sandbox.id}")
    status, body = get(host, "/version", link.token)
    same(status, 200)
    holds(json.loads(body)["version"], "no version")
    same(get(host, "/version", link.token + "x")[0], 401)


async def refuses_what_is_no_port(sandbox, _):
    refused = await fails(DaytonaError, sandbox.get_preview_link, 70000)
    same(refused.status_code, 400)


STEPS = [
    ("reaches the toolbox", reaches_the_toolbox),
    ("refuses what is no port", refuses_what_is_no_port),
]
