// Which started sandboxes wait for somebody, and which should. In memory; no
// side effects.
//
// Wishes of organizations come first, theirs alone; what the count leaves goes
// to what was created of late, shared by how often and how recently.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "events/base/clock.hpp"
#include "schemas/operation_generated.h"

namespace varve::runner {

// What one that waits is good for: any create that asks for just this.
struct warm_kind {
  std::string organization_id; // whose creates may take it; empty = all
  std::string image_ref;
  std::uint32_t disk_gib = 0; // cannot be changed any more

  friend auto operator<=>(const warm_kind&, const warm_kind&) = default;
};

struct warm_wish {
  warm_kind kind;
  schema::Resources resources;
  std::uint32_t count = 0;
};

struct waiting_sandbox {
  std::string id;
  std::uint32_t slot = 0;
  warm_kind kind;
};

// Any thread.
class warm_pool {
 public:
  // At most `most` wait; 0: none ever does, and nothing is remembered.
  explicit warm_pool(std::size_t most) : most_(most) {
    // nop
  }
  std::size_t most() const noexcept {
    return most_;
  }

  // One that fits; nobody else gets it. The organization's own first.
  std::optional<waiting_sandbox> take(const schema::SandboxSpecT& spec);
  // It waits, from here on or again.
  void put(waiting_sandbox one);
  // It does not wait any more; nothing when it did not.
  std::optional<waiting_sandbox> remove(const std::string& id);
  // Ids that were taken since this was last asked.
  std::vector<std::string> taken();
  std::vector<waiting_sandbox> waiting() const;
  std::size_t waiting_of(const std::string& organization_id,
                         const std::string& image_ref) const;

  // Something was created like this.
  void note_create(const schema::SandboxSpecT& spec, timestamp now);
  // None can be made of this kind for a while.
  void note_failure(const warm_kind& kind, timestamp now);
  void set_wishes(std::vector<warm_wish> wishes);

  // What should be made next; `resources` as it was last asked for.
  std::optional<warm_wish> lacking(timestamp now) const;
  // Taken out of what waits: more than should.
  std::optional<waiting_sandbox> take_surplus(timestamp now);

 private:
  struct demand {
    double score = 0; // creates, halved with time
    timestamp at = 0;
    schema::Resources resources;
  };
  using counts = std::map<warm_kind, warm_wish>;

  counts wanted_locked(timestamp now) const;
  std::size_t count_locked(const warm_kind& kind) const;

  const std::size_t most_;
  mutable std::mutex guard_;             // of everything below
  std::vector<waiting_sandbox> waiting_; // oldest first
  std::vector<std::string> taken_;
  std::map<warm_kind, demand> demands_;
  std::map<warm_kind, timestamp> failed_until_;
  std::vector<warm_wish> wishes_;
};

} // namespace varve::runner
