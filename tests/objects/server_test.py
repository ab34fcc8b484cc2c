#!/usr/bin/env python3
"""Object storage and registries of a real server, asked byte by byte.

usage: server_test.py --build BUILD
"""

import argparse
import base64
import hashlib
import json
import os
import sys
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

from harness.own_server import own_server  # noqa: E402  (needs the path)
from signed_client import (CHUNKS, UNSIGNED_TRAILER, SignedClient,  # noqa: E402
                           crc32)

failures = []


def expect(got, wanted, what):
    if got != wanted:
        failures.append(f"{what}: {got!r} instead of {wanted!r}")
        print(f"FAILED {failures[-1]}", flush=True)


def api(server, method, path, body=None):
    """(status, parsed body)"""
    ask = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/api{path}", method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {server.key}",
                 "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(ask, timeout=30) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())


def client_of(server):
    status, access = api(server, "GET", "/object-storage/push-access")
    expect(status, 200, "push-access")
    expect(set(access), {"accessKey", "secret", "sessionToken", "storageUrl",
                         "organizationId", "bucket", "region"},
           "fields of push-access")
    return SignedClient(server.port, access), access["organizationId"]


def test_objects(s3, org):
    key = f"{org}/h1/context.tar"
    data = os.urandom(300_000)
    probe = [("list-type", "2"), ("max-keys", "1"), ("prefix", f"{org}/h1/")]
    expect(s3.request("HEAD").status, 200, "HEAD of the bucket")
    expect(s3.request("GET", query=probe).text("KeyCount"), "0", "list")
    expect(s3.request("HEAD", key).status, 404, "HEAD of nothing")
    expect(s3.request("GET", key).code, "NoSuchKey", "GET of nothing")
    put = s3.request("PUT", key, body=data,
                     more={"x-amz-checksum-crc32": crc32(data)})
    expect(put.status, 200, "PUT")
    expect(put.headers["x-amz-checksum-crc32"], crc32(data), "its checksum")
    listed = s3.request("GET", query=probe)
    expect(listed.text("Key"), key, "list")
    expect(listed.text("Size"), str(len(data)), "size in a list")
    head = s3.request("HEAD", key)
    expect(head.headers["Content-Length"], str(len(data)), "length by HEAD")
    expect(head.headers["ETag"], put.headers["ETag"], "etag by HEAD")
    expect(s3.request("GET", key).body, data, "GET")
    part = s3.request("GET", key, more={"range": "bytes=100-199"})
    expect((part.status, part.body), (206, data[100:200]), "GET of a range")
    expect(part.headers["Content-Range"], f"bytes 100-199/{len(data)}",
           "Content-Range")
    far = s3.request("GET", key, more={"range": "bytes=300000-"})
    expect((far.status, far.code), (416, "InvalidRange"), "far range")
    again = s3.request("PUT", key, body=b"x", more={"if-none-match": "*"})
    expect((again.status, again.code), (412, "PreconditionFailed"), "only new")
    host = f"{s3.bucket}.localhost:{s3.port}"
    by_host = s3.request("PUT", path=f"/{org}/h2/context.tar", host=host,
                         body=data)
    expect(by_host.status, 200, "PUT by host name")
    expect(s3.request("GET", f"{org}/h2/context.tar").body, data,
           "GET of what came by host name")


def test_forms(s3, org):
    key = f"{org}/forms/context.tar"
    data = os.urandom(200_000)
    length = {"x-amz-decoded-content-length": str(len(data)),
              "content-encoding": "aws-chunked"}

    def holds(answer, what):
        expect(answer.code, 200, what)
        expect(s3.request("GET", key).body, data, f"GET after {what}")

    holds(s3.request("PUT", key, body=data, payload="UNSIGNED-PAYLOAD"),
          "unsigned payload")
    holds(s3.request("PUT", key, body=data, payload=CHUNKS, more=length),
          "signed chunks")
    framed = (b"%x\r\n" % len(data) + data + b"\r\n0\r\n"
              + f"x-amz-checksum-crc32:{crc32(data)}\r\n\r\n".encode())
    trailer = {**length, "x-amz-trailer": "x-amz-checksum-crc32"}
    holds(s3.request("PUT", key, body=framed, payload=UNSIGNED_TRAILER,
                     more=trailer), "chunks with a trailer")
    expect(s3.presigned("PUT", key, body=data).code, 200, "presigned PUT")
    expect(s3.presigned("GET", key).body, data, "presigned GET")
    expect(s3.presigned("GET", key, seconds=5, late=10).code, "AccessDenied",
           "presigned GET that is over")
    md5 = base64.b64encode(hashlib.md5(data).digest()).decode()
    holds(s3.request("PUT", key, body=data, more={"content-md5": md5}),
          "Content-MD5")


