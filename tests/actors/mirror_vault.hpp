// A vault for tests of the host.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/vault.hpp"

namespace varve {

// Keeps secrets by turning them round; knows whose keys were erased. One thread
// at a time.
class mirror_vault final : public vault {
 public:
  result<std::vector<std::uint8_t>> seal(std::string_view,
                                         std::string_view text) override {
    return std::vector<std::uint8_t>{text.rbegin(), text.rend()};
  }
  result<std::string>
  open_sealed(std::string_view,
              const std::vector<std::uint8_t>& sealed) override {
    if (!sealed.empty() && sealed[0] == 0)
      return failure(errc::undecipherable, "The key was erased");
    return std::string{sealed.rbegin(), sealed.rend()};
  }
  result<void> erase(std::string_view scope) override {
    erased.emplace_back(scope);
    return ok();
  }
  std::string derive(std::string_view text) const override {
    return std::string{text};
  }
  std::vector<std::string> erased;
};

} // namespace varve
