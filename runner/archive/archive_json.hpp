// An archive's record as text.
#pragma once

#include <string>
#include <string_view>

#include "runner/archive/archive_store.hpp"

namespace varve::runner {

std::string archive_json(const archive_record& record);
// malformed when archive_json did not write it.
result<archive_record> parse_archive_json(std::string_view text);

// Hexadecimal, lower case.
std::string hex_of(const archive_hash& hash);

} // namespace varve::runner
