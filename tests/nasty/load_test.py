"""Many commands at once, and a command that multiplies for as long as it
can."""

import json
import selectors
import threading
import time

from stand import Nasty, main

from harness.client import Client

EXECS = 500
ANSWER_LIMIT = 120  # seconds, for all of them on a busy machine

# Every process starts two more for as long as it can.
BOMB = """
cat > /tmp/bomb <<'END'
while :; do sh /tmp/bomb & sh /tmp/bomb; done
END
setsid sh /tmp/bomb > /dev/null 2>&1 &
"""
LIMITS = """
for file in /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max; do
  cat $file 2> /dev/null || :
done
"""


class Load(Nasty):
    def ask_all(self, request, count):
        """Sends as many requests at once; the whole answers."""
        waiting = selectors.DefaultSelector()
        for _ in range(count):
            peer = self.box.dial()
            self.addCleanup(peer.close)
            peer.sendall(request)
            waiting.register(peer, selectors.EVENT_READ, [])
        answers = []
        until = time.monotonic() + ANSWER_LIMIT
        while len(answers) < count:
            left = until - time.monotonic()
            self.assertGreater(left, 0, f"{len(answers)} of {count} answered")
            for key, _ in waiting.select(left):
                part = key.fileobj.recv(65536)
                key.data.append(part)
                if not part:
                    waiting.unregister(key.fileobj)
                    answers.append(b"".join(key.data))
        return answers

    def test_five_hundred_commands_at_once_are_all_answered(self):
        request = self.box.exec_request("sleep 1").replace(
            b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
        begun = time.monotonic()
        answers = self.ask_all(request, EXECS)
        print(f"  {EXECS} commands in {time.monotonic() - begun:.1f} s",
              flush=True)
        for answer in answers:
            head, _, body = answer.partition(b"\r\n\r\n")
            self.assertTrue(head.startswith(b"HTTP/1.1 200"), answer)
            self.assertEqual(json.loads(body)["exitCode"], 0)
        self.assert_peak_below(64)

    def test_a_fork_bomb_beside_a_running_command(self):
        told = []
        client = Client(self.server.port, self.server.key)
        self.addCleanup(client.close)
        other = threading.Thread(target=lambda: told.append(client.execute(
            self.box.id, "sleep 8; echo through").json))
        other.start()
        most = int(self.box.output(LIMITS).split()[0])
        self.box.execute(BOMB)
        self.wait_until(lambda: self.box.processes() > most * 0.9,
                        lambda: f"{self.box.processes()} of {most}")
        other.join(60)
        self.assertLessEqual(self.box.processes(), most + 64)
        self.assertEqual(told, [{"exitCode": 0, "result": "through\n"}])
        self.probe.stop()
        # Nothing of the bomb outlives the sandbox.
        begun = time.monotonic()
        gone = self.box.client.delete(self.box.id)
        print(f"  deleted in {time.monotonic() - begun:.1f} s", flush=True)
        self.assertEqual(gone.status, 200, gone)
        self.wait_until(lambda: self.box.processes() == 0,
                        lambda: f"{self.box.processes()} live on")


if __name__ == "__main__":
    main()
