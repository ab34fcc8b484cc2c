"""PID 1's duties: start, privileges, reaping, limits, end."""

import os
import signal
import struct
import subprocess
import time
import unittest

from daemon import (BINARY, Answer, Daemon, check_problem, memory_file,
                    wait_until)

PID_NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child", "--mount",
                 "--mount-proc"]

KEPT = {0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31}  # linux/capability.h


def capabilities(text):
    bits = int(text, 16)
    return {number for number in range(64) if bits >> number & 1}


def deny_filter(number, error):
    """Classic BPF: this system call fails with this errno, others pass."""
    return b"".join(struct.pack("HBBI", *step) for step in (
        (0x20, 0, 0, 0),                  # load the call's number
        (0x15, 0, 1, number),             # equal: next, else skip one
        (0x06, 0, 0, 0x00050000 | error),
        (0x06, 0, 0, 0x7fff0000)))


class Start(unittest.TestCase):
    def fails(self, *args, **fds):
        done = subprocess.run([BINARY, *args], capture_output=True,
                              timeout=20, **fds)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr.decode()

    def fails_with_config(self, text):
        fd = memory_file(text)
        self.addCleanup(os.close, fd)
        return self.fails("init", "--listen=/tmp/varve-never.sock",
                          f"--config-fd={fd}", pass_fds=[fd])

    def test_bad_options(self):
        self.assertIn("usage", self.fails())
        for args, needle in ((["--nonsense=1"], "bad option: --nonsense=1"),
                             (["--socket-fd=x"], "bad option"),
                             (["--socket-fd=3", "--listen=/x"], "either"),
                             ([], "either")):
            self.assertIn(needle, self.fails("init", *args))
        self.assertIn("descriptor 77",
                      self.fails("init", "--listen=/tmp/varve-never.sock",
                                 "--config-fd=77"))

    def test_a_bad_config_is_named_without_its_values(self):
        for text, needle in (
                (b"{", "not a JSON object"), (b"[]", "not a JSON object"),
                (b'{"user":1}', "'user' is malformed"),
                (b'{"color":"red"}', "'color' is malformed"),
                (b'{"env":{"A":"canary","B":2}}', "'env' is malformed"),
                (b'{"env":{"A=B":"canary"}}', "'env' is malformed")):
            told = self.fails_with_config(text)
            self.assertIn(needle, told)
            self.assertNotIn("canary", told)

    def test_a_filter_that_cannot_be_installed_ends_the_start(self):
        for content in (b"", b"123", b"\xff" * 8, b"\0" * 8 * 5000):
            fd = memory_file(content)
            told = self.fails("init", "--listen=/tmp/varve-never.sock",
                              f"--seccomp-fd={fd}", pass_fds=[fd])
            os.close(fd)
            self.assertIn("seccomp filter", told)
        self.assertFalse(os.path.exists("/tmp/varve-never.sock"))

    def test_listen_replaces_a_stale_socket(self):
        with Daemon() as daemon:
            path = daemon.folder + "/own.sock"
            with open(path, "w"):
                pass
            process = subprocess.Popen([BINARY, "init", f"--listen={path}"])
            try:
                daemon.socket_path = path
                self.assertTrue(wait_until(lambda: os.path.exists(path)))
                self.assertTrue(wait_until(lambda: self.answers(daemon)))
            finally:
                process.terminate()
                self.assertEqual(process.wait(10), 0)

    def answers(self, daemon):
        try:
            return daemon.get("/version").status == 200
        except OSError:  # the stale one is gone, the new one not there yet
            return False

    def test_an_unknown_user_becomes_root_and_says_so(self):
        with Daemon({"user": "daytona-missing"}) as daemon:
            told = daemon.get("/version").json
            self.assertRegex(told["version"], r"^v\d")
            self.assertEqual(told["user"], "root")
            self.assertIn("daytona-missing", told["note"])
            self.assertIn("daytona-missing", daemon.logged())
            self.assertEqual(daemon.output("id -u"), "0\n")

    def test_users_by_number_and_with_groups(self):
        for user, shown in (("4321", "4321:0:0"), ("4321:77", "4321:77:77"),
                            ("nobody:daemon", "65534:1:1"),
                            ("65534:12", "65534:12:12")):
            with Daemon({"user": user}) as daemon:
                told = daemon.output("echo $(id -u):$(id -g):$(id -G)")
                self.assertEqual(told.strip(), shown)
                self.assertNotIn("note", daemon.get("/version").json)

    def test_directories(self):
        with Daemon({"user": "daemon", "workdir": "/no/such"}) as daemon:
            for path in ("/work-dir", "/user-home-dir", "/project-dir"):
                self.assertEqual(daemon.get(path).json, {"dir": "/usr/sbin"})
        with Daemon({"env": {"HOME": "/srv"}}) as daemon:
            self.assertEqual(daemon.get("/user-home-dir").json,
                             {"dir": "/srv"})
            self.assertEqual(daemon.get("/work-dir").json,
                             {"dir": daemon.work})

    def test_the_entry_point_runs_as_the_user_and_may_end(self):
        with Daemon({"entrypoint": [
                "sh", "-c", "id -u > $0; pwd >> $0", "from-entry"]}) as daemon:
            path = daemon.work + "/from-entry"
            self.assertTrue(wait_until(
                lambda: "has ended" in daemon.logged()))
            with open(path) as text:
                self.assertEqual(text.read().split(), ["65534", daemon.work])
            self.assertEqual(daemon.output("echo still"), "still\n")


