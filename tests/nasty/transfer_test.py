"""Large files both ways, and connections that never come to an end."""

import hashlib
import os
import socket

from stand import IS_FULL, MIB, Nasty, main

from harness import kernel_view

SIZE = (1024 if IS_FULL else 256) * MIB
BLOCK = os.urandom(MIB)
HALF_OPEN = 200


def digest_of_blocks():
    whole = hashlib.sha256()
    for _ in range(SIZE // MIB):
        whole.update(BLOCK)
    return whole.hexdigest()


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Transfer(Nasty):
    def upload(self, path):
        opening = (b'--B\r\nContent-Disposition: form-data; name="file"; '
                   b'filename="x"\r\n\r\n')
        closing = b"\r\n--B--\r\n"
        with self.box.dial() as peer:
            peer.sendall(self.box.head("POST", f"/files/upload?path={path}", {
                "Content-Type": "multipart/form-data; boundary=B",
                "Content-Length": SIZE + len(opening) + len(closing)})
                + opening)
            for _ in range(SIZE // MIB):
                peer.sendall(BLOCK)
            peer.sendall(closing)
            answer = peer.recv(4096)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer)

    def download(self, path):
        """The digest of what came."""
        whole, total = hashlib.sha256(), 0
        buffer = bytearray(MIB)
        with self.box.dial() as peer:
            peer.sendall(self.box.head("GET", f"/files/download?path={path}",
                                       {"Connection": "close"}))
            head = b""
            while b"\r\n\r\n" not in head:
                head += peer.recv(4096)
            _, _, rest = head.partition(b"\r\n\r\n")
            whole.update(rest)
            total += len(rest)
            while got := peer.recv_into(buffer):
                whole.update(memoryview(buffer)[:got])
                total += got
        self.assertEqual(total, SIZE)
        return whole.hexdigest()

    def test_large_files_pass_through_little_memory(self):
        self.upload("/home/daytona/large")
        told = self.box.output("sha256sum /home/daytona/large")
        self.assertEqual(told.split()[0], digest_of_blocks())
        self.assertEqual(self.download("/home/daytona/large"),
                         digest_of_blocks())
        self.assert_peak_below(32)

    def unfinished(self):
        """What a client might have sent when it fell silent."""
        whole = self.box.head("POST", "/files/upload?path=/tmp/half", {
            "Content-Type": "multipart/form-data; boundary=B",
            "Content-Length": 100_000})
        yield b""
        yield whole[:10]
        yield whole
        yield whole + b"--B\r\nContent-Disposition: form-data; na"
        yield self.box.head("POST", "/process/execute", {
            "Content-Type": "application/json",
            "Transfer-Encoding": "chunked"}) + b'5\r\n{"com'
        yield self.box.head("GET", "/process/pty/none/connect", {
            "Connection": "Upgrade", "Upgrade": "websocket"})[:-2]

    def test_half_open_connections_cost_nobody_else(self):
        server = self.server.process.pid
        self.box.output("true")
        before = descriptors(server), descriptors(self.box.toolbox)
        kinds = list(self.unfinished())
        peers = []
        for number in range(HALF_OPEN):
            peer = self.box.dial()
            self.addCleanup(peer.close)
            peer.sendall(kinds[number % len(kinds)])
            if number % 2:
                peer.shutdown(socket.SHUT_WR)
            peers.append(peer)
        for _ in range(20):
            self.assertEqual(self.box.output("echo fine"), "fine\n")
        for peer in peers:
            peer.close()
        self.settle(server, before[0])
        self.settle(self.box.toolbox, before[1])
        errands = [one for one in kernel_view.processes_with([self.box.id])
                   if "varve-toolbox" in one.command and one.pid_inside != 1]
        self.assertEqual([str(one) for one in errands], [])
        self.assert_peak_below(32)

    def settle(self, pid, before):
        """The probe and the kept connection hold a few of their own."""
        def held():
            return descriptors(pid) - before

        self.wait_until(lambda: held() <= 4, lambda: f"{held()} more are open")


if __name__ == "__main__":
    main()
