// The library's own HTTP, with what it does not know of depth put into its
// requests and taken out of the answers.
#include <algorithm>
#include <cstring>
#include <memory>

#include <git2/sys/transport.h>

#include "runner/toolbox/git/shallow.hpp"

namespace varve::toolbox::git {

namespace {

struct subtransport {
  git_smart_subtransport base; // first: the library knows only this part
  git_smart_subtransport* inner = nullptr;
  shallow_fetch* fetch = nullptr;
};

struct stream {
  git_smart_subtransport_stream base;
  git_smart_subtransport_stream* inner = nullptr;
  shallow_fetch* fetch = nullptr;
  std::unique_ptr<depth_answer> answer;
  std::string ready; // for the library
};

stream* of(git_smart_subtransport_stream* base) {
  return reinterpret_cast<stream*>(base);
}

subtransport* of(git_smart_subtransport* base) {
  return reinterpret_cast<subtransport*>(base);
}

int read_stream(git_smart_subtransport_stream* base, char* out,
                std::size_t size, std::size_t* n) {
  auto* s = of(base);
  if (!s->answer)
    return s->inner->read(s->inner, out, size, n);
  while (s->ready.empty()) {
    if (int code = s->inner->read(s->inner, out, size, n); code < 0 || *n == 0)
      return code;
    s->ready = s->answer->take({out, *n});
  }
  *n = std::min(size, s->ready.size());
  std::memcpy(out, s->ready.data(), *n);
  s->ready.erase(0, *n);
  return 0;
}

// The library writes a whole request at once.
int write_stream(git_smart_subtransport_stream* base, const char* bytes,
                 std::size_t size) {
  auto* s = of(base);
  auto text = with_depth({bytes, size}, s->fetch->at, s->fetch->depth);
  if (s->fetch->depth > 0)
    s->answer = std::make_unique<depth_answer>(s->fetch->at);
  return s->inner->write(s->inner, text.data(), text.size());
}

void free_stream(git_smart_subtransport_stream* base) {
  auto* s = of(base);
  s->inner->free(s->inner);
  delete s;
}

int act(git_smart_subtransport_stream** out, git_smart_subtransport* base,
        const char* url, git_smart_service_t service) {
  auto* t = of(base);
  git_smart_subtransport_stream* inner = nullptr;
  if (int code = t->inner->action(&inner, t->inner, url, service); code < 0)
    return code;
  if (service != GIT_SERVICE_UPLOADPACK) {
    *out = inner;
    return 0;
  }
  auto* s = new stream{};
  s->base = {base, read_stream, write_stream, free_stream};
  s->inner = inner;
  s->fetch = t->fetch;
  *out = &s->base;
  return 0;
}

int close_all(git_smart_subtransport* base) {
  auto* t = of(base);
  return t->inner->close(t->inner);
}

void free_all(git_smart_subtransport* base) {
  auto* t = of(base);
  t->inner->free(t->inner);
  delete t;
}

int make_subtransport(git_smart_subtransport** out, git_transport* owner,
                      void* payload) {
  auto made = std::make_unique<subtransport>();
  if (int code = git_smart_subtransport_http(&made->inner, owner, nullptr);
      code < 0)
    return code;
  made->base = {act, close_all, free_all};
  made->fetch = static_cast<shallow_fetch*>(payload);
  *out = &made.release()->base;
  return 0;
}

} // namespace

int make_shallow_transport(git_transport** out, git_remote* owner,
                           void* payload) {
  git_smart_subtransport_definition definition{make_subtransport, 1, payload};
  return git_transport_smart(out, owner, &definition);
}

} // namespace varve::toolbox::git