class Privileges(unittest.TestCase):
    def test_capabilities_are_dropped(self):
        with Daemon(prefix=PID_NAMESPACE) as daemon:
            self.assertEqual(daemon.output("echo up"), "up\n")
            field = lambda name: capabilities(daemon.status_field(name))
            self.assertEqual(field("CapEff"), {5, 6, 7})
            self.assertLessEqual(field("CapPrm"), KEPT)
            self.assertLessEqual(field("CapBnd"), KEPT)
            self.assertEqual(field("CapInh"), set())
            self.assertEqual(field("CapAmb"), set())

    def test_root_in_the_sandbox_has_what_is_kept_and_no_more(self):
        with Daemon({"user": "root"}) as daemon:
            told = daemon.output("grep CapEff /proc/self/status").split()[1]
            self.assertEqual(capabilities(told), KEPT)
            path = daemon.work + "/private"
            with open(path, "w") as file:
                file.write("of nobody")
            os.chown(path, 65534, 65534)
            os.chmod(path, 0o000)
            # Root's file requests pass permissions as its programs do.
            self.assertEqual(daemon.output(f"cat {path}"), "of nobody")
            answer = daemon.get("/files/download", path=path)
            self.assertEqual(answer.body, b"of nobody")
            self.assertEqual(daemon.post("/files/permissions", path=path,
                                         owner="daemon").status, 200)
            self.assertEqual(os.stat(path).st_uid, 1)

    def test_the_filter_is_in_force_for_all(self):
        # uname(2) has number 63 on x86-64.
        fd = memory_file(deny_filter(63, 99))
        with Daemon(prefix=PID_NAMESPACE, options=[f"--seccomp-fd={fd}"],
                    fds=[fd]) as daemon:
            os.close(fd)
            done = daemon.execute("uname; grep -E 'Seccomp:|NoNewPrivs' "
                                  "/proc/self/status")
            self.assertIn("Cannot assign requested address", done["result"])
            self.assertIn("NoNewPrivs:\t0", done["result"])
            self.assertIn("Seccomp:\t2", done["result"])
            self.assertEqual(daemon.status_field("Seccomp"), "2")

    def test_guests_cannot_look_into_pid_1(self):
        with Daemon({"user": "root", "env": {"CANARY": "feathers"}},
                    prefix=PID_NAMESPACE) as daemon:
            for name in ("environ", "mem", "maps", "fd/0", "root/etc"):
                done = daemon.execute(f"ls /proc/1/{name}/ && cat /proc/1/{name}")
                self.assertNotEqual(done["exitCode"], 0, name)
            # The errand's own view is no way in either.
            for name in ("environ", "mem", "1/mem", "1/environ"):
                answer = daemon.get("/files/download", path=f"/proc/self/{name}")
                self.assertNotIn(b"feathers", answer.body)

    def test_children_are_in_the_guest_s_cgroup(self):
        base = "/sys/fs/cgroup"
        groups = []
        fds = []
        for controller in ("memory", "pids"):
            root = f"{base}/{controller}"
            if not os.path.isdir(root):
                root = base
            path = f"{root}/varve-toolbox-test-{os.getpid()}"
            os.makedirs(path, exist_ok=True)
            groups.append(path)
            fds.append(os.open(path + "/cgroup.procs", os.O_WRONLY))
        name = os.path.basename(groups[0])
        try:
            numbers = ",".join(map(str, fds))
            with Daemon(options=[f"--cgroup-fds={numbers}"],
                        fds=fds) as daemon:
                told = daemon.output("cat /proc/self/cgroup")
                self.assertEqual(told.count(name), len(set(groups)))
                answer = daemon.get("/files/download", path="/proc/self/cgroup")
                self.assertEqual(answer.status, 200)
                with open(f"/proc/{daemon.pid}/cgroup") as own:
                    self.assertNotIn(name, own.read())
        finally:
            for fd in fds:
                os.close(fd)
            for path in set(groups):
                self.assertTrue(wait_until(lambda: self.removed(path)))

    def removed(self, path):
        try:
            os.rmdir(path)
            return True
        except OSError:
            return False

    def test_a_cgroup_that_cannot_be_entered_stops_the_command(self):
        fd = os.open("/dev/full", os.O_WRONLY)
        with Daemon(options=[f"--cgroup-fds={fd}"], fds=[fd]) as daemon:
            os.close(fd)
            done = daemon.execute("echo outside")
            self.assertEqual(done["exitCode"], -1)
            self.assertIn("cgroup", done["result"])
            check_problem(self, daemon.get("/files", path="/"), 500,
                          "INTERNAL_SERVER_ERROR", "cgroup")


