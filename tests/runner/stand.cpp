#include "tests/runner/stand.hpp"

#include <cstdlib>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <catch2/catch.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/base/ids.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/mounts.hpp"
#include "runner/kernel/remove_tree.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

namespace {

using namespace std::chrono_literals;

constexpr auto report_limit = 30s;

std::string build_directory() {
  if (auto* set = std::getenv("VARVE_BUILD"))
    return set;
  return VARVE_BUILD_DIRECTORY;
}

void link_images(const std::string& from, const std::string& to) {
  REQUIRE(make_directories(to));
  auto names = list_directory(from);
  REQUIRE(names);
  for (auto& name : names.value())
    if (name[0] != '.')
      REQUIRE(::symlink((from + "/" + name).c_str(), (to + "/" + name).c_str())
              == 0);
}

std::string read_to_end(int fd) {
  std::string out;
  char buffer[4096];
  for (;;) {
    pollfd p{fd, POLLIN, 0};
    REQUIRE(::poll(&p, 1, 30'000) == 1);
    auto n = ::read(fd, buffer, sizeof buffer);
    if (n <= 0)
      return out;
    out.append(buffer, static_cast<std::size_t>(n));
  }
}

} // namespace

void kept_reports::outcome(schema::OutcomeT report) {
  std::lock_guard lock{guard_};
  outcomes_.push_back(std::move(report));
  changed_.notify_all();
}

void kept_reports::observation(schema::ObservationT report) {
  std::lock_guard lock{guard_};
  observations_.push_back(std::move(report));
  changed_.notify_all();
}

void kept_reports::inventory(schema::InventoryT report) {
  std::lock_guard lock{guard_};
  inventories_.push_back(std::move(report));
  changed_.notify_all();
}

template <class T>
T kept_reports::take(std::deque<T>& from,
                     const std::function<bool(const T&)>& fits) {
  std::unique_lock lock{guard_};
  std::optional<T> out;
  auto found = changed_.wait_for(lock, report_limit, [&] {
    for (auto it = from.begin(); it != from.end(); ++it)
      if (fits(*it)) {
        out.emplace(std::move(*it));
        from.erase(it);
        return true;
      }
    return false;
  });
  lock.unlock();
  REQUIRE(found);
  return std::move(*out);
}

schema::OutcomeT kept_reports::outcome_of(const std::string& operation_id) {
  return take<schema::OutcomeT>(
      outcomes_, [&](const auto& o) { return o.operation_id == operation_id; });
}

schema::ObservationT
kept_reports::observation_of(const std::string& sandbox_id) {
  return take<schema::ObservationT>(
      observations_, [&](const auto& o) { return o.sandbox_id == sandbox_id; });
}

schema::InventoryT kept_reports::next_inventory() {
  return take<schema::InventoryT>(inventories_,
                                  [](const auto&) { return true; });
}

bool kept_reports::has_outcome(const std::string& operation_id) {
  std::lock_guard lock{guard_};
  for (auto& o : outcomes_)
    if (o.operation_id == operation_id)
      return true;
  return false;
}

bool kept_reports::has_observation(const std::string& sandbox_id) {
  std::lock_guard lock{guard_};
  for (auto& o : observations_)
    if (o.sandbox_id == sandbox_id)
      return true;
  return false;
}

void kept_reports::clear() {
  std::lock_guard lock{guard_};
  outcomes_.clear();
  observations_.clear();
  inventories_.clear();
}

stand::stand() : caf_(caf_settings_) {
  auto images = images_folder();
  char path[] = "/var/tmp/varve-runner-XXXXXX";
  REQUIRE(::mkdtemp(path) != nullptr);
  root_ = path;
  REQUIRE(::chmod(path, 0755) == 0); // runc walks it as the guest's root
  settings.data_dir = root_ + "/data";
  settings.run_dir = root_ + "/run";
  settings.toolbox_path = build_directory() + "/runner/toolbox/varve-toolbox";
  settings.monitor_path = build_directory() + "/runner/monitor/varve-monitor";
  link_images(images, settings.data_dir + "/images");
}

stand::~stand() {
  close();
  auto purged = purge(settings);
  if (!purged) {
    // What is left can still be purged by hand: the data names it.
    WARN("purge of " << root_ << ": " << purged.error().detail);
    CHECK(purged);
    return;
  }
  unmount(settings.data_dir);
  CHECK(remove_tree(root_));
}

void stand::use_disk(const std::string& size) {
  REQUIRE(remove_tree(settings.data_dir));
  REQUIRE(make_directories(settings.data_dir));
  REQUIRE(mount_tmpfs(settings.data_dir, "size=" + size));
  link_images(images_folder(), settings.data_dir + "/images");
}

void stand::open() {
  auto opened = runner_host::open(caf_, settings, reports);
  if (!opened)
    FAIL(opened.error().detail);
  runner_ = std::move(opened.value());
}

void stand::close() {
  runner_.reset();
}

schema::OperationT stand::operation(schema::OperationKind kind,
                                    const std::string& sandbox) {
  schema::OperationT out;
  out.id = new_id() + ".0";
  out.kind = kind;
  out.sandbox_id = sandbox;
  out.version = ++version_;
  out.timeout_ms = 20'000;
  out.spec = std::make_unique<schema::SandboxSpecT>();
  out.spec->image_ref = image;
  out.spec->resources =
      std::make_unique<schema::Resources>(cpu_millis, memory_mib, disk_gib, 0);
  for (auto& [key, value] : env) {
    auto pair = std::make_unique<schema::PairT>();
    pair->key = key;
    pair->value = value;
    out.spec->env.push_back(std::move(pair));
  }
  return out;
}

schema::OutcomeT stand::run(schema::OperationT operation) {
  auto id = operation.id;
  runner().submit(std::move(operation));
  return reports.outcome_of(id);
}

std::string stand::create() {
  auto id = new_id();
  auto outcome = run(schema::OperationKind::Create, id);
  INFO(outcome.error);
  REQUIRE(outcome.result == schema::Result::Done);
  REQUIRE(outcome.present == schema::Present::Running);
  return id;
}

std::string new_id() {
  return uuid::v4().str();
}

std::string images_folder() {
  auto* set = std::getenv("VARVE_TEST_IMAGES");
  std::string path = set != nullptr ? set : "/var/cache/varve/images";
  INFO("images for tests are made by ops/test");
  REQUIRE(exists(path + "/busybox/config.json"));
  return path;
}

std::string base_image() {
  auto ref = read_file(images_folder() + "/default");
  REQUIRE(ref);
  return ref.value().substr(0, ref.value().find('\n'));
}

std::string request(int stream, const std::string& method,
                    const std::string& path, const std::string& body) {
  auto text = method + " " + path
              + " HTTP/1.1\r\nHost: toolbox\r\nConnection: close\r\n"
                "Content-Type: application/json\r\nContent-Length: "
              + std::to_string(body.size()) + "\r\n\r\n" + body;
  REQUIRE(::send(stream, text.data(), text.size(), MSG_NOSIGNAL)
          == static_cast<ssize_t>(text.size()));
  auto answer = read_to_end(stream);
  auto head = answer.find("\r\n\r\n");
  INFO(answer);
  REQUIRE(answer.rfind("HTTP/1.1 2", 0) == 0);
  REQUIRE(head != std::string::npos);
  return answer.substr(head + 4);
}

executed execute(runner_host& runner, const std::string& sandbox,
                 const std::string& command) {
  auto stream = runner.connect_toolbox(sandbox);
  REQUIRE(stream);
  unique_fd fd{stream.value()};
  boost::json::object body{{"command", command}, {"timeout", 20}};
  auto answer = boost::json::parse(request(fd.get(), "POST", "/process/execute",
                                           boost::json::serialize(body)));
  return {boost::json::value_to<int>(answer.at("exitCode")),
          boost::json::value_to<std::string>(answer.at("result"))};
}

} // namespace varve::runner
