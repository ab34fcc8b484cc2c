// A log of one partition, in memory: what commands left on it.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "actors/control.hpp"
#include "gateway/history.hpp"

namespace varve::test {

class fake_history final : public history {
 public:
  // The next version of that stream, in a record of its own.
  log::position add(const std::string& aggregate_id, schema::EventUnion event,
                    const command_origin& origin);

  result<std::vector<log::record_ptr>> stream(std::string_view aggregate_id,
                                              std::uint64_t from_version,
                                              std::size_t limit) override;
  result<log::record_ptr> command(std::string_view organization_id,
                                  std::string_view command_id) override;
  // The record's id, of the last of that stream.
  std::string last_record_id(const std::string& aggregate_id);

 private:
  std::mutex mutex_;
  std::uint64_t next_index_ = 1;
  std::map<std::string, std::vector<log::record_ptr>, std::less<>> streams_;
  std::map<std::string, log::record_ptr, std::less<>> commands_;
};

template <class Event>
schema::EventUnion wrapped(Event event) {
  schema::EventUnion out;
  out.Set(std::move(event));
  return out;
}

} // namespace varve::test
