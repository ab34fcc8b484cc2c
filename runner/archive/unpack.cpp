#include "runner/archive/unpack.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

#include "runner/archive/attributes.hpp"
#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

class unpacker {
 public:
  unpacker(std::uint32_t id_base, const byte_source& source,
           const work_limit& limit)
      : id_base_(id_base), source_(source), limit_(limit),
        in_(archive_read_new()), buffer_(256 * 1024) {
    // nop
  }

  ~unpacker() {
    ::archive_read_free(in_);
  }

  unpacker(const unpacker&) = delete;
  unpacker& operator=(const unpacker&) = delete;

  result<void> run(const std::string& root) {
    unique_fd fd{::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd)
      return last_error("open " + root);
    root_ = std::move(fd);
    auto ready = ::archive_read_support_format_tar(in_) == ARCHIVE_OK
                 && ::archive_read_support_filter_zstd(in_) == ARCHIVE_OK
                 && ::archive_read_open(in_, this, nullptr, wanted, nullptr)
                        == ARCHIVE_OK;
    if (!ready)
      return failed("begin");
    for (;;) {
      archive_entry* entry = nullptr;
      auto status = ::archive_read_next_header(in_, &entry);
      if (status == ARCHIVE_EOF)
        return set_directory_times();
      if (status != ARCHIVE_OK)
        return failed("unpack");
      VARVE_CHECK(limit_.check());
      VARVE_CHECK(take(*entry));
    }
  }

 private:
  struct place {
    int parent;
    std::string name;
  };

  static la_ssize_t wanted(archive* a, void* self, const void** bytes) {
    auto& me = *static_cast<unpacker*>(self);
    auto n = me.source_(me.buffer_);
    if (!n) {
      me.why_ = n.error();
      ::archive_set_error(a, EIO, "%s", n.error().detail.c_str());
      return -1;
    }
    *bytes = me.buffer_.data();
    return static_cast<la_ssize_t>(n.value());
  }

  result<void> failed(const std::string& what) const {
    if (why_)
      return *why_;
    const auto* text = ::archive_error_string(in_);
    return failure(errc::malformed, what + ": " + (text ? text : "unknown"));
  }

  static error strange(const std::string& path) {
    return {errc::malformed, "an entry that is none of ours: " + path};
  }

  // "./a/b" -> a, b; "." -> nothing.
  static result<std::vector<std::string>> parts_of(const char* path) {
    std::vector<std::string> out;
    if (path == nullptr)
      return strange("without a name");
    std::string_view left{path};
    if (left != "." && left != "./" && !left.starts_with("./"))
      return strange(path);
    left.remove_prefix(left == "." ? 1 : 2);
    while (!left.empty()) {
      auto end = std::min(left.find('/'), left.size());
      auto part = left.substr(0, end);
      if (part.empty() || part == "." || part == "..")
        return strange(path);
      out.emplace_back(part);
      left.remove_prefix(std::min(end + 1, left.size()));
    }
    return out;
  }

  // Opened part by part, so that no link leads out. Kept from one entry to
  // the next: they mostly lie in the same directory.
  result<place> place_of(const char* path) {
    VARVE_TRY(auto parts, parts_of(path));
    if (parts.empty())
      return place{root_.get(), "."};
    auto name = std::move(parts.back());
    parts.pop_back();
    std::size_t same = 0;
    while (same < parts.size() && same < open_.size()
           && open_[same].first == parts[same])
      ++same;
    open_.resize(same);
    if (parts.size() > deepest_directory)
      return strange(path);
    for (auto i = same; i < parts.size(); ++i) {
      VARVE_TRY(auto fd, open_directory(innermost(), parts[i].c_str()));
      open_.emplace_back(parts[i], std::move(fd));
    }
    return place{innermost(), std::move(name)};
  }

  int innermost() const noexcept {
    return open_.empty() ? root_.get() : open_.back().second.get();
  }

  result<void> take(archive_entry& entry) {
    const auto* path = ::archive_entry_pathname(&entry);
    if (const auto* earlier = ::archive_entry_hardlink(&entry))
      return link(earlier, path);
    VARVE_TRY(auto at, place_of(path));
    auto made = make(entry, at);
    if (!made)
      return prefixed(path, made.error());
    return dress(entry, at, path);
  }

  result<void> link(const char* earlier, const char* path) {
    VARVE_TRY(auto from, place_of(earlier));
    // The next look may close what this one lies in.
    unique_fd parent{::fcntl(from.parent, F_DUPFD_CLOEXEC, 0)};
    if (!parent)
      return last_error("link");
    VARVE_TRY(auto to, place_of(path));
    if (::linkat(parent.get(), from.name.c_str(), to.parent, to.name.c_str(), 0)
        != 0)
      return last_error(std::string{"link "} + path);
    return ok();
  }

