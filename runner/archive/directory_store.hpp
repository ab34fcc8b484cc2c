// Archives as files of one directory:
//
//   <id>.tar.zst        its bytes
//   <id>.json           written last: the archive is complete
//   <id>.tar.zst.part   not complete
#pragma once

#include "runner/archive/archive_store.hpp"

namespace varve::runner {

class directory_store final : public archive_store {
 public:
  // Absolute; made when the first archive is written.
  explicit directory_store(std::string directory);

  result<std::optional<archive_record>>
  find(const std::string& sandbox_id) override;
  result<std::unique_ptr<archive_writer>>
  write(const std::string& sandbox_id) override;
  result<std::unique_ptr<archive_reader>>
  read(const std::string& sandbox_id) override;
  result<void> remove(const std::string& sandbox_id) override;
  result<std::vector<std::string>> list() override;

 private:
  std::string directory_;
};

} // namespace varve::runner
