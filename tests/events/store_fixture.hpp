// A store with the embedded log in it, on disk or in a memory environment,
// and a pen that writes records to it.
#pragma once

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <rocksdb/env.h>

#include "events/embedded_log.hpp"
#include "tests/events/sample_records.hpp"
#include "tests/events/scratch_directory.hpp"

namespace varve::log::samples {

struct fixed_clock final : clock {
  timestamp now() const noexcept override {
    return time;
  }
  timestamp time = epoch_2026;
};

struct open_log {
  std::unique_ptr<local_store> store;
  std::unique_ptr<embedded_log> log;

  explicit open_log(store_options options) {
    auto opened = local_store::open(std::move(options));
    INFO((opened ? std::string{} : opened.error().detail));
    REQUIRE(opened);
    store = std::move(opened).value();
    auto found = embedded_log::open(*store, fixed_clock{});
    INFO((found ? std::string{} : found.error().detail));
    REQUIRE(found);
    log = std::move(found).value();
  }

  chain_head head(std::uint16_t partition) {
    return log->head(partition).value();
  }
  // One record, one entry, on the head.
  record_ptr next(std::uint16_t partition, std::string id,
                  std::uint64_t version, entry_options options = {},
                  timestamp now = epoch_2026) {
    auto content = bare_record(head(partition), partition, now);
    content.organization_id = "org";
    content.entries.push_back(
        label_entry(std::move(id), version, "x", options));
    return sealed(content);
  }
  void write(record_ptr r) {
    std::vector<record_ptr> batch{std::move(r)};
    auto done = log->append(batch);
    INFO((done ? std::string{} : done.error().detail));
    REQUIRE(done);
  }
};

class memory_store {
 public:
  store_options options() {
    store_options out;
    out.path = "/store";
    out.env = env_.get();
    return out;
  }

 private:
  std::unique_ptr<rocksdb::Env> env_{
      rocksdb::NewMemEnv(rocksdb::Env::Default())};
};

} // namespace varve::log::samples