  result<void> make(archive_entry& entry, const place& at) {
    const auto* name = at.name.c_str();
    auto type = ::archive_entry_filetype(&entry);
    auto done = 0;
    if (type == AE_IFREG)
      return fill(entry, at);
    if (type == AE_IFDIR)
      done = at.name == "." ? 0 : ::mkdirat(at.parent, name, 0700);
    else if (type == AE_IFLNK)
      done = ::symlinkat(::archive_entry_symlink(&entry), at.parent, name);
    else if (type == AE_IFIFO)
      done = ::mknodat(at.parent, name, S_IFIFO | 0600, 0);
    else if (type == AE_IFCHR && ::archive_entry_rdevmajor(&entry) == 0
             && ::archive_entry_rdevminor(&entry) == 0)
      done = ::mknodat(at.parent, name, S_IFCHR, 0); // a whiteout
    else
      return failure(errc::malformed, "of a kind that no sandbox has");
    return done == 0 ? result<void>{ok()} : last_error("make");
  }

  result<void> fill(archive_entry& entry, const place& at) {
    unique_fd file{
        ::openat(at.parent, at.name.c_str(),
                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!file)
      return last_error("make");
    for (;;) {
      const void* bytes = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      auto status = ::archive_read_data_block(in_, &bytes, &size, &offset);
      if (status == ARCHIVE_EOF)
        break;
      if (status != ARCHIVE_OK)
        return failed("unpack");
      VARVE_CHECK(limit_.check());
      VARVE_CHECK(
          write_at(file.get(), static_cast<const char*>(bytes), size, offset));
    }
    if (::ftruncate(file.get(), ::archive_entry_size(&entry)) != 0)
      return last_error("set the size");
    return ok();
  }

  static result<void> write_at(int file, const char* bytes, std::size_t size,
                               off_t at) {
    while (size > 0) {
      auto n = ::pwrite(file, bytes, size, at);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return last_error("write");
      bytes += n;
      size -= static_cast<std::size_t>(n);
      at += n;
    }
    return ok();
  }

  // Owner first: a new one takes set-id bits and capabilities away.
  result<void> dress(archive_entry& entry, const place& at, const char* path) {
    const auto* name = at.name.c_str();
    auto id = [this](la_int64_t of) {
      return outer_id(static_cast<std::uint32_t>(of), id_base_);
    };
    if (::fchownat(at.parent, name, id(::archive_entry_uid(&entry)),
                   id(::archive_entry_gid(&entry)), AT_SYMLINK_NOFOLLOW)
        != 0)
      return last_error(std::string{"own "} + path);
    auto type = ::archive_entry_filetype(&entry);
    if (type != AE_IFLNK
        && ::fchmodat(at.parent, name, ::archive_entry_perm(&entry), 0) != 0)
      return last_error(std::string{"set the mode of "} + path);
    VARVE_CHECK(set_attributes(at.parent, name, attributes(entry), id_base_));
    auto times = times_of(entry);
    if (type == AE_IFDIR) {
      directory_times_.emplace_back(path, times);
      return ok();
    }
    if (::utimensat(at.parent, name, times.data(), AT_SYMLINK_NOFOLLOW) != 0)
      return last_error(std::string{"set the times of "} + path);
    return ok();
  }

  static std::vector<attribute> attributes(archive_entry& entry) {
    std::vector<attribute> out;
    ::archive_entry_xattr_reset(&entry);
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    while (::archive_entry_xattr_next(&entry, &name, &value, &size)
           == ARCHIVE_OK)
      out.push_back({name, {static_cast<const char*>(value), size}});
    return out;
  }

  using two_times = std::array<struct timespec, 2>;

  static two_times times_of(archive_entry& entry) {
    two_times out{};
    out[0].tv_sec = ::archive_entry_atime(&entry);
    out[0].tv_nsec = ::archive_entry_atime_nsec(&entry);
    out[1].tv_sec = ::archive_entry_mtime(&entry);
    out[1].tv_nsec = ::archive_entry_mtime_nsec(&entry);
    return out;
  }

  // Once nothing is made in them any more.
  result<void> set_directory_times() {
    for (const auto& [path, times] : directory_times_) {
      VARVE_TRY(auto at, place_of(path.c_str()));
      if (::utimensat(at.parent, at.name.c_str(), times.data(),
                      AT_SYMLINK_NOFOLLOW)
          != 0)
        return last_error("set the times of " + path);
    }
    return ok();
  }

  std::uint32_t id_base_;
  const byte_source& source_;
  const work_limit& limit_;
  archive* in_;
  std::vector<std::byte> buffer_;
  unique_fd root_;
  // The directories down to where the last entry lies.
  std::vector<std::pair<std::string, unique_fd>> open_;
  std::vector<std::pair<std::string, two_times>> directory_times_;
  std::optional<error> why_; // why the source gave no more
};

} // namespace

result<void> unpack_tree(const std::string& root, std::uint32_t id_base,
                         const byte_source& source, const work_limit& limit) {
  return unpacker{id_base, source, limit}.run(root);
}

} // namespace varve::runner
