#include "runner/archive/pack.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

#include "runner/archive/attributes.hpp"
#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

constexpr std::size_t block = 256 * 1024;

struct entry_free {
  void operator()(archive_entry* e) const noexcept {
    ::archive_entry_free(e);
  }
};
using entry_ptr = std::unique_ptr<archive_entry, entry_free>;

class packer {
 public:
  packer(std::uint32_t id_base, const byte_sink& sink, const work_limit& limit)
      : id_base_(id_base), sink_(sink), limit_(limit),
        out_(archive_write_new()), buffer_(block) {
    // nop
  }

  ~packer() {
    ::archive_write_free(out_);
  }

  packer(const packer&) = delete;
  packer& operator=(const packer&) = delete;

  result<void> run(const std::string& root) {
    auto ready =
        ::archive_write_set_format_pax(out_) == ARCHIVE_OK
        && ::archive_write_add_filter_zstd(out_) == ARCHIVE_OK
        // Names are bytes, in no character set.
        && ::archive_write_set_options(out_, "hdrcharset=BINARY") == ARCHIVE_OK
        && ::archive_write_set_bytes_in_last_block(out_, 1) == ARCHIVE_OK
        && ::archive_write_open(out_, this, nullptr, written, nullptr)
               == ARCHIVE_OK;
    if (!ready)
      return failed("begin");
    unique_fd fd{::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd)
      return last_error("open " + root);
    VARVE_CHECK(add(fd.get(), ".", ".", 0));
    if (::archive_write_close(out_) != ARCHIVE_OK)
      return failed("end");
    return ok();
  }

 private:
  static la_ssize_t written(archive* a, void* self, const void* bytes,
                            std::size_t size) {
    auto& me = *static_cast<packer*>(self);
    auto done = me.sink_({static_cast<const std::byte*>(bytes), size});
    if (done)
      return static_cast<la_ssize_t>(size);
    me.why_ = done.error();
    ::archive_set_error(a, EIO, "%s", done.error().detail.c_str());
    return -1;
  }

  result<void> failed(const std::string& what) const {
    if (why_)
      return *why_;
    const auto* text = ::archive_error_string(out_);
    return failure(errc::io, what + ": " + (text ? text : "unknown"));
  }

  result<void> add(int parent, const char* name, const std::string& path,
                   unsigned depth) {
    VARVE_CHECK(limit_.check());
    if (depth > deepest_directory)
      return failure(errc::unsupported, "directories are nested too deeply");
    struct stat status {};
    if (::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
      return last_error("stat " + path);
    if (S_ISSOCK(status.st_mode))
      return ok();
    entry_ptr entry{::archive_entry_new()};
    describe(*entry, status, path);
    if (auto earlier = links_.earlier(status, path)) {
      ::archive_entry_set_hardlink(entry.get(), earlier->c_str());
      ::archive_entry_set_size(entry.get(), 0);
      return head(*entry, path);
    }
    VARVE_CHECK(attach(*entry, parent, name));
    if (S_ISLNK(status.st_mode)) {
      VARVE_CHECK(aim(*entry, parent, name, path));
    }
    if (S_ISREG(status.st_mode))
      return add_file(*entry, parent, name, path, status.st_size);
    VARVE_CHECK(head(*entry, path));
    return S_ISDIR(status.st_mode) ? add_below(parent, name, path, depth)
                                   : ok();
  }

  void describe(archive_entry& entry, const struct stat& status,
                const std::string& path) const {
    ::archive_entry_set_pathname(&entry, path.c_str());
    ::archive_entry_set_mode(&entry, status.st_mode);
    ::archive_entry_set_uid(&entry, inner_id(status.st_uid, id_base_));
    ::archive_entry_set_gid(&entry, inner_id(status.st_gid, id_base_));
    ::archive_entry_set_mtime(&entry, status.st_mtim.tv_sec,
                              status.st_mtim.tv_nsec);
    ::archive_entry_set_atime(&entry, status.st_atim.tv_sec,
                              status.st_atim.tv_nsec);
    ::archive_entry_set_rdevmajor(&entry, major(status.st_rdev));
    ::archive_entry_set_rdevminor(&entry, minor(status.st_rdev));
    ::archive_entry_set_size(&entry,
                             S_ISREG(status.st_mode) ? status.st_size : 0);
  }

  result<void> attach(archive_entry& entry, int parent, const char* name) {
    VARVE_TRY(auto attributes, attributes_of(parent, name, id_base_));
    for (const auto& a : attributes)
      ::archive_entry_xattr_add_entry(&entry, a.name.c_str(), a.value.data(),
                                      a.value.size());
    return ok();
  }

  result<void> aim(archive_entry& entry, int parent, const char* name,
                   const std::string& path) {
    std::array<char, 4097> target{};
    auto n = ::readlinkat(parent, name, target.data(), target.size() - 1);
    if (n < 0)
      return last_error("read link " + path);
    ::archive_entry_set_symlink(&entry, target.data());
    return ok();
  }

  result<void> head(archive_entry& entry, const std::string& path) {
    // A warning is about what cannot be kept.
    if (::archive_write_header(out_, &entry) != ARCHIVE_OK)
      return failed("pack " + path);
    return ok();
  }

  result<void> add_below(int parent, const char* name, const std::string& path,
                         unsigned depth) {
    VARVE_TRY(auto fd, open_directory(parent, name));
    VARVE_TRY(auto names, names_in(fd.get()));
    std::sort(names.begin(), names.end());
    for (const auto& child : names) {
      VARVE_CHECK(add(fd.get(), child.c_str(), path + "/" + child, depth + 1));
    }
    return ok();
  }

  result<void> add_file(archive_entry& entry, int parent, const char* name,
                        const std::string& path, off_t size) {
    unique_fd file{
        ::openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOATIME)};
    if (!file)
      return last_error("open " + path);
    VARVE_TRY(auto extents, extents_of(file.get(), size));
    auto is_sparse = extents.size() != 1 || extents[0].size != size;
    if (is_sparse && size > 0)
      for (const auto& it : extents)
        ::archive_entry_sparse_add_entry(&entry, it.begin, it.size);
    VARVE_CHECK(head(entry, path));
    off_t at = 0;
    for (const auto& it : extents) {
      VARVE_CHECK(skip(it.begin - at, path));
      VARVE_CHECK(copy(file.get(), it, path));
      at = it.begin + it.size;
    }
    return skip(size - at, path);
  }

