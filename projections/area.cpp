#include "projections/area.hpp"

#include "projections/key.hpp"

namespace varve::projections {

namespace {

rocksdb::Slice slice_of(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

std::string_view view_of(const rocksdb::Slice& slice) noexcept {
  return {slice.data(), slice.size()};
}

std::string generation_prefix(std::uint32_t generation) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(generation >> shift);
  return out;
}

} // namespace

error store_error(const rocksdb::Status& status) {
  return {errc::store_failed, "projections: " + status.ToString()};
}

result<void> database::write(rocksdb::WriteBatch& batch) const {
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  auto status = db.Write(unlogged, &batch);
  if (!status.ok())
    return store_error(status);
  return ok();
}

area::area(database base, std::uint32_t generation, char projection)
    : base_{base}, prefix_{generation_prefix(generation) + projection} {
  // nop
}

result<std::optional<std::string>>
area::get(std::string_view key, const rocksdb::Snapshot* as_of) const {
  rocksdb::ReadOptions options;
  options.snapshot = as_of;
  std::string value;
  auto status =
      base_.db.Get(options, &base_.family, prefix_ + std::string{key}, &value);
  if (status.IsNotFound())
    return std::optional<std::string>{};
  if (!status.ok())
    return store_error(status);
  return std::optional<std::string>{std::move(value)};
}

void area::put(rocksdb::WriteBatch& batch, std::string_view key,
               std::string_view value) const {
  rocksdb::Slice parts[] = {slice_of(prefix_), slice_of(key)};
  rocksdb::Slice whole = slice_of(value);
  batch.Put(&base_.family, rocksdb::SliceParts{parts, 2},
            rocksdb::SliceParts{&whole, 1});
}

void area::erase(rocksdb::WriteBatch& batch, std::string_view key) const {
  rocksdb::Slice parts[] = {slice_of(prefix_), slice_of(key)};
  batch.Delete(&base_.family, rocksdb::SliceParts{parts, 2});
}

void area::erase_generations(rocksdb::WriteBatch& batch, database base,
                             std::uint32_t from, std::uint32_t to) {
  batch.DeleteRange(&base.family, generation_prefix(from),
                    generation_prefix(to));
}

frozen::frozen(const database& base)
    : db_{base.db}, snapshot_{base.db.GetSnapshot()} {
  // nop
}

frozen::~frozen() {
  db_.ReleaseSnapshot(snapshot_);
}

scan::scan(const area& rows, std::string_view below,
           const rocksdb::Snapshot* as_of)
    : area_size_{rows.prefix().size()}, lower_{rows.prefix()
                                               + std::string{below}},
      upper_{after_prefix(lower_)}, lower_bound_{lower_}, upper_bound_{upper_} {
  rocksdb::ReadOptions options;
  options.snapshot = as_of;
  options.iterate_lower_bound = &lower_bound_;
  options.iterate_upper_bound = &upper_bound_;
  const auto& base = rows.base();
  it_.reset(base.db.NewIterator(options, &base.family));
}

void scan::first() {
  it_->SeekToFirst();
}

void scan::last() {
  it_->SeekToLast();
}

void scan::above(std::string_view key) {
  auto full = lower_.substr(0, area_size_) + std::string{key};
  it_->Seek(full);
  if (it_->Valid() && it_->key() == rocksdb::Slice{full})
    it_->Next();
}

void scan::beneath(std::string_view key) {
  auto full = lower_.substr(0, area_size_) + std::string{key};
  it_->SeekForPrev(full);
  if (it_->Valid() && it_->key() == rocksdb::Slice{full})
    it_->Prev();
}

std::string_view scan::key() const {
  return view_of(it_->key()).substr(area_size_);
}

std::string_view scan::rest() const {
  return view_of(it_->key()).substr(lower_.size());
}

std::string_view scan::value() const {
  return view_of(it_->value());
}

result<void> scan::finish() const {
  if (!it_->status().ok())
    return store_error(it_->status());
  return ok();
}

result<std::optional<std::string>> changes::get(const std::string& key) const {
  auto i = pending_.find(key);
  if (i != pending_.end())
    return i->second;
  return rows_.get(key);
}

void changes::put(const std::string& key, std::string value) {
  pending_[key] = std::move(value);
}

void changes::erase(const std::string& key) {
  pending_[key] = std::nullopt;
}

void changes::move_to(rocksdb::WriteBatch& batch) {
  for (const auto& [key, value] : pending_)
    if (value)
      rows_.put(batch, key, *value);
    else
      rows_.erase(batch, key);
  pending_.clear();
}

} // namespace varve::projections
