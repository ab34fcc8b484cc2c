// What requests say about images: which one, what is to be started in it, and
// what a sandbox of it is to have.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "actors/control.hpp"
#include "events/base/result.hpp"

namespace varve::gateway {

struct image_choice {
  std::string image;
  std::vector<std::string> entrypoint; // empty = the image's own
  schema::BuildT build; // what it is made by; no dockerfile: it is pulled
};

// Letters, digits and "_.-:" between single slashes, with an optional digest.
bool is_reference(std::string_view text) noexcept;

// Errors: invalid, with the words clients know.
result<void> check_snapshot_name(std::string_view name);
result<void> check_image_name(std::string_view name);

// The image that a Dockerfile makes. One that it only names ("FROM x", perhaps
// with an ENTRYPOINT) is pulled; any other is to be built, under a name that
// follows from what it is made of.
result<image_choice> read_build_info(const boost::json::value& info);

// cpu, memory and disk, where 0 and absent are the usual; unsupported for a
// gpu.
result<schema::Resources> read_resources(const boost::json::object& body);

// A list of strings; empty ones are dropped.
result<std::vector<std::string>> read_words(const boost::json::object& body,
                                            std::string_view name);

} // namespace varve::gateway
