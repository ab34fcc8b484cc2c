#include "runner/archive/directory_store.hpp"

#include <set>

#include <fcntl.h>

#include "runner/archive/archive_json.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

namespace {

constexpr std::string_view bytes_end = ".tar.zst";
constexpr std::string_view part_end = ".tar.zst.part";
constexpr std::string_view record_end = ".json";

struct names {
  std::string bytes, part, record;

  names(const std::string& directory, const std::string& id)
      : bytes(directory + "/" + id + std::string{bytes_end}),
        part(directory + "/" + id + std::string{part_end}),
        record(directory + "/" + id + std::string{record_end}) {
    // nop
  }
};

result<void> sync_directory(const std::string& path) {
  unique_fd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd || ::fsync(fd.get()) != 0)
    return last_error("sync " + path);
  return ok();
}

class file_writer final : public archive_writer {
 public:
  file_writer(std::string directory, names where, unique_fd file)
      : directory_(std::move(directory)), where_(std::move(where)),
        file_(std::move(file)) {
    // nop
  }

  ~file_writer() override {
    if (!is_committed_)
      ::unlink(where_.part.c_str());
  }

  result<void> write(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      auto n = ::write(file_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return last_error("write " + where_.part);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return ok();
  }

  result<void> commit(const archive_record& record) override {
    if (::fsync(file_.get()) != 0)
      return last_error("sync " + where_.part);
    // An earlier one is not there any more while its bytes are replaced.
    VARVE_CHECK(remove_file(where_.record));
    if (::rename(where_.part.c_str(), where_.bytes.c_str()) != 0)
      return last_error("rename " + where_.part);
    is_committed_ = true;
    VARVE_CHECK(sync_directory(directory_));
    return write_file_atomic(where_.record, archive_json(record), 0600, true);
  }

 private:
  std::string directory_;
  names where_;
  unique_fd file_;
  bool is_committed_ = false;
};

class file_reader final : public archive_reader {
 public:
  explicit file_reader(unique_fd file) : file_(std::move(file)) {
    // nop
  }

  result<std::size_t> read(std::span<std::byte> into) override {
    for (;;) {
      auto n = ::read(file_.get(), into.data(), into.size());
      if (n >= 0)
        return static_cast<std::size_t>(n);
      if (errno != EINTR)
        return last_error("read an archive");
    }
  }

 private:
  unique_fd file_;
};

} // namespace

directory_store::directory_store(std::string directory)
    : directory_(std::move(directory)) {
  // nop
}

result<std::optional<archive_record>>
directory_store::find(const std::string& sandbox_id) {
  names where{directory_, sandbox_id};
  auto text = read_file(where.record);
  if (!text && text.error().code == errc::not_found)
    return std::optional<archive_record>{};
  if (!text)
    return text.error();
  VARVE_TRY(auto record, parse_archive_json(text.value()));
  if (record.sandbox_id != sandbox_id)
    return failure(errc::malformed, where.record + " is of another sandbox");
  return std::optional{std::move(record)};
}

result<std::unique_ptr<archive_writer>>
directory_store::write(const std::string& sandbox_id) {
  VARVE_CHECK(make_directories(directory_, 0700));
  names where{directory_, sandbox_id};
  unique_fd file{::open(where.part.c_str(),
                        O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (!file)
    return last_error("open " + where.part);
  return std::unique_ptr<archive_writer>{
      new file_writer{directory_, std::move(where), std::move(file)}};
}

result<std::unique_ptr<archive_reader>>
directory_store::read(const std::string& sandbox_id) {
  names where{directory_, sandbox_id};
  unique_fd file{::open(where.bytes.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file && errno == ENOENT)
    return failure(errc::not_found, "the archive's file is missing");
  if (!file)
    return last_error("open " + where.bytes);
  return std::unique_ptr<archive_reader>{new file_reader{std::move(file)}};
}

// The record goes first: what is half removed is not there.
result<void> directory_store::remove(const std::string& sandbox_id) {
  names where{directory_, sandbox_id};
  VARVE_CHECK(remove_file(where.record));
  VARVE_CHECK(remove_file(where.bytes));
  return remove_file(where.part);
}

result<std::vector<std::string>> directory_store::list() {
  VARVE_TRY(auto files, list_directory(directory_));
  std::set<std::string> out;
  for (const auto& file : files)
    for (auto end : {part_end, bytes_end, record_end})
      if (file.size() > end.size() && file.ends_with(end)) {
        out.insert(file.substr(0, file.size() - end.size()));
        break;
      }
  return std::vector<std::string>{out.begin(), out.end()};
}

} // namespace varve::runner
