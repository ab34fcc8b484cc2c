#include "events/record_json.hpp"

#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include <flatbuffers/minireflect.h>
#include <flatbuffers/util.h>

namespace varve::log {

namespace {

using flatbuffers::ElementaryType;
using flatbuffers::TypeTable;

class json_writer : public flatbuffers::IterationVisitor {
 public:
  json_writer(std::string& out, bool has_fields)
      : out_(out), has_fields_(has_fields) {
    // nop
  }

  // The outermost object is begun by the caller, who may have given it fields.
  void StartSequence() override {
    auto inner = !first_.empty();
    if (inner)
      out_ += '{';
    first_.push_back(inner || !has_fields_);
  }
  void EndSequence() override {
    out_ += '}';
    first_.pop_back();
  }
  void Field(std::size_t, std::size_t, ElementaryType type, bool is_vector,
             const TypeTable* table, const char* name,
             const std::uint8_t* value) override {
    separate();
    out_ += '"';
    out_ += name;
    out_ += "\":";
    bytes_ = is_vector && type == flatbuffers::ET_UCHAR && table == nullptr;
    sealed_ = bytes_ && std::string_view{name}.ends_with("_sealed");
    sealed_bytes_ = 0;
    if (value == nullptr)
      out_ += is_scalar(type, is_vector) ? absent(type, table) : "null";
  }
  void StartVector() override {
    out_ += bytes_ ? '"' : '[';
    first_.push_back(true);
  }
  void EndVector() override {
    if (std::exchange(sealed_, false))
      out_ += std::to_string(sealed_bytes_) + " bytes";
    out_ += bytes_ ? '"' : ']';
    bytes_ = false;
    first_.pop_back();
  }
  void Element(std::size_t, ElementaryType, const TypeTable*,
               const std::uint8_t*) override {
    if (!bytes_)
      separate();
  }

  void UType(std::uint8_t value, const char* name) override {
    number_or_name(value, name);
  }
  void Bool(bool value) override {
    out_ += value ? "true" : "false";
  }
  void Char(std::int8_t value, const char* name) override {
    number_or_name(value, name);
  }
  void UChar(std::uint8_t value, const char* name) override {
    if (!bytes_)
      return number_or_name(value, name);
    if (sealed_) {
      ++sealed_bytes_;
      return;
    }
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", value);
    out_ += hex;
  }
  void Short(std::int16_t value, const char* name) override {
    number_or_name(value, name);
  }
  void UShort(std::uint16_t value, const char* name) override {
    number_or_name(value, name);
  }
  void Int(std::int32_t value, const char* name) override {
    number_or_name(value, name);
  }
  void UInt(std::uint32_t value, const char* name) override {
    number_or_name(value, name);
  }
  void Long(std::int64_t value) override {
    out_ += std::to_string(value);
  }
  void ULong(std::uint64_t value) override {
    out_ += std::to_string(value);
  }
  void String(const flatbuffers::String* text) override {
    flatbuffers::EscapeString(text->c_str(), text->size(), &out_, true, false);
  }
  void Unknown(const std::uint8_t*) override {
    out_ += "\"of a newer version\"";
  }

 private:
  static bool is_scalar(ElementaryType type, bool is_vector) {
    return !is_vector && type != flatbuffers::ET_STRING
           && type != flatbuffers::ET_SEQUENCE;
  }

  // What an absent field means. Signed ones have defaults of their own
  // (timers, exit codes), which reflection does not tell: null.
  static std::string absent(ElementaryType type, const TypeTable* table) {
    if (type == flatbuffers::ET_BOOL)
      return "false";
    if (table != nullptr)
      if (auto* name = flatbuffers::EnumName(0, table))
        return '"' + std::string{name} + '"';
    return type == flatbuffers::ET_INT ? "null" : "0";
  }

  template <class T>
  void number_or_name(T value, const char* name) {
    if (name == nullptr) {
      out_ += std::to_string(value);
      return;
    }
    out_ += '"';
    out_ += name;
    out_ += '"';
  }

  void separate() {
    if (!first_.back())
      out_ += ',';
    first_.back() = false;
  }

  std::string& out_;
  bool has_fields_;
  std::vector<bool> first_;
  bool bytes_ = false;
  bool sealed_ = false;
  std::size_t sealed_bytes_ = 0;
};

std::string hex(const digest& bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (auto byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

} // namespace

std::string to_json(const record& r) {
  auto out = "{\"hash\":\"" + hex(r.hash()) + "\"";
  json_writer writer{out, true};
  // IterateObject takes a position in bytes that were verified when parsed.
  flatbuffers::IterateObject(reinterpret_cast<const std::uint8_t*>(&r.view()),
                             schema::RecordTypeTable(), &writer);
  return out;
}

std::string to_json(const schema::Entry& entry) {
  const auto* events = schema::EventTypeTable();
  auto kind = static_cast<std::size_t>(entry.event_type());
  if (kind == 0 || kind >= events->num_elems)
    return "null"; // of a newer version
  std::string out{"{"};
  json_writer writer{out, false};
  const auto* table =
      events->type_refs[events->type_codes[kind].sequence_ref]();
  flatbuffers::IterateObject(static_cast<const std::uint8_t*>(entry.event()),
                             table, &writer);
  return out;
}

} // namespace varve::log
