// What the runner's actors tell each other.
#pragma once

#include <memory>
#include <string>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

#include "schemas/operation_generated.h"

namespace varve::runner {

// Holds secrets, so it never leaves the process.
using operation_ptr = std::shared_ptr<const schema::OperationT>;

// A sandbox: executes, or examines itself because PID 1 ended; hears that the
// worker it gave something to is done.
using sandbox_actor =
    caf::typed_actor<caf::reacts_to<operation_ptr, bool>,
                     caf::reacts_to<caf::atom_constant<caf::atom("ended")>>,
                     caf::reacts_to<caf::atom_constant<caf::atom("done")>>>;

using ended_atom = caf::atom_constant<caf::atom("ended")>;
using done_atom = caf::atom_constant<caf::atom("done")>;
using idle_atom = caf::atom_constant<caf::atom("idle")>;
using tick_atom = caf::atom_constant<caf::atom("tick")>;
using look_atom = caf::atom_constant<caf::atom("look")>;
using inventory_atom = caf::atom_constant<caf::atom("inventory")>;

// The supervisor: the same, by sandbox id; a sandbox that has nothing more to
// do and how many messages it has had; the clocks; who wants an inventory.
using supervisor_actor =
    caf::typed_actor<caf::reacts_to<operation_ptr, bool>,
                     caf::reacts_to<ended_atom, std::string>,
                     caf::reacts_to<idle_atom, std::string, std::uint64_t>,
                     caf::reacts_to<tick_atom>, caf::reacts_to<look_atom>,
                     caf::reacts_to<inventory_atom>>;

} // namespace varve::runner

CAF_BEGIN_TYPE_ID_BLOCK(varve_runner, first_custom_type_id + 400)
CAF_ADD_TYPE_ID(varve_runner, (varve::runner::operation_ptr))
CAF_END_TYPE_ID_BLOCK(varve_runner)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(varve::runner::operation_ptr)
