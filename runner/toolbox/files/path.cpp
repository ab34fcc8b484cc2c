#include "runner/toolbox/files/path.hpp"

#include <cerrno>

#include <sys/stat.h>

namespace varve::toolbox::files {

std::string resolve(const guest& g, std::string_view path) {
  if (path.starts_with('/'))
    return std::string{path};
  return (g.workdir == "/" ? std::string{} : g.workdir) + "/"
         + std::string{path};
}

problem invalid_path(std::string message) {
  return {400, "INVALID_FILE_PATH", "invalid file path: " + message};
}

problem file_problem(int error, std::string_view path) {
  std::string name{path};
  switch (error) {
  case ENOENT:
  case ENOTDIR:
    return {404, "FILE_NOT_FOUND", "file not found: " + name};
  case EACCES:
  case EPERM:
  case EROFS:
    return {403, "FILE_ACCESS_DENIED",
            (error == EROFS ? "read-only file system: " : "permission denied: ")
                + name};
  case EISDIR:
    return invalid_path("points to a directory: " + name);
  case ELOOP:
  case ENAMETOOLONG:
  case EINVAL:
  case ENXIO:
  case ENOTEMPTY:
  case EBUSY: // a mount point
  case ETXTBSY:
    return invalid_path(errno_text(error) + ": " + name);
  case ENOSPC:
  case EDQUOT:
  case EFBIG:
    return {507, "INSUFFICIENT_STORAGE", errno_text(error) + ": " + name};
  default:
    return {500, "FILE_READ_FAILED",
            "failed to access file: " + name + ": " + errno_text(error)};
  }
}

int make_directories(const std::string& path, mode_t mode) {
  struct stat st {};
  if (::stat(path.c_str(), &st) == 0)
    return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
  for (std::size_t end = 1; end != std::string::npos && end < path.size();) {
    end = path.find('/', end);
    auto part = path.substr(0, end);
    if (end != std::string::npos)
      ++end;
    if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) {
      // A parent that may not be written to may still exist.
      int error = errno;
      if (::stat(part.c_str(), &st) != 0 || !S_ISDIR(st.st_mode))
        return error;
    }
  }
  if (::stat(path.c_str(), &st) != 0)
    return errno;
  return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
}

int make_parents(const std::string& path, mode_t mode) {
  auto slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0)
    return 0;
  return make_directories(path.substr(0, slash), mode);
}

} // namespace varve::toolbox::files
