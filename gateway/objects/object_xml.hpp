// The XML that object storage speaks. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/objects/object_error.hpp"
#include "gateway/objects/object_request.hpp"
#include "gateway/objects/object_store.hpp"

namespace varve::gateway {

std::string error_xml(const object_error& e, std::string_view resource,
                      std::string_view request_id);
std::string list_xml(const list_call& asked, const object_page& page);
std::string upload_xml(const object_key& key, std::string_view upload_id);
std::string completed_xml(const object_info& done, std::string_view location);

// The body that completes an upload. MalformedXML.
object_result<std::vector<named_part>> parse_parts(std::string_view xml);

} // namespace varve::gateway
