// varve-unpack BLOB DIGEST DIFF_ID DIRECTORY BYTES ENTRIES
//
// Unpacks one image layer into an empty directory, which it makes its root
// first. What is wrong with the layer goes to stderr; a program of its own, so
// that an archive that breaks the library breaks nothing else.
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/images/unpack/layer.hpp"

namespace {

std::uint64_t number(const char* text) {
  return std::strtoull(text, nullptr, 10);
}

int failed(const std::string& what) {
  std::cerr << what << ": " << std::strerror(errno) << "\n";
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::cerr << "usage: varve-unpack BLOB DIGEST DIFF_ID DIRECTORY BYTES "
                 "ENTRIES\n";
    return 2;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::umask(0022);
  // Names in UTF-8 are passed on as they are.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  auto blob = ::open(argv[1], O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (blob < 0)
    return failed("blob");
  if (::chdir(argv[4]) != 0 || ::chroot(".") != 0 || ::chdir("/") != 0)
    return failed(argv[4]);
  // Where the layer does not say otherwise everybody may enter its root.
  if (::chmod("/", 0755) != 0)
    return failed("/");
  auto done = varve::runner::unpack_layer(blob, argv[2], argv[3],
                                          {number(argv[5]), number(argv[6])});
  if (!done) {
    std::cerr << done.error().detail << "\n";
    return 1;
  }
  auto root = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0 || ::syncfs(root) != 0)
    return failed("sync");
  std::cout << done.value().bytes << " " << done.value().entries << " "
            << done.value().left_out << "\n";
  return 0;
}
