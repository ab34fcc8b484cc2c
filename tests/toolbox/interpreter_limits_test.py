"""The code interpreter when things go wrong: timeouts, ends of its processes,
floods, and images without Python."""

import json
import os
import signal
import time
import unittest

from daemon import MEMORY_FACTOR, Daemon, check_problem, wait_until
from interpreter import PATH, Run, WithDaemon, processes
from websocket import WebSocket


class Limits(WithDaemon):
    def test_a_timeout_closes_with_4008_and_keeps_the_state(self):
        self.run_code("kept = 'yes'")
        start = time.monotonic()
        run = self.run_code("print('a')\nimport time\ntime.sleep(60)",
                            timeout=1)
        self.assertLess(time.monotonic() - start, 3)
        self.assertEqual((run.out, run.control, run.error), ("a\n", "", None))
        self.assertEqual(run.closed, (4008, ""))
        self.assertEqual(self.run_code("print(kept)").out, "yes\n")

    def test_a_timeout_reaches_what_the_code_waits_for(self):
        run = self.run_code("import os; os.system('sleep 961.5')", timeout=1)
        self.assertEqual(run.closed[0], 4008)
        self.assertTrue(wait_until(lambda: not processes("961.5")))

    def test_code_that_heeds_no_interrupt_is_ended(self):
        one = self.context()["id"]
        self.run_code("state = 1", contextId=one)
        start = time.monotonic()
        run = self.run_code(
            "import time, subprocess\nsubprocess.Popen(['sleep', '951.5'])\n"
            "while True:\n  try:\n    time.sleep(60)\n"
            "  except KeyboardInterrupt:\n    pass",
            contextId=one, timeout=1)
        self.assertLess(time.monotonic() - start, 6)
        self.assertEqual(run.closed[0], 4008)
        self.assertIn("without its state", run.err)
        self.assertTrue(wait_until(lambda: processes("951.5") == []))
        self.assertEqual(self.run_code("state", contextId=one).error["name"],
                         "NameError")

    def test_no_timeout_and_whole_floats(self):
        for timeout in (0, 5.0, None):
            self.assertEqual(self.run_code("print(1)", timeout=timeout).out,
                             "1\n")

    def test_a_process_that_ends_is_told_and_started_again(self):
        one = self.context()["id"]
        for code, how in (("import os; print('last', flush=True); os._exit(3)",
                           "ended with exit code 3"),
                          ("import os; os.kill(os.getpid(), 11)",
                           "was ended by signal 11"),
                          ("import os; os.kill(os.getppid(), 9)\n"
                           "import time; time.sleep(60)",
                           "was ended with its supervisor")):
            with self.subTest(how=how):
                run = self.run_code(code, contextId=one)
                self.assertEqual(run.closed, (1001, "worker process ended"))
                self.assertEqual(run.error["name"], "InterpreterEnded")
                self.assertIn(how, run.error["value"])
                self.assertEqual(
                    self.run_code("print(5)", contextId=one).out, "5\n")

    def test_one_that_ends_between_runs_is_started_again(self):
        pid = int(self.run_code("import os; print(os.getpid())").out)
        os.kill(pid, signal.SIGKILL)
        self.assertTrue(wait_until(lambda: not os.path.exists(f"/proc/{pid}")))
        self.assertEqual(self.run_code("print(6)").out, "6\n")

    def test_a_flood_that_nobody_reads_takes_little_memory(self):
        one = self.context()["id"]
        with WebSocket(self.daemon, f"{PATH}/execute") as ws:
            ws.sock.setsockopt(1, 8, 4096)
            ws.send_text(json.dumps({
                "code": "while True: print('z' * 1000)", "contextId": one}))
            ws.receive()
            before = self.peak()
            for _ in range(200):
                self.assertEqual(self.daemon.get("/version").status, 200)
                self.assertLess(self.peak() - before, 4096 * MEMORY_FACTOR)
            self.daemon.delete(f"{PATH}/context/{one}")

    def peak(self):
        return int(self.daemon.status_field("VmHWM").split()[0])

    def test_a_flood_that_is_read_comes_whole(self):
        run = self.run_code("for i in range(200000): print(i)")
        self.assertEqual(run.out, "".join(f"{i}\n" for i in range(200000)))
        self.assertEqual(run.control, "completed")

    def test_code_cannot_break_the_protocol(self):
        one = self.context()["id"]
        run = self.run_code(
            "import os\nos.write(4, b'error {\\n')\nos.write(4, b'chart []\\n')\n"
            "os.write(4, b'nonsense\\n')\nos.write(4, b'x' * 5000000 + b'\\n')\n"
            "print('on')", contextId=one)
        self.assertEqual((run.out, run.control, run.error),
                         ("on\n", "completed", None))
        self.assertIn("too large", run.err)

    def test_descriptors_that_the_code_closed_are_there_again(self):
        self.run_code("import os; os.close(1); os.close(2)")
        run = self.run_code("print('back'); os.system('echo too')")
        self.assertEqual((run.out, run.control), ("back\ntoo\n", "completed"))

    def test_code_of_one_mebibyte(self):
        code = "x = 0\n" + "#" + "ü" * 500000 + "\n" + "print('end')"
        self.assertEqual(self.run_code(code).out, "end\n")


class Broken(unittest.TestCase):
    def test_an_image_without_python_says_so(self):
        with Daemon({"env": {"PATH": "/none"}}) as daemon:
            answer = daemon.post(f"{PATH}/context", {})
            check_problem(self, answer, 500, "INTERNAL_SERVER_ERROR",
                          "this image has no python3")
            self.assertEqual(daemon.get(f"{PATH}/context").json["contexts"], [])
            for _ in range(2):
                run = Run(daemon, "print(1)").end()
                self.assertEqual(run.closed, (
                    1011, "no interpreter: this image has no python3, which "
                          "the code interpreter needs"))

    def test_a_python_that_fails_is_told_with_its_last_words(self):
        with Daemon() as daemon:
            os.mkdir(daemon.work + "/bin")
            path = daemon.work + "/bin/python3"
            with open(path, "w") as script:
                script.write("#!/bin/sh\necho noise >&2\necho 'bad day' >&2\n"
                             "exit 9\n")
            os.chmod(path, 0o755)
            with Daemon({"env": {"PATH": daemon.work + "/bin"}}) as other:
                run = Run(other, "1").end()
                self.assertEqual(run.closed[0], 1011)
                self.assertIn("ended with exit code 9 (bad day)",
                              run.closed[1])

    def test_nothing_is_written_where_nothing_can_be(self):
        with Daemon({"env": {"TMPDIR": "/no/such", "HOME": "/no/such"}}) as d:
            self.assertEqual(Run(d, "print(1)").end().out, "1\n")

    def test_it_ends_with_the_sandbox(self):
        with Daemon() as daemon:
            run = Run(daemon, "import time; print(1)\ntime.sleep(941.5)")
            run.next()
            os.kill(daemon.pid, signal.SIGTERM)
            daemon.process.wait(10)
            run.ws.sock.close()


if __name__ == "__main__":
    unittest.main()
