#include "ops/log_place.hpp"

#include "events/base/ids.hpp"
#include "ops/files.hpp"

namespace varve::ops {

namespace {

constexpr std::string_view own_prefix = "embedded:";

error belongs_to(const std::string& data_dir, const std::string& place) {
  return {errc::conflict, data_dir + " belongs to the log at " + place
                              + "; varve log copy moves a log"};
}

} // namespace

result<std::string> node_name(const std::string& data_dir) {
  auto path = data_dir + "/node";
  auto known = read_file(path);
  if (known)
    return known.value().substr(0, known.value().find('\n'));
  if (known.error().code != errc::not_found)
    return std::move(known).error();
  auto name = "node-" + uuid::v4().str().substr(24);
  VARVE_CHECK(write_private_file(path, name + "\n"));
  return name;
}

result<std::string> place_of(const std::string& data_dir) {
  auto text = read_file(data_dir + "/log-place");
  if (!text && text.error().code == errc::not_found)
    return std::string{};
  if (!text)
    return std::move(text).error();
  auto place = std::move(text).value();
  while (!place.empty() && place.back() == '\n')
    place.pop_back();
  return place;
}

result<void> set_place(const std::string& data_dir, const std::string& place) {
  return write_private_file(data_dir + "/log-place", place + "\n");
}

result<std::string> place_to_be(const std::string& data_dir) {
  VARVE_TRY(auto place, place_of(data_dir));
  if (place.starts_with(own_prefix))
    return place;
  VARVE_TRY(auto name, node_name(data_dir));
  return std::string{own_prefix} + name;
}

result<std::string> own_place(const std::string& data_dir) {
  VARVE_TRY(auto place, place_of(data_dir));
  if (place.starts_with(own_prefix))
    return place;
  if (!place.empty())
    return belongs_to(data_dir, place);
  VARVE_TRY(place, place_to_be(data_dir));
  VARVE_CHECK(set_place(data_dir, place));
  return place;
}

result<void> claim_place(const std::string& data_dir, const std::string& place,
                         bool is_empty) {
  VARVE_TRY(auto known, place_of(data_dir));
  if (known == place)
    return ok();
  if (!is_empty)
    return belongs_to(data_dir, known.empty() ? "embedded" : known);
  return set_place(data_dir, place);
}

} // namespace varve::ops
