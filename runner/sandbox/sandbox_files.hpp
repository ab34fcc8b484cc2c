// What a sandbox owns on disk, from create to destroy:
//
//   <data>/sandboxes/<id>/sandbox.json   written last: the files are complete
//                         filling              there: they are not, all the
//                         same
//
// and what it may write to, within the limit of its disk (writable_layer.hpp):
//
//                         disk.img       by the method "image"
//                         layer/         by the method "quota"
//                         upper, ...     without a limit
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/base/result.hpp"
#include "runner/sandbox/writable_layer.hpp"

namespace varve::runner {

struct sandbox_record {
  std::string id;
  std::uint32_t slot = 0;
  std::string image_ref;
  std::uint64_t version = 0; // of the operation that made it
  disk_method disk = disk_method::none;
};

struct sandbox_addresses {
  std::uint32_t uid_base = 0;
  std::string address; // dotted
  std::string gateway;
};

// Repeating it completes what an earlier call began.
result<void> make_sandbox_files(const layout& where,
                                const sandbox_record& record,
                                const writable_layer& layer,
                                const sandbox_addresses& addresses);

// Gives the files of one that waited to sandbox `id`. What a guest sees of its
// name is not changed (host_name.hpp).
result<void> take_sandbox_files(const layout& where, const std::string& waited,
                                const std::string& id, std::uint64_t version);

// Between these two what it has is not complete, whatever else is there: its
// files come from elsewhere. Survives a loss of power.
result<void> begin_filling(const layout& where, const std::string& id);
result<void> end_filling(const layout& where, const std::string& id);

// not_found when the sandbox has no complete files.
result<sandbox_record> read_sandbox_record(const layout& where,
                                           const std::string& id);

// Ids of all directories there are, complete or not.
result<std::vector<std::string>> list_sandbox_files(const layout& where);

result<void> remove_sandbox_files(const layout& where, const std::string& id);

} // namespace varve::runner
