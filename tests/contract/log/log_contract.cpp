#include "tests/contract/log/log_contract.hpp"

namespace varve::log::contract {

bool findings::expect(bool holds, std::string what) {
  if (!holds)
    broken_.push_back(std::move(what));
  return holds;
}

const std::vector<contract_case>& log_contract() {
  static const auto all = [] {
    auto out = append_cases();
    for (auto more : {read_cases(), rival_cases()})
      out.insert(out.end(), more.begin(), more.end());
    return out;
  }();
  return all;
}

} // namespace varve::log::contract
