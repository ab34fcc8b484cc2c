// What every back end of the Log port promises, as functions over the port.
// They say what they find broken instead of asserting, so that a test can
// also demand that a broken log is found out.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "events/log.hpp"

namespace varve::log::contract {

// A log under test. What a back end cannot do it must refuse: a case asks for
// it either way, and none is skipped.
class log_fixture {
 public:
  virtual ~log_fixture() = default;

  // The log, opened once; and again after its process ended.
  virtual event_log& log() = 0;
  virtual result<void> reopen() = 0;

  // A second node on the same log.
  virtual bool has_rivals() const = 0;
  virtual result<std::unique_ptr<event_log>> open_rival() = 0;

  // Lets something else write bytes to the log.
  virtual bool takes_foreign_bytes() const = 0;
  virtual result<void> write_foreign(std::uint16_t partition,
                                     std::vector<std::byte> bytes) = 0;

  // Partitions that no other case uses.
  std::uint16_t next_partition() {
    return next_++;
  }

 private:
  std::uint16_t next_ = 0;
};

class findings {
 public:
  // Returns `holds`, so that a case can stop where going on makes no sense.
  bool expect(bool holds, std::string what);
  template <class T>
  bool expect_ok(const result<T>& r, const std::string& what) {
    return expect(bool(r), r ? what : what + ": " + r.error().detail);
  }
  template <class T>
  bool expect_error(const result<T>& r, errc code, const std::string& what) {
    return expect(!r && r.error().code == code,
                  r ? what + ": it was accepted"
                    : what + ": " + std::string{name_of(r.error().code)} + ", "
                          + r.error().detail);
  }
  const std::vector<std::string>& broken() const noexcept {
    return broken_;
  }

 private:
  std::vector<std::string> broken_;
};

struct contract_case {
  std::string name;
  void (*run)(log_fixture&, findings&);
};

const std::vector<contract_case>& log_contract();

// The cases by topic; log_contract() is all of them.
std::vector<contract_case> append_cases();
std::vector<contract_case> read_cases();
std::vector<contract_case> rival_cases();

} // namespace varve::log::contract
