// Every actor of the host and every message it takes: the whole system in one
// place. What is sent are shared pointers, which never leave the process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/host/delivery.hpp"
#include "actors/host/model.hpp"
#include "actors/host/proposal.hpp"

namespace varve::host {

struct history;
struct recovery;
struct inquiry;
struct submission;
struct performance;

using history_ptr = std::shared_ptr<history>;
using recovery_ptr = std::shared_ptr<recovery>;
using inquiry_ptr = std::shared_ptr<inquiry>;
using submission_ptr = std::shared_ptr<submission>;
using performance_ptr = std::shared_ptr<performance>;
using verdict_ptr = std::shared_ptr<verdict>;
using inventory_ptr = std::shared_ptr<const schema::InventoryT>;

// Words without content.
enum class signal : std::uint8_t {
  end,     // leave; nothing more will come
  overdue, // to an aggregate: give up what takes too long
  flush,   // log writer to itself: append what has gathered
  retry,   // log writer to itself: try to begin an epoch
  tick,    // housekeeper to itself
  wake,    // timers to themselves: a deadline may be due
  rearm,   // to timers: an earlier deadline was written
  resend,  // to effects: wake whatever owes an operation
};

// A start is on the log or will never be: to the organization's actor.
struct settled {
  std::string sandbox_id;
};

// A first or earlier sleep of the timers; others are stale.
struct alarm {
  std::uint64_t generation = 0;
};

} // namespace varve::host

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(varve::host::delivery_ptr);
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(varve::host::history_ptr);
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(varve::host::recovery_ptr);
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(varve::host::inquiry_ptr);
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(varve::host::submission_ptr);
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(varve::host::performance_ptr);
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(varve::host::verdict_ptr);
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(varve::host::inventory_ptr);
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(varve::log::record_ptr);
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(varve::host::signal);
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(varve::host::settled);
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(varve::host::alarm);

namespace varve::host {

// One aggregate: holds its state, decides one input at a time.
using aggregate_handle = caf::typed_actor<
    // An input; answered through the delivery.
    caf::reacts_to<delivery_ptr>,
    // A part of its stream, from the reader.
    caf::reacts_to<history_ptr>,
    // What became of its proposal, from the log writer.
    caf::reacts_to<verdict_ptr>,
    // A committed record of the organization's stream, from the log writer.
    caf::reacts_to<log::record_ptr>,
    // To an organization: give back what was promised to a start.
    caf::reacts_to<settled>,
    // end, overdue
    caf::reacts_to<signal>>;

// The only one that writes the log; blocks on it.
using log_writer_handle = caf::typed_actor<
    // A proposal and who waits for the verdict.
    caf::reacts_to<submission_ptr>,
    // An organization's actor that is to be the only one to admit; its
    // stream is read once no other can.
    caf::reacts_to<recovery_ptr>,
    // flush, retry, end
    caf::reacts_to<signal>>;

// Reads streams; blocks on the store.
using reader_handle = caf::typed_actor<
    // Answers the aggregate with a history.
    caf::reacts_to<recovery_ptr>,
    // A refusal that may be the repetition of a command that succeeded.
    caf::reacts_to<inquiry_ptr>,
    // end
    caf::reacts_to<signal>>;

// Hands operations to the runner; blocks on the store for what they need.
using effects_handle = caf::typed_actor<
    // An operation that is owed.
    caf::reacts_to<performance_ptr>,
    // What a runner says it has.
    caf::reacts_to<inventory_ptr>,
    // resend, end
    caf::reacts_to<signal>>;

// Wakes aggregates whose deadline is due.
using timers_handle = caf::typed_actor<caf::reacts_to<alarm>,
                                       // rearm, end
                                       caf::reacts_to<signal>>;

// Ticks once a second: time-outs, passivation, operations sent again.
using housekeeper_handle = caf::typed_actor<
    // tick, end
    caf::reacts_to<signal>>;

// Part of a stream, in order.
struct history {
  result<std::vector<log::record_ptr>> records;
  bool complete = false; // nothing follows
};

struct recovery {
  aggregate_handle asker;
  std::string stream;
  std::uint64_t from_version = 1;
  // To the log writer only: see committer::admit_only.
  std::uint64_t admission_term = 0;
};

struct inquiry {
  delivery_ptr refused;
  error why;
};

struct submission {
  proposal what;
  aggregate_handle proposer;
};

struct performance {
  due_operation what;
};

} // namespace varve::host
