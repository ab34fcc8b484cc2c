// POST /files/upload and /files/upload-v2: one file, as a form or raw.
#include <vector>

#include "runner/toolbox/files/files.hpp"
#include "runner/toolbox/files/multipart.hpp"
#include "runner/toolbox/files/path.hpp"
#include "runner/toolbox/files/target_file.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox::files {

namespace {

constexpr mode_t parents_mode = 0750;

// Writes the form's field `file`.
class single_file final : public part_sink {
 public:
  explicit single_file(std::string path) : path_{std::move(path)} {
    // nop
  }

  void begin_part(const part_headers& headers) override {
    is_file_ = headers.name == "file";
    if (!is_file_)
      return;
    ++files_;
    type_ = headers.content_type;
    if (files_ == 1)
      ok_ = target_.open(path_, parents_mode);
  }
  void part_data(std::string_view bytes) override {
    if (is_file_ && files_ == 1 && ok_)
      ok_ = target_.write(bytes);
  }
  void end_part() override {
    if (is_file_ && files_ == 1 && ok_)
      ok_ = target_.close();
    is_file_ = false;
  }

  unsigned files() const {
    return files_;
  }
  bool is_ok() const {
    return ok_;
  }
  const target_file& target() const {
    return target_;
  }
  const std::string& type() const {
    return type_;
  }

 private:
  std::string path_;
  std::string type_;
  target_file target_;
  unsigned files_ = 0;
  bool is_file_ = false;
  bool ok_ = true;
};

problem upload_problem(const target_file& target, std::string_view path) {
  // The contract knows no other status of a failed upload than 400.
  auto p = file_problem(target.error_number(), path);
  if (p.status != 507)
    p.status = 400;
  p.message = std::string{path} + ": " + target.error();
  return p;
}

// The content type of what was written.
outcome<std::string> receive_form(exchange& ex, const std::string& boundary,
                                  const std::string& path) {
  multipart_parser parser{boundary};
  single_file file{resolve(ex.sandbox(), path)};
  std::vector<char> buffer(exchange::buffer_size);
  bool fine = true;
  while (auto n = ex.read(buffer.data(), buffer.size()))
    fine = fine && parser.feed({buffer.data(), n}, file) && file.is_ok();
  if (!file.is_ok())
    return upload_problem(file.target(), path);
  if (!parser.finish())
    return bad_request("invalid multipart form: " + parser.error());
  if (file.files() != 1)
    return bad_request("a form with one field 'file' is needed");
  return file.type();
}

outcome<std::string> receive_raw(exchange& ex, const std::string& path) {
  target_file target;
  std::vector<char> buffer(exchange::buffer_size);
  bool fine = target.open(resolve(ex.sandbox(), path), parents_mode);
  while (auto n = ex.read(buffer.data(), buffer.size()))
    fine = fine && target.write({buffer.data(), n});
  if (!fine || !target.close())
    return upload_problem(target, path);
  return ex.request().content_type;
}

// What was written where, as upload-v2 answers it.
outcome<std::string> receive(exchange& ex) {
  BOOST_OUTCOME_TRY(auto path, ex.required("path"));
  auto boundary = boundary_of(ex.request().content_type);
  BOOST_OUTCOME_TRY(auto type, boundary.empty()
                                   ? receive_raw(ex, path)
                                   : receive_form(ex, boundary, path));
  auto name = path.substr(path.rfind('/') + 1);
  return "{\"name\":" + json_string(name) + ",\"path\":" + json_string(path)
         + ",\"type\":"
         + json_string(type.empty() ? "application/octet-stream" : type) + "}";
}

} // namespace

void upload(exchange& ex) {
  if (boundary_of(ex.request().content_type).empty())
    return ex.answer(bad_request("a multipart form is needed"));
  if (auto done = receive(ex); !done)
    ex.answer(done.error());
  else
    ex.answer(empty_response(200));
}

void upload_v2(exchange& ex) {
  if (auto done = receive(ex); !done)
    ex.answer(done.error());
  else
    ex.answer(json_response(200, std::move(done.value())));
}

} // namespace varve::toolbox::files
