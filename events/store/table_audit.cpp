#include "events/store/table_audit.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/crc.hpp>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include "events/chain.hpp"
#include "events/store/database_audit.hpp"
#include "events/store/keys.hpp"
#include "events/store/store_families.hpp"

namespace varve::log {

namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 20;
constexpr unsigned probe_seconds = 20;

std::string path_of(const std::string& directory, std::uint64_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "/%06llu.sst",
                static_cast<unsigned long long>(number));
  return directory + name;
}

// The file's CRC-32C as RocksDB writes it down.
result<std::string> checksum_of(rocksdb::Env& env, const std::string& path) {
  std::unique_ptr<rocksdb::SequentialFile> file;
  auto status = env.NewSequentialFile(path, &file, rocksdb::EnvOptions{});
  boost::crc_optimal<32, 0x1edc6f41, ~0u, ~0u, true, true> crc;
  std::string room(piece_bytes, '\0');
  rocksdb::Slice piece;
  while (status.ok()) {
    status = file->Read(room.size(), &piece, room.data());
    if (piece.empty())
      break;
    crc.process_bytes(piece.data(), piece.size());
  }
  if (!status.ok())
    return error{errc::log_corrupt, path + ": " + status.ToString()};
  auto sum = crc.checksum();
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(sum >> shift & 0xff);
  return out;
}

struct probe_result {
  bool found = false;
  position last;
};

// In a process of its own, which reading a damaged table may end.
[[noreturn]] void probe(const std::string& path, probe_result& out) {
  rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::alarm(probe_seconds);
  auto silent = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(silent, STDERR_FILENO);
  rocksdb::SstFileReader reader{rocksdb::Options{}};
  if (!reader.Open(path).ok())
    ::_exit(1);
  std::unique_ptr<rocksdb::Iterator> it{reader.NewIterator({})};
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    auto at = keys::parse_position(it->key().ToStringView());
    if (!at)
      ::_exit(1);
    out.last = *at;
    out.found = true;
  }
  ::_exit(0);
}

// The last record of a damaged table that can still be read.
std::optional<position> last_readable(const std::string& path) {
  auto* shared = ::mmap(nullptr, sizeof(probe_result), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED)
    return std::nullopt;
  auto* out = new (shared) probe_result;
  auto child = ::fork();
  if (child == 0)
    probe(path, *out);
  if (child > 0)
    ::waitpid(child, nullptr, 0);
  auto found = out->found ? std::optional{out->last} : std::nullopt;
  ::munmap(shared, sizeof(probe_result));
  return found;
}

error damaged(rocksdb::Env& env, const std::string& path,
              const table_file& table) {
  std::string detail = path + " is damaged";
  if (table.family == records_family_number) {
    auto last =
        &env == rocksdb::Env::Default() ? last_readable(path) : std::nullopt;
    detail += last ? " after " + to_string(*last) : " before its first record";
  } else if (table.family <= own_families().size() && table.family > 0) {
    detail += " (" + own_families()[table.family - 1] + ")";
  }
  return error{errc::log_corrupt, std::move(detail)};
}

} // namespace

result<void> audit_tables(rocksdb::Env& env, const std::string& directory,
                          std::vector<table_file> tables,
                          std::uint64_t most_bytes) {
  std::sort(tables.begin(), tables.end(),
            [](const auto& a, const auto& b) { return a.number > b.number; });
  std::uint64_t bytes = 0;
  for (const auto& table : tables) {
    bytes += table.size;
    if (bytes > most_bytes)
      return ok();
    auto path = path_of(directory, table.number);
    VARVE_TRY(auto found, checksum_of(env, path));
    if (!table.checksum.empty() && found != table.checksum)
      return damaged(env, path, table);
  }
  return ok();
}

} // namespace varve::log