class Reaping(unittest.TestCase):
    def zombies(self, daemon):
        told = daemon.output("cat /proc/[0-9]*/stat 2>/dev/null; true")
        return [line for line in told.splitlines() if " Z " in line]

    def test_orphans_are_reaped(self):
        with Daemon(prefix=PID_NAMESPACE) as daemon:
            daemon.output("for i in 1 2 3 4 5 6 7 8 9; do "
                          "(setsid sleep 0.0$i >/dev/null 2>&1 &); done")
            self.assertTrue(wait_until(
                lambda: not self.zombies(daemon)
                and "sleep" not in daemon.output("ps ax -o comm")))

    def test_exit_codes_are_right_while_orphans_end(self):
        with Daemon(prefix=PID_NAMESPACE) as daemon:
            for code in range(60):
                done = daemon.execute(f"(exit 99) & (true &) ; exit {code}")
                self.assertEqual(done["exitCode"], code)

    def test_guests_cannot_end_pid_1(self):
        with Daemon(prefix=PID_NAMESPACE) as daemon:
            daemon.execute("kill -9 -1")
            done = daemon.execute("kill -9 1; kill -TERM 1; kill -STOP 1")
            self.assertIn("ermitted", done["result"])
            self.assertEqual(daemon.output("echo alive"), "alive\n")


class End(unittest.TestCase):
    def ended(self, daemon, seconds=10):
        return daemon.process.wait(seconds)

    def test_sigterm_asks_all_to_end_answers_and_exits_0(self):
        for prefix in ([], PID_NAMESPACE):
            with Daemon(prefix=prefix) as daemon:
                connection = daemon.connection()
                connection.request(
                    "POST", "/process/execute",
                    '{"command":"trap \'echo bye; exit 9\' TERM; echo up > up;'
                    ' while :; do sleep 0.05; done"}')
                self.assertTrue(wait_until(
                    lambda: os.path.exists(daemon.work + "/up")))
                os.kill(daemon.pid, signal.SIGTERM)
                answer = connection.getresponse()
                self.assertRegex(answer.read(),
                                 rb'^{"exitCode":9,"result":".*bye\\n"}$')
                connection.close()
                self.assertEqual(self.ended(daemon), 0)

    def test_sigterm_without_children_exits_at_once(self):
        with Daemon() as daemon:
            self.assertEqual(daemon.get("/version").status, 200)
            start = time.monotonic()
            os.kill(daemon.pid, signal.SIGTERM)
            self.assertEqual(self.ended(daemon), 0)
            self.assertLess(time.monotonic() - start, 2)

    def test_orphans_are_asked_too_and_waited_for(self):
        with Daemon(prefix=PID_NAMESPACE) as daemon:
            daemon.output("(setsid sh -c 'trap \"echo x > asked; exit\" TERM; "
                          "echo up > up; while :; do sleep 0.05; done' "
                          ">/dev/null 2>&1 &)")
            self.assertTrue(wait_until(
                lambda: os.path.exists(daemon.work + "/up")))
            os.kill(daemon.pid, signal.SIGTERM)
            self.assertEqual(self.ended(daemon), 0)
            self.assertTrue(os.path.exists(daemon.work + "/asked"))

    def test_a_child_that_refuses_keeps_it_waiting(self):
        with Daemon(prefix=PID_NAMESPACE) as daemon:
            connection = daemon.connection()
            connection.connect()
            daemon.output("(trap '' TERM; echo up > up; exec sleep 30) "
                          ">/dev/null 2>&1 &")
            self.assertTrue(wait_until(
                lambda: os.path.exists(daemon.work + "/up")))
            os.kill(daemon.pid, signal.SIGTERM)
            with self.assertRaises(subprocess.TimeoutExpired):
                self.ended(daemon, 1)
            # Nothing new is started meanwhile.
            connection.request("POST", "/process/execute",
                               '{"command":"sleep 9"}')
            answer = Answer(connection.getresponse())
            connection.close()
            check_problem(self, answer, 503, "SERVICE_UNAVAILABLE", "stopping")
            os.kill(daemon.pid, signal.SIGKILL)
            self.ended(daemon)


if __name__ == "__main__":
    unittest.main()
