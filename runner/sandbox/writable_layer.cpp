#include "runner/sandbox/writable_layer.hpp"

#include "runner/kernel/files.hpp"

namespace varve::runner {

result<writable_layer> writable_layer::open(const layout& where,
                                            const std::string& id) {
  writable_layer out;
  out.upper_ = where.sandbox(id) + "/upper";
  if (!exists(out.upper_))
    return failure(errc::not_found, "sandbox " + id + " has no files here");
  return out;
}

} // namespace varve::runner
