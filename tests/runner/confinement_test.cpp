// What a guest sees and may do, in the default image.
#include <catch2/catch.hpp>

#include "runner/kernel/files.hpp"
#include "runner/kernel/process.hpp"
#include "tests/runner/stand.hpp"

using namespace varve;
using namespace varve::runner;
using kind = schema::OperationKind;

namespace {

struct base_stand : stand {
  base_stand() {
    image = base_image();
    memory_mib = 512;
    cpu_millis = 1500;
    open();
    id = create();
  }

  executed run_inside(const std::string& command) {
    return execute(runner(), id, command);
  }
  std::string output_of(const std::string& command) {
    auto done = run_inside(command);
    INFO(command << ": " << done.output);
    CHECK(done.exit_code == 0);
    return done.output;
  }

  std::string id;
};

bool is_unified() {
  return exists("/sys/fs/cgroup/cgroup.controllers");
}

} // namespace

TEST_CASE_METHOD(base_stand, "the user of the image has sudo") {
  CHECK(output_of("whoami") == "daytona\n");
  CHECK(output_of("sudo -n whoami") == "root\n");
  CHECK(output_of("sudo -n sh -c 'echo x > /etc/proof && cat /etc/proof'")
        == "x\n");
  CHECK(output_of("cd && echo home > f && cat f") == "home\n");
}

TEST_CASE_METHOD(base_stand, "interpreters and packages work") {
  CHECK(output_of("python3 -c 'print(6*7)'") == "42\n");
  CHECK(output_of("node -e 'console.log(6*7)'") == "42\n");
  CHECK(output_of("python3 -c 'import multiprocessing as m;"
                  "print(m.Pool(2).map(abs, [-1,-2]))'")
        == "[1, 2]\n");
  CHECK(output_of("sudo -n dpkg --configure -a && echo ok") == "ok\n");
  CHECK(output_of("git init -q /tmp/r && echo ok") == "ok\n");
}

TEST_CASE_METHOD(base_stand, "limits can be read inside and hold") {
  std::string groups = "/sys/fs/cgroup/";
  if (is_unified()) {
    CHECK(output_of("cat " + groups + "memory.max") == "536870912\n");
    CHECK(output_of("cat " + groups + "cpu.max") == "150000 100000\n");
    CHECK(output_of("cat " + groups + "pids.max") == "4096\n");
  } else {
    CHECK(output_of("cat " + groups + "memory/memory.limit_in_bytes")
          == "536870912\n");
    CHECK(output_of("cat " + groups + "cpu/cpu.cfs_quota_us") == "150000\n");
    CHECK(output_of("cat " + groups + "pids/pids.max") == "4096\n");
  }
  auto hungry =
      run_inside("python3 -c 'x = bytearray(700 << 20); print(len(x))'");
  CHECK(hungry.exit_code == 137);
  // PID 1 is not what the kernel ended.
  CHECK(output_of("echo alive") == "alive\n");
}

TEST_CASE("a fork bomb ends at the limit, and with a stop") {
  stand s;
  s.settings.guest_pids = 256;
  s.open();
  auto id = s.create();
  auto bomb = "i=0; while [ $i -lt 500 ]; do sleep 60 & i=$((i+1)); done";
  auto full =
      execute(s.runner(), id, std::string{"("} + bomb + ") >/dev/null 2>&1");
  CHECK(full.exit_code != 0); // the guest's own limit
  auto operation = s.operation(kind::Stop, id);
  operation.force = true;
  CHECK(s.run(std::move(operation)).result == schema::Result::Done);
}

