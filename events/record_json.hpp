// A record for people and scripts: one line of JSON, from the schema itself.
#pragma once

#include <string>

#include "events/record.hpp"

namespace varve::log {

// {"hash":"<hex>", ...the fields of schema Record}. Enums by name, bytes in
// hex. Every field is there: an absent number as 0, an absent signed number,
// table, string or vector as null. Of what is sealed, the size only. No line
// break inside. Any thread.
std::string to_json(const record& r);

// What one event says, alone: {...the fields of its table}.
std::string to_json(const schema::Entry& entry);

} // namespace varve::log