  // One that is nothing but a hole has an extent without bytes at its end.
  static result<std::vector<extent>> extents_of(int file, off_t size) {
    std::vector<extent> out;
    for (off_t at = 0;;) {
      VARVE_TRY(auto next, next_extent(file, at, size));
      if (!next)
        break;
      out.push_back(*next);
      at = next->begin + next->size;
    }
    if (out.empty())
      out.push_back({size, 0});
    return out;
  }

  // Of a hole nothing is read but its size.
  result<void> skip(off_t size, const std::string& path) {
    while (size > 0) {
      VARVE_CHECK(limit_.check());
      zeros_.resize(block);
      auto now = std::min<off_t>(size, static_cast<off_t>(block));
      VARVE_CHECK(put(zeros_.data(), static_cast<std::size_t>(now), path));
      size -= now;
    }
    return ok();
  }

  result<void> copy(int file, extent what, const std::string& path) {
    while (what.size > 0) {
      VARVE_CHECK(limit_.check());
      auto wanted = std::min<std::size_t>(static_cast<std::size_t>(what.size),
                                          buffer_.size());
      auto n = ::pread(file, buffer_.data(), wanted, what.begin);
      if (n < 0)
        return last_error("read " + path);
      if (n == 0)
        return failure(errc::io, path + " became shorter meanwhile");
      VARVE_CHECK(put(buffer_.data(), static_cast<std::size_t>(n), path));
      what.begin += n;
      what.size -= n;
    }
    return ok();
  }

  result<void> put(const std::byte* bytes, std::size_t size,
                   const std::string& path) {
    if (::archive_write_data(out_, bytes, size)
        != static_cast<la_ssize_t>(size))
      return failed("pack " + path);
    return ok();
  }

  std::uint32_t id_base_;
  const byte_sink& sink_;
  const work_limit& limit_;
  archive* out_;
  std::vector<std::byte> buffer_;
  std::vector<std::byte> zeros_;
  link_names links_;
  std::optional<error> why_; // why the sink took no more
};

} // namespace

result<void> pack_tree(const std::string& root, std::uint32_t id_base,
                       const byte_sink& sink, const work_limit& limit) {
  return packer{id_base, sink, limit}.run(root);
}

} // namespace varve::runner
