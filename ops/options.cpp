#include "ops/options.hpp"

#include <sstream>

#include <boost/program_options.hpp>

#include "events/kafka_log.hpp"

namespace po = boost::program_options;

namespace varve::ops {

namespace {

po::options_description describe(options& out) {
  po::options_description all{"Options"};
  auto text = [](std::string& target) {
    return po::value<std::string>(&target)->default_value(target);
  };
  auto add = all.add_options();
  add("help,h", po::bool_switch(&out.help), "print this");
  add("data", text(out.data_dir), "directory of all state");
  add("run", po::value<std::string>(&out.run_dir),
      "directory for sockets and mounts (default /run/varve/<instance>)");
  add("listen", text(out.listen), "address:port of the API");
  add("public-url", po::value<std::string>(&out.public_url),
      "base of URLs in answers (default: the request's Host)");
  add("tls-cert", po::value<std::string>(&out.tls_cert), "PEM file");
  add("tls-key", po::value<std::string>(&out.tls_key), "PEM file");
  add("log", text(out.log),
      "where the log lies: embedded (in --data), or\n"
      "kafka://host:port[,host:port...]/topic[?name=value&...]");
  add("log-settings", po::value<std::string>(&out.log_settings),
      "file of librdkafka's settings for --log kafka://, such as "
      "sasl.password: name=value a line");
  add("toolbox", po::value<std::string>(&out.toolbox_path),
      "path of varve-toolbox (default: beside this binary)");
  add("monitor", po::value<std::string>(&out.monitor_path),
      "path of varve-monitor (default: beside this binary)");
  add("unpack", po::value<std::string>(&out.unpack_path),
      "path of varve-unpack (default: beside this binary)");
  add("cell", po::value<std::string>(&out.cell_path),
      "path of varve-cell (default: beside this binary)");
  add("registries", po::value<std::string>(&out.registries_conf),
      "mirrors and insecure registries, a containers-registries.conf(5) "
      "(default: the host's)");
  add("registry-auth", po::value<std::string>(&out.registry_auth),
      "credentials of registries, a containers-auth.json(5)");
  add("runtime", text(out.runtime), "OCI runtime: auto, crun, runc or a path");
  add("disk-limit", text(out.disk_limit),
      "how disks of sandboxes are limited: auto, quota (project quota of\n"
      "--data's file system), image (files) or none");
  add("concurrent-starts",
      po::value<unsigned>(&out.concurrent_starts)
          ->default_value(out.concurrent_starts),
      "sandboxes started at once, 1 to 64");
  add("warm-count",
      po::value<unsigned>(&out.warm_count)->default_value(out.warm_count),
      "started sandboxes that wait for creates, 0 to 256");
  add("warm-memory",
      po::value<unsigned>(&out.warm_memory_mib)
          ->default_value(out.warm_memory_mib),
      "MiB of memory that those may take together");
  auto number = [](unsigned& target) {
    return po::value<unsigned>(&target)->default_value(target);
  };
  add("build-seconds", number(out.build_seconds), "a build's most time");
  add("build-cpus", number(out.build_cpus), "cores that a build may use");
  add("build-memory", number(out.build_memory_mib), "MiB that it may use");
  add("build-disk", number(out.build_disk_gib), "GiB that it may use");
  add("log-level", text(out.log_level), "debug, info, warning or error");
  return all;
}

po::options_description describe(selection& out) {
  po::options_description all{"Of the past (varve log, varve replay)"};
  auto add = all.add_options();
  auto text = [](std::string& target) {
    return po::value<std::string>(&target);
  };
  add("aggregate", text(out.aggregate), "records of this id's stream");
  add("organization", text(out.organization), "records of this id");
  add("event", text(out.event), "records with one, such as SandboxFailed");
  add("cause", text(out.cause), "records with this one, such as OutOfMemory");
  add("since", text(out.since), "records of this time and later");
  add("until", text(out.until), "records of this time and before");
  add("limit", po::value<std::size_t>(&out.limit)->default_value(out.limit),
      "how many the tail has");
  add("at", text(out.at), "the moment to show");
  add("sandbox", text(out.sandbox), "its id: shows this one alone");
  add("from", text(out.from), "the log to copy: embedded://DIR or kafka://...");
  add("to", text(out.to), "where it goes on: embedded://DIR or kafka://...");
  add("check", po::bool_switch(&out.check),
      "compares the read models with the log");
  return all;
}

// Nothing is taken and then ignored.
result<void> check_selection(const options& o) {
  const auto& w = o.wanted;
  if (w.selects_records() && o.verb != "log")
    return failure(errc::invalid, "only `varve log` selects records");
  if ((!w.at.empty() || !w.sandbox.empty() || w.check) && o.verb != "replay")
    return failure(errc::invalid, "--at, --sandbox and --check are options of "
                                  "`varve replay`");
  auto copies =
      o.verb == "log" && !o.arguments.empty() && o.arguments.front() == "copy";
  if (copies == (w.from.empty() || w.to.empty())
      || (!copies && !(w.from.empty() && w.to.empty())))
    return failure(errc::invalid, "`varve log copy` needs --from and --to, "
                                  "and nothing else has them");
  if (w.limit < 1 || w.limit > 100'000)
    return failure(errc::invalid, "--limit must be 1 to 100000");
  return ok();
}

result<void> check(const options& o) {
  if (o.concurrent_starts < 1 || o.concurrent_starts > 64)
    return failure(errc::invalid, "--concurrent-starts must be 1 to 64");
  if (o.warm_count > 256)
    return failure(errc::invalid, "--warm-count must be 0 to 256");
  if (o.build_seconds < 1 || o.build_seconds > 25 * 60)
    return failure(errc::invalid, "--build-seconds must be 1 to 1500");
  if (o.build_cpus < 1 || o.build_cpus > 256)
    return failure(errc::invalid, "--build-cpus must be 1 to 256");
  if (o.build_memory_mib < 128 || o.build_memory_mib > 1 << 20)
    return failure(errc::invalid, "--build-memory must be 128 to 1048576");
  if (o.build_disk_gib < 1 || o.build_disk_gib > 16384)
    return failure(errc::invalid, "--build-disk must be 1 to 16384");
  if (o.data_dir.empty() || o.data_dir.front() != '/')
    return failure(errc::invalid, "--data must be an absolute path");
  if (o.disk_limit != "auto" && o.disk_limit != "quota"
      && o.disk_limit != "image" && o.disk_limit != "none")
    return failure(errc::invalid,
                   "--disk-limit must be auto, quota, image or none");
  if (o.log != "embedded") {
    VARVE_CHECK(log::parse_kafka_url(o.log));
  } else if (!o.log_settings.empty() && o.wanted.from.empty()) {
    return failure(errc::invalid, "--log-settings goes with --log kafka://");
  }
  if (o.tls_cert.empty() != o.tls_key.empty())
    return failure(errc::invalid, "--tls-cert and --tls-key go together");
  return check_selection(o);
}

} // namespace

bool selection::selects_records() const noexcept {
  return !(aggregate.empty() && organization.empty() && event.empty()
           && cause.empty() && since.empty() && until.empty());
}

result<options> parse_options(int argc, char** argv) {
  options out;
  auto visible = describe(out);
  visible.add(describe(out.wanted));
  po::options_description everything;
  std::vector<std::string> words;
  everything.add(visible).add_options()(
      "words", po::value<std::vector<std::string>>(&words));
  po::positional_options_description places;
  places.add("words", -1);
  try {
    po::variables_map found;
    po::store(po::command_line_parser(argc, argv)
                  .options(everything)
                  .positional(places)
                  .run(),
              found);
    po::notify(found);
  } catch (const po::error& e) {
    return failure(errc::invalid, e.what());
  }
  if (!words.empty()) {
    out.verb = words.front();
    out.arguments.assign(words.begin() + 1, words.end());
  }
  if (!out.help) {
    VARVE_CHECK(check(out));
  }
  return out;
}

std::string usage() {
  options defaults;
  std::ostringstream text;
  text
      << "varve: runs AI-generated code in sandboxes\n\n"
         "  varve serve                    run the server\n"
         "  varve key create NAME [ORGANIZATION]\n"
         "                                 make an API key and print it once\n"
         "  varve key list                 names of the keys\n"
         "  varve key revoke NAME          revoke a key\n"
         "  varve organization list        organizations and their quotas\n"
         "  varve organization create NAME make one and print its id\n"
         "  varve organization quota ID NAME=LIMIT...\n"
         "                                 cpu, memory and disk (GiB), "
         "sandboxes,\n"
         "                                 cpuPerSandbox, "
         "memoryPerSandbox,\n"
         "                                 diskPerSandbox; none = no limit\n"
         "  varve backup DIR               consistent copy of the state\n"
         "  varve restore DIR              state from a copy (server stopped)\n"
         "  varve projections rebuild      rebuild the read models\n"
         "  varve log dump                 every record, one JSON line each\n"
         "  varve log tail                 the newest records\n"
         "  varve log stats                how many of what there are\n"
         "  varve log heads                the end of every chain\n"
         "  varve log verify               recompute every chain\n"
         "  varve log copy --from A --to B move the log; then serve from B\n"
         "  varve replay --at TIME         what was so at that moment\n"
         "  varve replay --check           compare read models with the log\n"
         "  varve stop-all                 stop every sandbox (server "
         "stopped)\n"
         "  varve purge                    destroy every sandbox and all "
         "state\n"
         "  varve version\n\n"
      << describe(defaults) << describe(defaults.wanted);
  return text.str();
}

} // namespace varve::ops
