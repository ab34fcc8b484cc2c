"""Asks object storage byte by byte: signs as it is told, right or wrong."""

import base64
import datetime
import hashlib
import hmac
import http.client
import re
import urllib.parse
import zlib

EMPTY = hashlib.sha256(b"").hexdigest()
CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def crc32(data):
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def code(self):
        """Of an error; the status of anything else."""
        found = re.search(rb"<Code>(\w+)</Code>", self.body)
        return found.group(1).decode() if found else self.status

    def text(self, name):
        found = re.search(f"<{name}>(.*?)</{name}>".encode(), self.body)
        return found.group(1).decode() if found else None


class SignedClient:
    """With what push-access answered; a connection for every request."""

    def __init__(self, port, access):
        self.port, self.access = port, dict(access)
        self.bucket = access["bucket"]
        self.skew = datetime.timedelta()

    def now(self):
        moment = datetime.datetime.now(datetime.timezone.utc) + self.skew
        return moment.strftime("%Y%m%dT%H%M%SZ")

    def signing_key(self, date):
        key = mac(b"AWS4" + self.access["secret"].encode(), date[:8])
        for part in (self.access["region"], "s3", "aws4_request"):
            key = mac(key, part)
        return key

    def scope(self, date):
        return f"{date[:8]}/{self.access['region']}/s3/aws4_request"

    def sign(self, method, path, query, headers, payload, date):
        names = sorted(headers)
        pairs = sorted((urllib.parse.quote(name, safe="-_.~"),
                        urllib.parse.quote(value, safe="-_.~"))
                       for name, value in query)
        canonical = "\n".join(
            [method, path, "&".join(f"{n}={v}" for n, v in pairs),
             *(f"{n}:{headers[n]}" for n in names), "", ";".join(names),
             payload])
        text = "\n".join(["AWS4-HMAC-SHA256", date, self.scope(date),
                          hashlib.sha256(canonical.encode()).hexdigest()])
        return mac(self.signing_key(date), text).hex()

    def request(self, method, key="", query=(), body=b"", *, more=None,
                payload=None, host=None, path=None, length=None, spoil=None):
        """`payload`: what is said of the body; `length`: instead of the
        body's own; `spoil` is given the headers before they are sent."""
        date = self.now()
        path = path or f"/{self.bucket}" + (f"/{key}" if key else "")
        payload = payload or hashlib.sha256(body).hexdigest()
        headers = {"host": host or f"127.0.0.1:{self.port}",
                   "x-amz-date": date, "x-amz-content-sha256": payload,
                   "x-amz-security-token": self.access["sessionToken"]}
        headers.update(more or {})
        signature = self.sign(method, path, query, headers, payload, date)
        if payload == CHUNKS:
            body = self.in_chunks(body, date, signature)
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.access['accessKey']}/"
            f"{self.scope(date)}, SignedHeaders="
            f"{';'.join(sorted(headers))}, Signature={signature}")
        headers["content-length"] = str(len(body) if length is None else length)
        if spoil:
            spoil(headers)
        return self.send(method, self.target(path, query), headers, body)

    def target(self, path, query):
        text = urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
        return path + ("?" + text if text else "")

    def presigned(self, method, key, seconds=60, body=b"", late=0):
        """By a query alone; asked `late` seconds after it was signed."""
        self.skew -= datetime.timedelta(seconds=late)
        date = self.now()
        self.skew += datetime.timedelta(seconds=late)
        path = f"/{self.bucket}/{key}"
        query = [("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
                 ("X-Amz-Credential",
                  f"{self.access['accessKey']}/{self.scope(date)}"),
                 ("X-Amz-Date", date), ("X-Amz-Expires", str(seconds)),
                 ("X-Amz-Security-Token", self.access["sessionToken"]),
                 ("X-Amz-SignedHeaders", "host")]
        headers = {"host": f"127.0.0.1:{self.port}"}
        signature = self.sign(method, path, query, headers,
                              "UNSIGNED-PAYLOAD", date)
        query.append(("X-Amz-Signature", signature))
        return self.send(method, self.target(path, query),
                         {**headers, "content-length": str(len(body))}, body)

    def in_chunks(self, data, date, seed, size=65536):
        out, before = b"", seed
        key = self.signing_key(date)
        pieces = [data[i:i + size] for i in range(0, len(data), size)] + [b""]
        for piece in pieces:
            text = "\n".join(["AWS4-HMAC-SHA256-PAYLOAD", date,
                              self.scope(date), before, EMPTY,
                              hashlib.sha256(piece).hexdigest()])
            before = mac(key, text).hex()
            out += f"{len(piece):x};chunk-signature={before}\r\n".encode()
            out += piece + b"\r\n"
        return out

    def send(self, method, target, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=60)
        try:
            connection.putrequest(method, target, skip_host=True,
                                  skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            try:
                connection.send(body)
                if int(headers["content-length"]) > len(body):
                    connection.sock.shutdown(1)
            except OSError:
                pass  # refused before all of it was sent
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()
