#include "runner/journal/journal.hpp"

#include <algorithm>
#include <cstdio>
#include <mutex>

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include "events/base/clock.hpp"
#include "events/base/ids.hpp"
#include "runner/journal/disk_reserve.hpp"

namespace varve::runner {

namespace {

constexpr std::string_view id_key = "meta/id";
constexpr std::string_view sequence_key = "meta/sequence";

rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}

error store_error(std::string_view what, const rocksdb::Status& status) {
  return error{errc::store_failed,
               std::string{what} + ": " + status.ToString()};
}

std::string operation_key(std::string_view sandbox, std::string_view id) {
  return "op/" + std::string{sandbox} + "/" + std::string{id};
}

std::string sandbox_key(std::string_view sandbox) {
  return "sb/" + std::string{sandbox};
}

// Hex of fixed width, so that keys sort as numbers do.
std::string report_key(std::string_view sandbox, std::uint64_t sequence) {
  char number[17];
  std::snprintf(number, sizeof number, "%016llx",
                static_cast<unsigned long long>(sequence));
  return "out/" + std::string{sandbox} + "/" + number;
}

template <class T>
std::string pack(const typename T::NativeTableType& value) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(T::Pack(builder, &value));
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()),
          builder.GetSize()};
}

template <class T>
result<typename T::NativeTableType> unpack(rocksdb::Slice bytes) {
  // A copy, since a table reads words in place and a slice lies anywhere.
  std::vector<std::uint8_t> aligned{bytes.data(), bytes.data() + bytes.size()};
  flatbuffers::Verifier verifier{aligned.data(), aligned.size()};
  if (!verifier.VerifyBuffer<T>(nullptr))
    return failure(errc::malformed, "the journal holds an unreadable entry");
  typename T::NativeTableType value;
  flatbuffers::GetRoot<T>(aligned.data())->UnPackTo(&value);
  return value;
}

std::uint64_t microseconds_now() {
  return system_clock{}.now() * 1000;
}

} // namespace

struct journal::impl {
  std::unique_ptr<rocksdb::DB> db;
  std::string id;
  disk_reserve reserve;
  std::mutex guard; // of `sequence` and `reserve`
  std::uint64_t sequence = 0;

  explicit impl(const std::string& path) : reserve(path + ".reserve") {
    // nop
  }

  result<void> ensure_space() {
    std::lock_guard lock{guard};
    return reserve.ensure();
  }

  result<void> write(rocksdb::WriteBatch& batch, std::string_view what) {
    VARVE_CHECK(ensure_space());
    rocksdb::WriteOptions options;
    options.sync = true;
    auto status = db->Write(options, &batch);
    if (!status.ok())
      return store_error(what, status);
    return ok();
  }

  void put_sandbox(rocksdb::WriteBatch& batch,
                   const schema::JournalSandboxT& sandbox) {
    batch.Put(sandbox_key(sandbox.sandbox_id),
              pack<schema::JournalSandbox>(sandbox));
  }

  void put_report(rocksdb::WriteBatch& batch, std::string_view sandbox,
                  std::uint64_t number, const schema::JournalReportT& report) {
    batch.Put(report_key(sandbox, number), pack<schema::JournalReport>(report));
    batch.Put(slice(sequence_key), std::to_string(number));
  }

  // Calls `visit(key, value)` for every key with the prefix until it fails.
  template <class F>
  result<void> scan(const std::string& prefix, F visit) const {
    std::unique_ptr<rocksdb::Iterator> it{
        db->NewIterator(rocksdb::ReadOptions{})};
    for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix);
         it->Next()) {
      VARVE_CHECK(visit(it->key(), it->value()));
    }
    if (!it->status().ok())
      return store_error("read the journal", it->status());
    return ok();
  }

  // Range tombstones would slow every later scan, so key by key.
  void delete_between(rocksdb::WriteBatch& batch, const std::string& from,
                      const std::string& to) const {
    std::unique_ptr<rocksdb::Iterator> it{
        db->NewIterator(rocksdb::ReadOptions{})};
    for (it->Seek(from); it->Valid() && it->key().compare(to) < 0; it->Next())
      batch.Delete(it->key());
  }

  result<void> load_identity() {
    auto status = db->Get(rocksdb::ReadOptions{}, slice(id_key), &id);
    if (status.IsNotFound()) {
      id = uuid::v4().str();
      rocksdb::WriteBatch batch;
      batch.Put(slice(id_key), id);
      return write(batch, "begin the journal");
    }
    if (!status.ok())
      return store_error("read the journal", status);
    std::string number;
    status = db->Get(rocksdb::ReadOptions{}, slice(sequence_key), &number);
    if (status.ok())
      sequence = std::strtoull(number.c_str(), nullptr, 10);
    else if (!status.IsNotFound())
      return store_error("read the journal", status);
    return ok();
  }
};

