// The records a log writes about itself, ready to be hashed.
#pragma once

#include <string>
#include <string_view>

#include "events/record.hpp"

namespace varve::log {

// The stream of a partition's own events: "log-17". Its entries have the
// version epoch + 1, since every epoch is begun once and follows the last.
std::string log_stream(std::uint16_t partition);

// The first record of a partition.
schema::RecordT log_created(std::string_view log_id, std::uint16_t partition,
                            timestamp now);

// Begins the epoch after the head's, on that head.
schema::RecordT epoch_started(const chain_head& head, std::uint16_t partition,
                              std::string_view node, std::string_view address,
                              timestamp now);

// Ends the epoch of the head's owner: from here on only who has the log at
// that place may own it.
schema::RecordT log_sealed(const chain_head& head, std::uint16_t partition,
                           std::string_view place, timestamp now);

} // namespace varve::log
