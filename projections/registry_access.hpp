// Which of an organization's registries an image is pulled with.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/vault.hpp"
#include "projections/queries.hpp"

namespace varve::projections {

// In clear: for one pull, never for the log or a file.
struct registry_access {
  std::string registry_id;
  std::string host; // "registry.example.com:5000", "docker.io"
  std::string username;
  std::string password;
};

// "https://registry.example.com:5000/v2/" -> "registry.example.com:5000"; every
// name of Docker Hub -> "docker.io". Lower case; empty when there is no host.
std::string registry_host(std::string_view url);

// "registry.example.com/team/app:1" -> "registry.example.com"; what names no
// host is Docker Hub's.
std::string image_host(std::string_view image);

// That of the image's host, of several the one whose project the image lies
// in, else one without a project, else none; the newest of equals. Any thread.
// Errors: store_failed, undecipherable.
result<std::optional<registry_access>>
access_for_image(queries& reads, vault& secrets,
                 std::string_view organization_id, std::string_view image);

} // namespace varve::projections
