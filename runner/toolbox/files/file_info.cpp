#include "runner/toolbox/files/file_info.hpp"

#include <cstdio>
#include <ctime>

#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox::files {

namespace {

std::string formatted(const timespec& time, const char* format) {
  std::tm parts{};
  ::gmtime_r(&time.tv_sec, &parts);
  char out[64];
  return {out, std::strftime(out, sizeof out, format, &parts)};
}

std::string permissions_text(mode_t mode) {
  char out[16];
  std::snprintf(out, sizeof out, "%04o", static_cast<unsigned>(mode & 0777));
  return out;
}

std::string type_letters(mode_t mode) {
  std::string out;
  if (S_ISDIR(mode))
    out += 'd';
  if (S_ISLNK(mode))
    out += 'L';
  if (S_ISBLK(mode) || S_ISCHR(mode))
    out += 'D';
  if (S_ISFIFO(mode))
    out += 'p';
  if (S_ISSOCK(mode))
    out += 'S';
  if ((mode & S_ISUID) != 0)
    out += 'u';
  if ((mode & S_ISGID) != 0)
    out += 'g';
  if (S_ISCHR(mode))
    out += 'c';
  if ((mode & S_ISVTX) != 0)
    out += 't';
  return out.empty() ? "-" : out;
}

} // namespace

std::string mode_text(mode_t mode) {
  auto out = type_letters(mode);
  constexpr char letters[] = "rwxrwxrwx";
  for (int i = 0; i < 9; ++i)
    out += (mode & (0400u >> i)) != 0 ? letters[i] : '-';
  return out;
}

std::string verbose_time(const timespec& time) {
  auto out = formatted(time, "%Y-%m-%d %H:%M:%S");
  if (time.tv_nsec != 0) {
    char fraction[16];
    std::snprintf(fraction, sizeof fraction, ".%09ld", time.tv_nsec);
    out += fraction;
    out.erase(out.find_last_not_of('0') + 1);
  }
  return out + " +0000 UTC";
}

std::string rfc3339_time(const timespec& time) {
  return formatted(time, "%Y-%m-%dT%H:%M:%SZ");
}

std::string file_info(const std::string& name, const std::string& path,
                      const struct stat& st) {
  return "{\"name\":" + json_string(name) + ",\"path\":" + json_string(path)
         + ",\"size\":" + std::to_string(st.st_size) + ",\"mode\":\""
         + mode_text(st.st_mode) + "\",\"modTime\":\""
         + verbose_time(st.st_mtim) + "\",\"modifiedAt\":\""
         + rfc3339_time(st.st_mtim)
         + "\",\"isDir\":" + (S_ISDIR(st.st_mode) ? "true" : "false")
         + ",\"owner\":\"" + std::to_string(st.st_uid) + "\",\"group\":\""
         + std::to_string(st.st_gid) + "\",\"permissions\":\""
         + permissions_text(st.st_mode) + "\"}";
}

} // namespace varve::toolbox::files
