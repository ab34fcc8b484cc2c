// A file's properties as clients read them.
#pragma once

#include <string>

#include <sys/stat.h>

namespace varve::toolbox::files {

// {"name","path","size","mode","modTime","modifiedAt","isDir","owner",
// "group","permissions"}
std::string file_info(const std::string& name, const std::string& path,
                      const struct stat& st);

// "drwxr-xr-x", "-rw-r--r--", "dtrwxrwxrwx": a letter for each special
// property, or '-', and nine permissions.
std::string mode_text(mode_t mode);

// "2026-01-02 03:04:05.6 +0000 UTC"
std::string verbose_time(const timespec& time);
// "2026-01-02T03:04:05Z"
std::string rfc3339_time(const timespec& time);

} // namespace varve::toolbox::files
