#include "gateway/api/snapshot_body.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/json_fields.hpp"

namespace varve::gateway {

namespace json = boost::json;

namespace {

result<image_choice> read_source(const json::object& body) {
  VARVE_TRY(auto image, text_member(body, "imageName"));
  VARVE_TRY(auto entrypoint, read_words(body, "entrypoint"));
  auto has_image = image && !image->empty();
  if (const auto* info = member(body, "buildInfo")) {
    if (has_image)
      return failure(errc::invalid, "Cannot specify an image name when using "
                                    "a build info entry");
    if (!entrypoint.empty())
      return failure(errc::invalid, "Cannot specify an entrypoint when using "
                                    "a build info entry");
    return read_build_info(*info);
  }
  if (!has_image)
    return failure(errc::invalid, "Must specify an image name");
  VARVE_CHECK(check_image_name(*image));
  return image_choice{std::move(*image), std::move(entrypoint), {}};
}

result<void> check_class(const json::object& body) {
  VARVE_TRY(auto wanted, text_member(body, "sandboxClass"));
  if (wanted && !wanted->empty() && *wanted != "container")
    return failure(errc::unsupported, "sandboxClass: this server has only "
                                      "containers");
  const auto* gpu = member(body, "gpuType");
  auto means_none = gpu == nullptr
                    || (gpu->is_array() && gpu->get_array().empty())
                    || (gpu->is_string() && gpu->get_string().empty());
  if (!means_none)
    return failure(errc::unsupported,
                   "gpuType is not supported by this server");
  return ok();
}

} // namespace

result<snapshot_body> parse_snapshot_body(const json::object& body) {
  snapshot_body out;
  VARVE_TRY(auto name, text_member(body, "name"));
  out.name = name.value_or("");
  VARVE_CHECK(check_snapshot_name(out.name));
  VARVE_TRY(out.from, read_source(body));
  VARVE_TRY(out.resources, read_resources(body));
  VARVE_CHECK(check_class(body));
  VARVE_TRY(auto region, text_member(body, "regionId"));
  out.region = region.value_or("");
  return out;
}

} // namespace varve::gateway
