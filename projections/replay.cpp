#include "projections/replay.hpp"

#include <algorithm>
#include <optional>

#include <rocksdb/env.h>

#include "projections/read_models.hpp"
#include "projections/sandbox_fold.hpp"

namespace varve::projections {

namespace {

constexpr std::size_t at_once = 1024;
constexpr std::size_t most_named = 20;

// A database of its own that goes with it.
class scratch {
 public:
  static result<std::unique_ptr<scratch>> make() {
    auto out = std::make_unique<scratch>();
    rocksdb::Options options;
    options.env = out->env_.get();
    options.create_if_missing = true;
    rocksdb::DB* opened = nullptr;
    if (auto status = rocksdb::DB::Open(options, "/replay", &opened);
        !status.ok())
      return store_error(status);
    out->db_.reset(opened);
    VARVE_TRY(out->models_, generation::open(out->base(), 1));
    return out;
  }

  // Folds a partition's records for as long as `wants` takes them.
  template <class Wants>
  result<std::uint64_t> fold(log::local_store& store, std::uint16_t partition,
                             Wants wants) {
    std::uint64_t next = 0;
    for (auto goes_on = true; goes_on;) {
      VARVE_TRY(auto records, store.read(partition, next, at_once));
      goes_on = !records.empty();
      for (auto r = records.begin(); goes_on && r != records.end(); ++r) {
        goes_on = wants(**r);
        if (goes_on) {
          models_->apply(**r);
          ++next;
        }
      }
      models_->commit();
    }
    for (const auto* each : models_->all()) {
      VARVE_CHECK(each->check());
    }
    return next;
  }

  const std::shared_ptr<generation>& models() const noexcept {
    return models_;
  }

 private:
  database base() const {
    return {*db_, *db_->DefaultColumnFamily()};
  }

  // Each outlives what comes after it.
  std::unique_ptr<rocksdb::Env> env_{
      rocksdb::NewMemEnv(rocksdb::Env::Default())};
  std::unique_ptr<rocksdb::DB> db_;
  std::shared_ptr<generation> models_;
};

class folded_replay final : public replay {
 public:
  explicit folded_replay(std::unique_ptr<scratch> from)
      : from_{std::move(from)}, models_{from_->models()} {
    // nop
  }
  queries& answers() noexcept override {
    return models_;
  }

 private:
  std::unique_ptr<scratch> from_;
  read_models models_;
};

// How far those that are stored have come. All lie in one batch with their
// rows; one whose own position lags behind had no row to write since.
std::uint64_t furthest(const generation& stored, std::uint16_t partition) {
  std::uint64_t out = 0;
  for (const auto* each : stored.all())
    out = std::max(out, each->next(partition));
  return out;
}

std::string printable(std::string_view key) {
  std::string out;
  for (auto c : key)
    out += c >= ' ' && c <= '~' ? c : '.';
  return out;
}

void differ(comparison& out, std::string_view model, std::string_view key,
            const char* how) {
  ++out.different;
  if (out.differences.size() < most_named)
    out.differences.push_back(std::string{model} + ": row " + printable(key)
                              + how);
}

void skip_positions(scan& rows) {
  while (rows.valid() && is_position(rows.key()))
    rows.next();
}

result<void> compare(const projection& stored, const projection& folded,
                     comparison& out) {
  scan here{stored.rows(), ""};
  scan there{folded.rows(), ""};
  here.first();
  there.first();
  for (skip_positions(here), skip_positions(there);
       here.valid() || there.valid();
       skip_positions(here), skip_positions(there)) {
    if (!there.valid() || (here.valid() && here.key() < there.key())) {
      differ(out, stored.name(), here.key(), " does not follow from the log");
      ++out.rows;
      here.next();
    } else if (!here.valid() || there.key() < here.key()) {
      differ(out, stored.name(), there.key(), " is missing");
      there.next();
    } else {
      if (here.value() != there.value())
        differ(out, stored.name(), here.key(), " is another on the log");
      ++out.rows;
      here.next();
      there.next();
    }
  }
  VARVE_CHECK(here.finish());
  return there.finish();
}

} // namespace

result<std::unique_ptr<replay>> replay::until(log::local_store& store,
                                              timestamp moment) {
  VARVE_TRY(auto room, scratch::make());
  for (std::uint16_t p = 0; p < log::partition_count; ++p) {
    auto folded = room->fold(store, p, [moment](const log::record& r) {
      return r.view().time() <= moment;
    });
    VARVE_CHECK(folded);
  }
  return std::unique_ptr<replay>{
      std::make_unique<folded_replay>(std::move(room))};
}

result<std::optional<sandbox_view>>
replay_sandbox(log::local_store& store, std::string_view id, timestamp moment) {
  sandbox_view out;
  for (auto goes_on = true; goes_on;) {
    VARVE_TRY(auto records, store.read_stream(id, out.version + 1, at_once));
    goes_on = !records.empty();
    for (const auto& r : records) {
      if (r->view().time() > moment) {
        goes_on = false;
        break;
      }
      for (const auto* entry : *r->view().entries())
        if (entry->aggregate() == schema::AggregateType::Sandbox
            && entry->aggregate_id()->string_view() == id) {
          VARVE_CHECK(fold(out, r->view(), *entry));
        }
    }
  }
  if (out.version == 0)
    return std::optional<sandbox_view>{};
  return std::optional{std::move(out)};
}

result<comparison> compare_with_log(log::local_store& store) {
  VARVE_TRY(auto* family, store.family("projections"));
  database base{store.database(), *family};
  VARVE_TRY(auto pointer, serving_generation(base));
  if (!pointer.is_readable)
    return failure(errc::store_failed,
                   "the read models are of another version: start its server "
                   "on this directory once, and it builds them anew");
  VARVE_TRY(auto stored, generation::open(base, pointer.number));
  VARVE_TRY(auto room, scratch::make());
  comparison out;
  for (std::uint16_t p = 0; p < log::partition_count; ++p) {
    auto end = furthest(*stored, p);
    VARVE_TRY(auto folded, room->fold(store, p, [end](const log::record& r) {
      return r.at().index < end;
    }));
    if (folded < end)
      return failure(errc::store_failed,
                     "the read models are ahead of partition "
                         + std::to_string(p) + " of the log");
    out.records += folded;
  }
  for (std::size_t i = 0; i < stored->all().size(); ++i) {
    VARVE_CHECK(compare(*stored->all()[i], *room->models()->all()[i], out));
  }
  return out;
}

} // namespace varve::projections