TEST_CASE_METHOD(base_stand, "namespaces, mounts and kernel keys are refused") {
  for (std::string command :
       {"unshare -U true", "unshare -r true", "sudo -n unshare -U true",
        "sudo -n unshare -m true", "unshare -n true",
        "sudo -n mount -t tmpfs x /mnt", "sudo -n mount --bind /tmp /mnt",
        "sudo -n umount /proc", "sudo -n dmesg", "sudo -n nsenter -t 1 -m true",
        "sudo -n chroot /proc/1/root true", "sudo -n mknod /tmp/sda b 8 0",
        "sudo -n sysctl -w vm.swappiness=1",
        "sudo -n sh -c 'echo 1 > /sys/fs/cgroup/cgroup.procs'",
        "sudo -n sh -c 'echo b > /proc/sysrq-trigger'",
        "sudo -n cat /proc/1/environ", "sudo -n cat /proc/1/fd/6",
        "cat /sys/kernel/mm/transparent_hugepage/enabled"}) {
    INFO(command);
    CHECK(run_inside(command).exit_code != 0);
  }
}

TEST_CASE_METHOD(base_stand, "calls that a filter must stop do not exist") {
  auto call = [&](int number, const std::string& arguments) {
    return output_of("python3 -c 'import ctypes; l = ctypes.CDLL(None, "
                     "use_errno=True); r = l.syscall("
                     + std::to_string(number) + arguments
                     + "); print(r, ctypes.get_errno())'");
  };
  CHECK(call(435, ", 0, 0") == "-1 38\n");         // clone3
  CHECK(call(425, ", 8, 0") == "-1 38\n");         // io_uring_setup
  CHECK(call(321, ", 0, 0, 0") == "-1 1\n");       // bpf
  CHECK(call(250, ", 0, -3, 0") == "-1 1\n");      // keyctl
  CHECK(call(298, ", 0, 0, 0, 0, 0") == "-1 1\n"); // perf_event_open
  CHECK(call(323, ", 0") == "-1 1\n");             // userfaultfd
  CHECK(call(41, ", 40, 1, 0") == "-1 97\n");      // socket(AF_VSOCK)
  CHECK(call(41, ", 38, 5, 0") == "-1 97\n");      // socket(AF_ALG)
  CHECK(call(500, "") == "-1 38\n");               // not made yet
  CHECK(call(0x40000000 + 39, "") == "-1 38\n");   // getpid of x32
  CHECK(call(56, ", 0x10000000 | 17, 0, 0, 0, 0") == "-1 1\n"); // clone
}

TEST_CASE_METHOD(base_stand, "nothing of the host can be seen or written") {
  CHECK(output_of("ls /sys/class/net | sort | tr '\\n' ' '") == "eth0 lo ");
  CHECK(output_of("ps -e -o pid= | wc -l").size() <= 3);
  CHECK(run_inside("sudo -n touch /sys/class/net/lo/mtu").exit_code != 0);
  CHECK(run_inside("sudo -n touch /usr/local/bin/varve-toolbox").exit_code
        != 0);
  CHECK(output_of("cat /proc/self/uid_map | tr -s ' '").find(" 0 0 ")
        == std::string::npos);
  CHECK(output_of("grep -c Seccomp:.2 /proc/self/status") == "1\n");
  // CAP_SYS_ADMIN, bit 21, is out of reach for good.
  CHECK(output_of("sudo -n python3 -c 'print([int(l.split()[1], 16) >> 21 & 1 "
                  "for l in open(\"/proc/self/status\") "
                  "if l.startswith(\"Cap\")])'")
        == "[0, 0, 0, 0, 0]\n");
}

TEST_CASE_METHOD(base_stand, "an environment is on no disk") {
  stand& s = *this;
  s.env["CANARY"] = "canary-5f1d-" + new_id();
  auto other = s.create();
  CHECK(execute(runner(), other, "echo $CANARY").output
        == s.env["CANARY"] + "\n");
  auto found =
      run_program({"sh", "-c",
                   "! grep -rqs --exclude-dir=images -- '" + s.env["CANARY"]
                       + "' " + settings.data_dir + " " + settings.run_dir},
                  "", std::chrono::seconds{60});
  CHECK(found);
}
