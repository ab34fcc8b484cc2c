// One record for every event, every field set to something that is not its
// default. Used once per event, to write its golden bytes.
#pragma once

#include <optional>
#include <string>

#include "events/record.hpp"

namespace varve::log::golden {

// Of an event that has no sample: nothing.
std::optional<schema::RecordT> sample_of(schema::Event event);

// "SandboxCreated"
std::string name_of(schema::Event event);

} // namespace varve::log::golden
