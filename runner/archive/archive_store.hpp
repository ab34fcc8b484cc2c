// Where archives lie. The one that comes with the server is a directory
// (directory_store.hpp); the port is what another place would have to offer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "events/base/result.hpp"

namespace varve::runner {

using archive_hash = std::array<std::uint8_t, 32>; // SHA-256

// What is known of an archive without reading it.
struct archive_record {
  std::string sandbox_id;
  std::string image_ref;     // what its files lie over
  std::uint64_t version = 0; // of the operation that made it
  std::uint64_t size_bytes = 0;
  archive_hash hash{};
};

// An archive that is not there yet. Dropped without commit it never is.
class archive_writer {
 public:
  virtual ~archive_writer() = default;
  virtual result<void> write(std::span<const std::byte> bytes) = 0;
  // It is there from here on, also after a loss of power, in place of an
  // earlier one. `record` describes what was written.
  virtual result<void> commit(const archive_record& record) = 0;
};

class archive_reader {
 public:
  virtual ~archive_reader() = default;
  // How many bytes came; 0 at the end.
  virtual result<std::size_t> read(std::span<std::byte> into) = 0;
};

// Any thread, one at a time for one sandbox.
class archive_store {
 public:
  virtual ~archive_store() = default;

  // Nothing when there is none; malformed when nobody can tell.
  virtual result<std::optional<archive_record>>
  find(const std::string& sandbox_id) = 0;
  virtual result<std::unique_ptr<archive_writer>>
  write(const std::string& sandbox_id) = 0;
  virtual result<std::unique_ptr<archive_reader>>
  read(const std::string& sandbox_id) = 0;
  // A missing one is fine; what was half written goes with it.
  virtual result<void> remove(const std::string& sandbox_id) = 0;
  // Of which sandboxes there is one, or a part of one.
  virtual result<std::vector<std::string>> list() = 0;
};

} // namespace varve::runner
