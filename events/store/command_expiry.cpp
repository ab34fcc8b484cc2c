#include "events/store/command_expiry.hpp"

#include <utility>

#include "events/store/keys.hpp"

namespace varve::log {

namespace {

class expiry_filter final : public rocksdb::CompactionFilter {
 public:
  explicit expiry_filter(timestamp newest) : newest_(newest) {
    // nop
  }
  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& value,
              std::string*, bool*) const override {
    auto place = keys::parse_command(value.ToStringView());
    return place && is_expired(place->time, newest_);
  }
  const char* Name() const override {
    return "varve.command_expiry";
  }

 private:
  timestamp newest_;
};

class expiry_factory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit expiry_factory(newest_time newest) : newest_(std::move(newest)) {
    // nop
  }
  std::unique_ptr<rocksdb::CompactionFilter>
  CreateCompactionFilter(const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<expiry_filter>(newest_->load());
  }
  const char* Name() const override {
    return "varve.command_expiry_factory";
  }

 private:
  newest_time newest_;
};

} // namespace

std::shared_ptr<rocksdb::CompactionFilterFactory>
command_expiry(newest_time newest) {
  return std::make_shared<expiry_factory>(std::move(newest));
}

} // namespace varve::log
