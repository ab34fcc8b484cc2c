#include "runner/images/unpack/layer.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "runner/images/unpack/blob_stream.hpp"

namespace varve::runner {

namespace {

constexpr std::string_view whiteout = ".wh.";
constexpr std::string_view opaque = ".wh..wh..opq";
constexpr std::size_t longest_path = 4096;

// Nothing here follows a link or leaves the layer, even without the chroot.
constexpr int disk_flags =
    ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME
    | ARCHIVE_EXTRACT_XATTR | ARCHIVE_EXTRACT_SECURE_SYMLINKS
    | ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS;

struct release_read {
  void operator()(archive* a) const noexcept {
    archive_read_free(a);
  }
};
struct release_write {
  void operator()(archive* a) const noexcept {
    archive_write_free(a);
  }
};

la_ssize_t feed(archive* a, void* stream, const void** data) {
  auto& from = *static_cast<blob_stream*>(stream);
  auto n = from.next(data);
  if (n < 0)
    archive_set_error(a, EIO, "%s", from.problem().c_str());
  return n < 0 ? ARCHIVE_FATAL : n;
}

error said_by(archive* a, std::string_view path) {
  auto* text = archive_error_string(a);
  return {errc::malformed, std::string{path} + (path.empty() ? "" : ": ")
                               + (text == nullptr ? "damaged" : text)};
}

std::string_view last_part(std::string_view path) noexcept {
  auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string parent_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

// Links are not followed: what lies in the way must be a directory.
result<void> make_parents(const std::string& path) {
  for (std::size_t at = 0; (at = path.find('/', at)) != std::string::npos;
       ++at) {
    auto part = path.substr(0, at);
    struct stat found {};
    if (::mkdir(part.c_str(), 0755) == 0)
      continue;
    if (errno != EEXIST || ::lstat(part.c_str(), &found) != 0
        || !S_ISDIR(found.st_mode))
      return failure(errc::malformed, part + " is not a directory");
  }
  return ok();
}

result<void> make_whiteout(const std::string& path) {
  auto name = last_part(path);
  VARVE_CHECK(make_parents(path));
  auto parent = parent_of(path);
  if (name == opaque) {
    if (::lsetxattr(parent.c_str(), "trusted.overlay.opaque", "y", 1, 0) != 0)
      return failure(errc::io, parent + ": " + std::strerror(errno));
    return ok();
  }
  auto hidden = name.substr(whiteout.size());
  if (hidden.starts_with(whiteout))
    return ok(); // bookkeeping of another file system
  if (hidden.empty() || hidden == "." || hidden == "..")
    return failure(errc::malformed, path + " hides nothing that can be");
  auto target = parent + "/" + std::string{hidden};
  // What the layer has itself is not hidden by it.
  if (::mknod(target.c_str(), S_IFCHR, makedev(0, 0)) != 0 && errno != EEXIST)
    return failure(errc::io, target + ": " + std::strerror(errno));
  return ok();
}

// Others would speak to overlayfs or to the host's security modules.
void keep_harmless_attributes(archive_entry* entry) {
  struct attribute {
    std::string name;
    std::string value;
  };
  std::vector<attribute> kept;
  archive_entry_xattr_reset(entry);
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
    if (name != nullptr
        && (std::string_view{name}.starts_with("user.")
            || std::string_view{name} == "security.capability"))
      kept.push_back({name, {static_cast<const char*>(value), size}});
  archive_entry_xattr_clear(entry);
  for (auto& it : kept)
    archive_entry_xattr_add_entry(entry, it.name.c_str(), it.value.data(),
                                  it.value.size());
}

class unpacking {
 public:
  unpacking(archive* from, archive* to, layer_limits limits)
      : from_(from), to_(to), limits_(limits) {
    // nop
  }

  result<unpacked_layer> run() {
    archive_entry* entry = nullptr;
    for (;;) {
      auto code = archive_read_next_header(from_, &entry);
      if (code == ARCHIVE_EOF)
        break;
      if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
        return said_by(from_, "");
      VARVE_CHECK(take(entry));
    }
    if (archive_write_close(to_) != ARCHIVE_OK)
      return said_by(to_, "");
    return done_;
  }

 private:
  result<void> take(archive_entry* entry) {
    if (++done_.entries > limits_.entries)
      return failure(errc::too_large, "the layer has too many files");
    VARVE_TRY(auto path, entry_path(archive_entry_pathname(entry)));
    if (path.empty())
      path = ".";
    if (last_part(path).starts_with(whiteout))
      return make_whiteout(path);
    auto* link = archive_entry_hardlink(entry);
    auto type = archive_entry_filetype(entry);
    if (link == nullptr && type != AE_IFREG && type != AE_IFDIR
        && type != AE_IFLNK && type != AE_IFIFO) {
      ++done_.left_out;
      return ok();
    }
    archive_entry_set_pathname(entry, path.c_str());
    if (link != nullptr) {
      VARVE_TRY(auto target, entry_path(link));
      archive_entry_set_hardlink(entry, target.c_str());
    }
    keep_harmless_attributes(entry);
    archive_entry_acl_clear(entry);
    archive_entry_set_fflags(entry, 0, 0);
    return write(entry, path);
  }

  result<void> write(archive_entry* entry, const std::string& path) {
    auto size = archive_entry_size(entry);
    if (size > 0) {
      done_.bytes += static_cast<std::uint64_t>(size);
      if (done_.bytes > limits_.bytes)
        return failure(errc::too_large,
                       "the layer is larger than an image may be");
    }
    if (archive_write_header(to_, entry) != ARCHIVE_OK)
      return said_by(to_, path);
    if (size > 0) {
      VARVE_CHECK(copy_data(path));
    }
    if (archive_write_finish_entry(to_) != ARCHIVE_OK)
      return said_by(to_, path);
    return ok();
  }

  result<void> copy_data(const std::string& path) {
    const void* data = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    for (;;) {
      auto code = archive_read_data_block(from_, &data, &size, &offset);
      if (code == ARCHIVE_EOF)
        return ok();
      if (code != ARCHIVE_OK)
        return said_by(from_, path);
      if (archive_write_data_block(to_, data, size, offset) != ARCHIVE_OK)
        return said_by(to_, path);
    }
  }

  archive* from_;
  archive* to_;
  layer_limits limits_;
  unpacked_layer done_;
};

} // namespace

result<std::string> entry_path(const char* name) {
  if (name == nullptr)
    return failure(errc::malformed, "an entry without a name");
  std::string_view text{name};
  if (text.size() > longest_path)
    return failure(errc::malformed, "an entry with too long a name");
  std::string out;
  while (!text.empty()) {
    auto slash = text.find('/');
    auto part = text.substr(0, slash);
    text = slash == std::string_view::npos ? std::string_view{}
                                           : text.substr(slash + 1);
    if (part.empty() || part == ".")
      continue;
    if (part == "..")
      return failure(errc::malformed,
                     std::string{name} + " leads out of the image");
    if (!out.empty())
      out += '/';
    out += part;
  }
  return out;
}

result<unpacked_layer> unpack_layer(int blob, const std::string& digest,
                                    const std::string& diff_id,
                                    layer_limits limits) {
  blob_stream stream{blob, limits.bytes};
  VARVE_CHECK(stream.open());
  std::unique_ptr<archive, release_read> from{archive_read_new()};
  std::unique_ptr<archive, release_write> to{archive_write_disk_new()};
  archive_read_support_format_tar(from.get());
  archive_read_support_format_empty(from.get());
  archive_write_disk_set_options(to.get(), disk_flags);
  if (archive_read_open(from.get(), &stream, nullptr, feed, nullptr)
      != ARCHIVE_OK)
    return said_by(from.get(), "");
  VARVE_TRY(auto done, unpacking(from.get(), to.get(), limits).run());
  std::string packed, unpacked;
  VARVE_CHECK(stream.finish(packed, unpacked));
  if (packed != digest)
    return failure(errc::malformed,
                   "the layer is " + packed + " and not " + digest);
  if (unpacked != diff_id)
    return failure(errc::malformed,
                   "the layer holds " + unpacked + " and not " + diff_id);
  return done;
}

} // namespace varve::runner
