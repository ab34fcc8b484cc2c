// POST /files/bulk-upload: parts `files[N].path` and `files[N].file`.
#include <map>
#include <optional>
#include <vector>

#include "runner/toolbox/files/files.hpp"
#include "runner/toolbox/files/multipart.hpp"
#include "runner/toolbox/files/path.hpp"
#include "runner/toolbox/files/target_file.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox::files {

namespace {

constexpr std::size_t path_limit = 4096;
constexpr std::size_t error_limit = 1000; // how many are listed

std::string trimmed(const std::string& text) {
  auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

class many_files final : public part_sink {
 public:
  explicit many_files(const guest& g) : guest_{g} {
    // nop
  }

  void begin_part(const part_headers& headers) override {
    auto dot = headers.name.rfind('.');
    auto field =
        dot == std::string::npos ? std::string{} : headers.name.substr(dot);
    index_ = headers.name.substr(0, dot);
    kind_ = field == ".path"   ? part::path
            : field == ".file" ? part::file
                               : part::other;
    if (kind_ == part::path)
      text_.clear();
    if (kind_ == part::file)
      begin_file();
  }

  void part_data(std::string_view bytes) override {
    if (kind_ == part::path && text_.size() <= path_limit)
      text_.append(bytes.substr(0, path_limit + 1));
    if (file_ && !file_->write(bytes))
      end_failed();
  }

  void end_part() override {
    if (kind_ == part::path)
      end_path();
    if (file_)
      end_file();
    kind_ = part::other;
  }

  void add_error(std::string text) {
    if (errors_.size() < error_limit)
      errors_.push_back(std::move(text));
  }
  const std::vector<std::string>& errors() const {
    return errors_;
  }
  // [{"path","bytes"}] without the brackets.
  const std::string& written() const {
    return written_;
  }

 private:
  enum class part { path, file, other };

  // "files[3]" -> "3", as errors name it.
  std::string number() const {
    auto open = index_.find('[');
    if (open == std::string::npos || !index_.ends_with(']'))
      return index_;
    return index_.substr(open + 1, index_.size() - open - 2);
  }

  void end_path() {
    auto path = trimmed(text_);
    if (path.empty())
      return add_error("path[" + number() + "]: empty path");
    if (path.size() > path_limit || path.find('\0') != std::string::npos)
      return add_error("path[" + number() + "]: invalid path");
    paths_[index_] = std::move(path);
  }

  void begin_file() {
    auto found = paths_.find(index_);
    if (found == paths_.end())
      return add_error("file[" + number() + "]: missing .path metadata");
    destination_ = found->second;
    paths_.erase(found);
    file_.emplace();
    if (!file_->open(resolve(guest_, destination_), 0755))
      end_failed();
  }

  void end_failed() {
    add_error(destination_ + ": " + file_->error());
    file_.reset();
  }

  void end_file() {
    if (!file_->close())
      return end_failed();
    written_ += written_.empty() ? "" : ",";
    written_ += "{\"path\":" + json_string(destination_)
                + ",\"bytes\":" + std::to_string(file_->written()) + "}";
    file_.reset();
  }

  const guest& guest_;
  std::map<std::string, std::string> paths_;
  std::optional<target_file> file_;
  std::string destination_;
  std::string index_;
  std::string text_;
  std::string written_;
  std::vector<std::string> errors_;
  part kind_ = part::other;
};

response refused(const request& rq, const many_files& files) {
  std::string joined;
  std::string list;
  for (const auto& error : files.errors()) {
    joined += (joined.empty() ? "" : ", ") + error;
    list += (list.empty() ? "" : ",") + json_string(error);
  }
  // Old clients read `errors`, new ones `message`.
  auto body = problem_body(bad_request(joined), rq.path, rq.method);
  body.pop_back();
  body += ",\"errors\":[" + list + "],\"files\":"
          + (files.written().empty() ? std::string{"null"}
                                     : "[" + files.written() + "]")
          + "}";
  return json_response(400, std::move(body));
}

} // namespace

void bulk_upload(exchange& ex) {
  many_files files{ex.sandbox()};
  auto boundary = boundary_of(ex.request().content_type);
  multipart_parser parser{boundary};
  std::vector<char> buffer(exchange::buffer_size);
  bool fine = !boundary.empty();
  while (auto n = ex.read(buffer.data(), buffer.size()))
    fine = fine && parser.feed({buffer.data(), n}, files);
  if (boundary.empty())
    files.add_error("invalid multipart form");
  else if (!parser.finish())
    files.add_error("reading part: " + parser.error());
  if (!files.errors().empty())
    return ex.answer(refused(ex.request(), files));
  ex.answer(json_response(200, "{\"files\":[" + files.written() + "]}"));
}

} // namespace varve::toolbox::files