journal::journal(std::unique_ptr<impl> state) : state_(std::move(state)) {
  // nop
}

journal::~journal() = default;

result<std::unique_ptr<journal>> journal::open(const std::string& path) {
  rocksdb::Options options;
  options.create_if_missing = true;
  // A torn last write was never relied on; any other damage is refused.
  options.wal_recovery_mode =
      rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.max_total_wal_size = 8 << 20;
  options.write_buffer_size = 4 << 20;
  options.max_open_files = 64;
  options.keep_log_file_num = 2;
  options.max_background_jobs = 1;
  auto state = std::make_unique<impl>(path);
  VARVE_CHECK(state->ensure_space());
  rocksdb::DB* raw = nullptr;
  auto status = rocksdb::DB::Open(options, path, &raw);
  if (!status.ok())
    return store_error("open the runner's journal", status);
  state->db.reset(raw);
  VARVE_CHECK(state->load_identity());
  return std::unique_ptr<journal>{new journal(std::move(state))};
}

const std::string& journal::id() const noexcept {
  return state_->id;
}

std::uint64_t journal::next_sequence() {
  std::lock_guard lock{state_->guard};
  state_->sequence = std::max(state_->sequence + 1, microseconds_now());
  return state_->sequence;
}

result<void> journal::begin(const schema::JournalEntryT& entry,
                            const schema::JournalSandboxT& sandbox) {
  rocksdb::WriteBatch batch;
  batch.Put(operation_key(sandbox.sandbox_id, entry.operation->id),
            pack<schema::JournalEntry>(entry));
  state_->put_sandbox(batch, sandbox);
  if (!entry.claims.empty())
    batch.Delete(sandbox_key(entry.claims));
  return state_->write(batch, "journal the operation");
}

result<void> journal::finish(const schema::JournalEntryT& entry,
                             const schema::JournalSandboxT& sandbox) {
  rocksdb::WriteBatch batch;
  batch.Put(operation_key(sandbox.sandbox_id, entry.operation->id),
            pack<schema::JournalEntry>(entry));
  state_->put_sandbox(batch, sandbox);
  schema::JournalReportT report;
  report.outcome = std::make_unique<schema::OutcomeT>(*entry.outcome);
  state_->put_report(batch, sandbox.sandbox_id, entry.outcome->sequence,
                     report);
  return state_->write(batch, "journal the outcome");
}

result<void> journal::observe(const schema::ObservationT& observation,
                              const schema::JournalSandboxT& sandbox) {
  rocksdb::WriteBatch batch;
  state_->put_sandbox(batch, sandbox);
  schema::JournalReportT report;
  report.observation = std::make_unique<schema::ObservationT>(observation);
  state_->put_report(batch, sandbox.sandbox_id, observation.sequence, report);
  return state_->write(batch, "journal the observation");
}

result<void> journal::answer(const schema::OutcomeT& outcome) {
  rocksdb::WriteBatch batch;
  schema::JournalReportT report;
  report.outcome = std::make_unique<schema::OutcomeT>(outcome);
  state_->put_report(batch, outcome.sandbox_id, outcome.sequence, report);
  return state_->write(batch, "journal the answer");
}

result<void> journal::keep(const schema::JournalSandboxT& sandbox) {
  rocksdb::WriteBatch batch;
  state_->put_sandbox(batch, sandbox);
  return state_->write(batch, "journal the sandbox");
}

result<void> journal::forget(const std::string& sandbox_id,
                             const std::string& operation_id) {
  rocksdb::WriteBatch batch;
  batch.Delete(operation_key(sandbox_id, operation_id));
  return state_->write(batch, "forget the operation");
}

