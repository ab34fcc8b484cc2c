#include "events/record.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <flatbuffers/flatbuffers.h>
#include <openssl/evp.h>

namespace varve::log {

namespace {

constexpr std::size_t hash_bytes = sizeof(digest);

// Fetching the algorithm by name costs more than hashing a small record.
const EVP_MD* sha256_algorithm() noexcept {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

struct digest_context {
  EVP_MD_CTX* raw = EVP_MD_CTX_new();
  digest_context() = default;
  digest_context(const digest_context&) = delete;
  digest_context& operator=(const digest_context&) = delete;
  ~digest_context() {
    EVP_MD_CTX_free(raw);
  }
};

const std::uint8_t* bytes_of(std::span<const std::byte> bytes) noexcept {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

// What the schema cannot say.
const char* structural_fault(const schema::Record& view) noexcept {
  if (view.id()->size() != 16)
    return "its id has not 16 bytes";
  if (view.partition() >= partition_count)
    return "its partition is out of range";
  if (view.entries()->size() == 0)
    return "it holds no entry";
  return nullptr;
}

// The same for what is to be packed, where flatc's code would stop the
// process.
const char* structural_fault(const schema::RecordT& content) noexcept {
  if (!content.prev)
    return "it names no predecessor";
  for (const auto& entry : content.entries)
    if (!entry || entry->event.type == schema::Event::NONE)
      return "an entry holds no event";
  return nullptr;
}

result<void> verify(std::span<const std::byte> content) {
  flatbuffers::Verifier verifier{bytes_of(content), content.size()};
  if (!schema::VerifyRecordBuffer(verifier))
    return failure(errc::malformed, "a record's bytes are no record");
  const auto* view = schema::GetRecord(content.data());
  if (const auto* fault = structural_fault(*view))
    return failure(errc::malformed, std::string{"a record: "} + fault);
  return ok();
}

result<void> check_size(std::size_t frame_bytes) {
  if (frame_bytes <= max_record_bytes)
    return ok();
  return failure(errc::too_large, "a record of " + std::to_string(frame_bytes)
                                      + " bytes is over the limit of "
                                      + std::to_string(max_record_bytes));
}

} // namespace

std::uint16_t partition_of(std::string_view id) noexcept {
  auto hash = sha256(std::as_bytes(std::span{id.data(), id.size()}));
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i)
    number = number << 8 | hash[i];
  return static_cast<std::uint16_t>(number % partition_count);
}

digest sha256(std::span<const std::byte> bytes) noexcept {
  thread_local digest_context context;
  digest out{};
  unsigned size = 0;
  // These fail only for want of memory or of the algorithm itself.
  if (EVP_DigestInit_ex(context.raw, sha256_algorithm(), nullptr) != 1
      || EVP_DigestUpdate(context.raw, bytes.data(), bytes.size()) != 1
      || EVP_DigestFinal_ex(context.raw, out.data(), &size) != 1)
    std::abort();
  return out;
}

result<record_ptr> record::parse(std::vector<std::byte> frame) {
  VARVE_CHECK(check_size(frame.size()));
  if (frame.size() <= hash_bytes)
    return failure(errc::log_corrupt, "a record is cut short");
  auto content = std::span<const std::byte>{frame}.subspan(hash_bytes);
  auto hash = sha256(content);
  if (std::memcmp(hash.data(), frame.data(), hash_bytes) != 0)
    return failure(errc::log_corrupt, "a record's hash does not fit its bytes");
  VARVE_CHECK(verify(content));
  return std::make_shared<const record>(std::move(frame));
}

result<record_ptr> record::seal(const schema::RecordT& content) {
  if (const auto* fault = structural_fault(content))
    return failure(errc::malformed, std::string{"a record: "} + fault);
  flatbuffers::FlatBufferBuilder builder{1024};
  builder.Finish(schema::Record::Pack(builder, &content));
  VARVE_CHECK(check_size(hash_bytes + builder.GetSize()));
  std::vector<std::byte> frame(hash_bytes + builder.GetSize());
  std::memcpy(frame.data() + hash_bytes, builder.GetBufferPointer(),
              builder.GetSize());
  auto packed = std::span<const std::byte>{frame}.subspan(hash_bytes);
  // Never write what could not be read.
  VARVE_CHECK(verify(packed));
  auto hash = sha256(packed);
  std::memcpy(frame.data(), hash.data(), hash_bytes);
  return std::make_shared<const record>(std::move(frame));
}

record::record(std::vector<std::byte> frame) noexcept
    : frame_(std::move(frame)),
      view_(schema::GetRecord(frame_.data() + hash_bytes)) {
  std::memcpy(hash_.data(), frame_.data(), hash_bytes);
  const auto* named = view_->prev()->bytes();
  std::copy(named->begin(), named->end(), prev_.begin());
}

bool record::may_be_of(const digest& request) const noexcept {
  const auto* mine = view_->request();
  return mine == nullptr
         || std::equal(request.begin(), request.end(), mine->bytes()->begin());
}

position record::at() const noexcept {
  return {view_->partition(), view_->index()};
}

} // namespace varve::log
