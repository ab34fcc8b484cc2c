"""A proxy that passes everything on and knows what was asked through it."""

import re
import selectors
import socket
import socketserver
import threading

REQUEST = re.compile(
    rb"(GET|HEAD|POST|PUT|PATCH|DELETE) (/\S*) HTTP/1\.[01]\r\n")
LIMIT = 120  # seconds without a byte


class CountingProxy:
    """`with CountingProxy(port) as proxy`: proxy.port, proxy.requests()"""

    def __init__(self, server_port):
        self.server_port = server_port
        self._sent = []  # what each connection's client has sent
        self._lock = threading.Lock()

    def __enter__(self):
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    proxy._relay(self.request)
                except OSError:
                    pass  # either side is gone

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0),
                                                       Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever,
                         daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def requests(self):
        """[(method, path without query)], by connection."""
        with self._lock:
            sent = [bytes(one) for one in self._sent]
        return [(method.decode(), path.decode().partition("?")[0])
                for one in sent for method, path in REQUEST.findall(one)]

    def forget(self):
        with self._lock:
            for one in self._sent:
                one.clear()

    def _relay(self, client):
        kept = bytearray()
        with self._lock:
            self._sent.append(kept)
        with socket.create_connection(("127.0.0.1", self.server_port),
                                      10) as server, \
                selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while events := ready.select(LIMIT):
                for key, _ in events:
                    part = key.fileobj.recv(65536)
                    if not part:
                        return
                    if key.fileobj is client:
                        with self._lock:
                            kept += part
                    key.data.sendall(part)