def test_refusals(s3, org):
    key = f"{org}/never/context.tar"
    data = os.urandom(100_000)

    def refused(answer, status, code, what):
        expect((answer.status, answer.code), (status, code), what)
        expect(s3.request("GET", key).code, "NoSuchKey", f"GET after {what}")

    def spoil_signature(headers):
        last = headers["authorization"][-1]
        headers["authorization"] = (headers["authorization"][:-1]
                                    + ("0" if last != "0" else "1"))

    refused(s3.request("PUT", key, body=data, spoil=spoil_signature), 403,
            "SignatureDoesNotMatch", "a wrong signature")
    refused(s3.request("PUT", key, body=data,
                       spoil=lambda h: h.pop("authorization")), 403,
            "AccessDenied", "no signature")
    refused(s3.request("PUT", key, body=data, payload="0" * 64), 400,
            "XAmzContentSHA256Mismatch", "another body than was signed")
    refused(s3.request("PUT", key, body=data,
                       more={"x-amz-checksum-crc32": crc32(b"other")}), 400,
            "BadDigest", "a wrong checksum")
    refused(s3.request("PUT", key, body=data,
                       more={"content-md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}), 400,
            "BadDigest", "a wrong MD5")
    refused(s3.request("PUT", key, body=data, length=len(data) + 1), 400,
            "IncompleteBody", "a body that is cut off")
    refused(s3.request("PUT", key, body=data, more={"x-amz-acl": "private"}),
            501, "NotImplemented", "what nobody does here")
    refused(s3.request("PUT", key, body=data,
                       spoil=lambda h: h.update({"x-amz-acl": "private"})),
            403, "AccessDenied", "a field that was not signed")
    too_long = {"content-length": str(6 << 30)}
    refused(s3.request("PUT", key, body=b"x",
                       spoil=lambda h: h.update(too_long)), 400,
            "EntityTooLarge", "more than an object may hold")
    foreign = "11111111-2222-4333-8444-555555555555"
    expect(s3.request("PUT", f"{foreign}/h/context.tar", body=b"x").code,
           "AccessDenied", "a foreign prefix")
    expect(s3.request("GET", query=[("list-type", "2"),
                                    ("prefix", foreign)]).code,
           "AccessDenied", "a list of a foreign prefix")
    expect(s3.request("GET", query=[("list-type", "2"),
                                    ("prefix", "")]).code,
           "AccessDenied", "a list of everything")
    expect(s3.request("DELETE", key).code, "AccessDenied", "DELETE")


def test_credentials(server, s3, org):
    key = f"{org}/h1/context.tar"
    for field in ("accessKey", "secret", "sessionToken"):
        other = SignedClient(server.port, s3.access)
        text = other.access[field]
        other.access[field] = ("A" if text[0] != "A" else "B") + text[1:]
        expect(other.request("GET", key).status, 403, f"another {field}")
    # What the token says cannot be changed without its secret.
    token = base64.b64decode(s3.access["sessionToken"]).decode()
    longer = token[:token.rindex("/") + 1] + "9999999999999"
    forged = SignedClient(server.port, s3.access)
    forged.access["sessionToken"] = base64.b64encode(longer.encode()).decode()
    expect(forged.request("GET", key).status, 403, "a longer life")
    late = SignedClient(server.port, s3.access)
    late.skew -= 16 * 60 * (late.skew.resolution * 1_000_000)
    expect(late.request("GET", key).code, "RequestTimeTooSkewed", "old date")


def test_revocation(server, org):
    code, output, errors = server.command("key", "create", "short")
    expect(code, 0, f"key create: {output}{errors}")
    value = [word.strip('",') for word in output.split()
             if word.strip('",').startswith("dtn_")][0]
    ask = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/api/object-storage/push-access",
        headers={"Authorization": f"Bearer {value}"})
    with urllib.request.urlopen(ask, timeout=30) as answer:
        s3 = SignedClient(server.port, json.loads(answer.read()))
    key = f"{org}/h1/context.tar"
    expect(s3.request("HEAD", key).status, 200, "before its key is revoked")
    code, output, errors = server.command("key", "revoke", "short")
    expect(code, 0, f"key revoke: {output}{errors}")
    expect(s3.request("GET", key).code, "InvalidAccessKeyId",
           "after its key was revoked")


def test_parts(s3, org):
    key = f"{org}/parts/context.tar"
    first, second = os.urandom(5 << 20), os.urandom(1000)
    begun = s3.request("POST", key, [("uploads", "")])
    upload = [("uploadId", begun.text("UploadId"))]

    def part(number, data):
        answer = s3.request("PUT", key, [("partNumber", str(number)), *upload],
                            body=data)
        expect(answer.status, 200, f"part {number}")
        return answer.headers["ETag"]

    etags = {2: part(2, second), 1: part(1, first)}

    def complete(numbers):
        text = "".join(f"<Part><PartNumber>{n}</PartNumber>"
                       f"<ETag>{etags[n]}</ETag></Part>" for n in numbers)
        return s3.request("POST", key, upload, body=(
            f"<CompleteMultipartUpload>{text}</CompleteMultipartUpload>"
        ).encode())

    expect(complete([2, 1]).code, "InvalidPartOrder", "parts out of order")
    expect(s3.request("GET", key).code, "NoSuchKey", "GET before the end")
    expect(complete([1, 2]).status, 200, "complete")
    expect(s3.request("GET", key).body, first + second, "GET of parts")
    expect(complete([1, 2]).status, 200, "complete, asked again")
    begun = s3.request("POST", key, [("uploads", "")])
    upload = [("uploadId", begun.text("UploadId"))]
    etags = {1: part(1, second)}
    expect(s3.request("DELETE", key, upload).status, 204, "abort")
    expect(complete([1]).code, "NoSuchUpload", "complete after abort")


def test_registries(server):
    fields = {"name": "ours", "url": "https://registry.example.com:5000",
              "username": "me", "password": "correct horse battery"}
    status, made = api(server, "POST", "/docker-registry", fields)
    expect(status, 201, "add a registry")
    expect({k: made[k] for k in ("name", "url", "username", "project",
                                 "registryType")},
           {"name": "ours", "url": fields["url"], "username": "me",
            "project": "", "registryType": "organization"}, "what was added")
    expect("password" in made, False, "a password in an answer")
    path = f"/docker-registry/{made['id']}"
    expect(api(server, "GET", path), (200, made), "get")
    expect(api(server, "GET", "/docker-registry"), (200, [made]), "list")
    change = {"name": "theirs", "url": "registry.example.com",
              "username": "you", "project": "team"}
    status, changed = api(server, "PATCH", path, change)
    expect(status, 200, "change")
    expect({k: changed[k] for k in change}, change, "what was changed")
    expect(api(server, "DELETE", path)[0], 204, "remove")
    expect(api(server, "DELETE", path)[0], 404, "remove again")
    expect(api(server, "GET", path)[0], 404, "get after remove")
    for without in ("name", "url", "username", "password"):
        less = {k: v for k, v in fields.items() if k != without}
        expect(api(server, "POST", "/docker-registry", less)[0], 400,
               f"without {without}")
    for url in ("ftp://a", "https://", "https://user:pw@host", ""):
        expect(api(server, "POST", "/docker-registry",
                   {**fields, "url": url})[0], 400, f"url {url}")
    expect(api(server, "GET", "/docker-registry/registry-push-access")[0], 503,
           "push access without a registry")
    code, dump, errors = server.command("log", "dump")
    expect(code, 0, f"log dump: {errors}")
    expect("DockerRegistryAdded" in dump, True, "the registry on the log")
    expect("correct horse" in dump, False, "a password on the log")


def test_restart(server, s3, org):
    server.kill()
    server.start()
    expect(s3.request("HEAD", f"{org}/h1/context.tar").status, 200,
           "after kill -9, with the credentials of before")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    with own_server(parser.parse_args().build) as server:
        s3, org = client_of(server)
        test_objects(s3, org)
        test_forms(s3, org)
        test_refusals(s3, org)
        test_credentials(server, s3, org)
        test_parts(s3, org)
        test_registries(server)
        test_revocation(server, org)
        test_restart(server, s3, org)
        if failures:
            print("server log:\n" + server.log_tail())
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
