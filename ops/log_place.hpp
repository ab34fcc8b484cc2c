// Which log a data directory belongs to. Without it a copy of a log on Kafka
// could be gone on with as a log of its own, and there would be two.
#pragma once

#include <string>

#include "events/base/result.hpp"

namespace varve::ops {

// What this node calls itself on the log: the same for as long as its data
// directory lives.
result<std::string> node_name(const std::string& data_dir);

// As event_log::place says it; empty: no log was opened here yet.
result<std::string> place_of(const std::string& data_dir);
result<void> set_place(const std::string& data_dir, const std::string& place);

// What a log of the directory's own is or would be called.
result<std::string> place_to_be(const std::string& data_dir);

// The place of this data directory's own log, which is given one now when
// there is none. conflict: it holds a copy of a log that lies elsewhere.
result<std::string> own_place(const std::string& data_dir);

// To be asked before a log elsewhere is opened. conflict: the directory
// belongs to another one. `is_empty`: nothing of any log is in it.
result<void> claim_place(const std::string& data_dir, const std::string& place,
                         bool is_empty);

} // namespace varve::ops