result<void> journal::erase(const std::string& sandbox_id) {
  rocksdb::WriteBatch batch;
  batch.Delete(sandbox_key(sandbox_id));
  for (std::string kind : {"op/", "out/"}) // '0' follows '/'
    state_->delete_between(batch, kind + sandbox_id + "/",
                           kind + sandbox_id + "0");
  return state_->write(batch, "erase the sandbox");
}

void journal::acknowledge(std::string_view sandbox_id, std::uint64_t sequence) {
  if (sequence == UINT64_MAX)
    return;
  rocksdb::WriteBatch batch;
  state_->delete_between(batch, report_key(sandbox_id, 0),
                         report_key(sandbox_id, sequence + 1));
  if (state_->ensure_space())
    state_->db->Write(rocksdb::WriteOptions{}, &batch);
}

result<void> journal::set_epoch(std::uint16_t partition, std::uint64_t epoch) {
  rocksdb::WriteBatch batch;
  batch.Put("epoch/" + std::to_string(partition), std::to_string(epoch));
  return state_->write(batch, "journal the epoch");
}

result<std::optional<schema::JournalEntryT>>
journal::find(const std::string& sandbox_id,
              const std::string& operation_id) const {
  std::string bytes;
  auto status = state_->db->Get(
      rocksdb::ReadOptions{}, operation_key(sandbox_id, operation_id), &bytes);
  if (status.IsNotFound())
    return std::optional<schema::JournalEntryT>{};
  if (!status.ok())
    return store_error("read the journal", status);
  VARVE_TRY(auto entry, unpack<schema::JournalEntry>(bytes));
  return std::optional<schema::JournalEntryT>{std::move(entry)};
}

result<std::vector<schema::JournalSandboxT>> journal::sandboxes() const {
  std::vector<schema::JournalSandboxT> out;
  VARVE_CHECK(state_->scan("sb/", [&](auto, auto value) -> result<void> {
    VARVE_TRY(auto sandbox, unpack<schema::JournalSandbox>(value));
    out.push_back(std::move(sandbox));
    return ok();
  }));
  return out;
}

result<std::vector<schema::JournalEntryT>> journal::unfinished() const {
  std::vector<schema::JournalEntryT> out;
  VARVE_CHECK(state_->scan("op/", [&](auto, auto value) -> result<void> {
    VARVE_TRY(auto entry, unpack<schema::JournalEntry>(value));
    if (!entry.outcome && entry.operation)
      out.push_back(std::move(entry));
    return ok();
  }));
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return a.operation->version < b.operation->version;
  });
  return out;
}

result<std::vector<schema::JournalReportT>> journal::outbox() const {
  std::vector<schema::JournalReportT> out;
  VARVE_CHECK(state_->scan("out/", [&](auto, auto value) -> result<void> {
    VARVE_TRY(auto report, unpack<schema::JournalReport>(value));
    if (report.outcome || report.observation)
      out.push_back(std::move(report));
    return ok();
  }));
  auto number = [](const schema::JournalReportT& r) {
    return r.outcome ? r.outcome->sequence : r.observation->sequence;
  };
  std::sort(out.begin(), out.end(), [&](const auto& a, const auto& b) {
    return number(a) < number(b);
  });
  return out;
}

result<std::map<std::uint16_t, std::uint64_t>> journal::epochs() const {
  std::map<std::uint16_t, std::uint64_t> out;
  VARVE_CHECK(state_->scan("epoch/", [&](auto key, auto value) -> result<void> {
    auto partition = std::strtoul(key.ToString().c_str() + 6, nullptr, 10);
    out[static_cast<std::uint16_t>(partition)] =
        std::strtoull(value.ToString().c_str(), nullptr, 10);
    return ok();
  }));
  return out;
}

result<void> journal::trim(const std::string& sandbox_id, std::size_t keep) {
  std::vector<std::string> finished;
  VARVE_CHECK(state_->scan(
      "op/" + sandbox_id + "/", [&](auto key, auto value) -> result<void> {
        VARVE_TRY(auto entry, unpack<schema::JournalEntry>(value));
        if (entry.outcome)
          finished.push_back(key.ToString());
        return ok();
      }));
  if (finished.size() <= keep)
    return ok();
  rocksdb::WriteBatch batch;
  for (std::size_t i = 0; i + keep < finished.size(); ++i)
    batch.Delete(finished[i]);
  return state_->write(batch, "trim the journal");
}

} // namespace varve::runner
