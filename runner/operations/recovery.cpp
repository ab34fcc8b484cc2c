#include "runner/operations/recovery.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <net/if.h>

#include "events/base/logging.hpp"
#include "runner/kernel/files.hpp"
#include "runner/link/sandbox_link.hpp"
#include "runner/operations/claim_steps.hpp"
#include "runner/sandbox/freezer.hpp"
#include "runner/sandbox/sandbox_files.hpp"

namespace varve::runner {

namespace {

using kind = schema::OperationKind;
using present = schema::Present;

constexpr std::chrono::seconds thaw_limit{5};

class recovery {
 public:
  recovery(const machine& host, ledger& book, bool keep_waiting)
      : host_(host), book_(book), keep_waiting_(keep_waiting) {
    // nop
  }

  result<recovered> run() {
    VARVE_CHECK(read_journal());
    VARVE_CHECK(read_files());
    VARVE_TRY(auto ids, all_ids());
    VARVE_CHECK(settle_waiting(ids));
    // Those with files first: what they hold is theirs.
    for (auto with_files : {true, false})
      for (auto& id : ids) {
        if ((files_.count(id) != 0) != with_files)
          continue;
        auto done = with_files ? reconcile(id) : without_files(id);
        if (!done)
          return prefixed("sandbox " + id, done.error());
      }
    VARVE_CHECK(remove_strange_links());
    VARVE_CHECK(book_.erase_old_tombstones());
    return std::move(out_);
  }

 private:
  result<void> read_journal() {
    for (auto& sandbox : book_.sandboxes())
      known_[sandbox.sandbox_id] = sandbox;
    VARVE_TRY(auto unfinished, book_.unfinished());
    for (auto& entry : unfinished)
      begun_[entry.operation->sandbox_id].push_back(std::move(entry));
    return ok();
  }

  // From the journal, the disk and the kernel.
  result<std::set<std::string>> all_ids() {
    std::set<std::string> out;
    for (auto& [id, sandbox] : known_)
      out.insert(id);
    for (auto& [id, entries] : begun_)
      out.insert(id);
    VARVE_TRY(auto files, list_sandbox_files(host_.where));
    VARVE_TRY(auto run, list_directory(host_.where.run_sandboxes()));
    VARVE_TRY(auto state, list_directory(host_.where.runtime_state()));
    VARVE_TRY(auto groups, groups_by_sandbox(run));
    VARVE_TRY(auto archives, host_.archives->list());
    for (auto* names : {&files, &run, &state, &groups, &archives})
      for (auto& name : *names)
        if (is_safe_id(name))
          out.insert(name);
    return out;
  }

  // Those that claimed one have a group that bears another's name.
  result<std::vector<std::string>>
  groups_by_sandbox(const std::vector<std::string>& run) const {
    std::set<std::string> others;
    for (const auto& id : run)
      if (auto group = group_of(host_.where.run_sandboxes(), id); group != id)
        others.insert(group);
    auto out = host_.groups.list();
    std::erase_if(out, [&](const auto& group) { return others.count(group); });
    return out;
  }

  // They are dealt with first: a claim that was interrupted may have left the
  // processes of one, whose files have another name already.
  result<void> settle_waiting(std::set<std::string>& ids) {
    for (auto it = ids.begin(); it != ids.end();) {
      if (!is_warm_id(*it)) {
        ++it;
        continue;
      }
      auto done = settle_one(*it);
      if (!done)
        return prefixed(*it, done.error());
      it = ids.erase(it);
    }
    return ok();
  }

  result<void> settle_one(const std::string& id) {
    auto known = known_.find(id);
    auto is_known = known != known_.end();
    if (keep_waiting_ && is_known && known->second.waits
        && known->second.present == present::Running && waits_well(host_, id)) {
      links_.insert(host_.where.link(known->second.slot));
      out_.waiting.push_back(known->second);
      return ok();
    }
    auto files = files_.find(id);
    auto slot = is_known                ? known->second.slot
                : files != files_.end() ? files->second.slot
                                        : UINT32_MAX;
    // An older journal may not know that somebody claimed it since.
    for (const auto& [other, its] : files_)
      if (other != id && its.slot == slot)
        slot = UINT32_MAX;
    VARVE_CHECK(remove_waiting(host_, id, slot));
    files_.erase(id);
    return is_known ? book_.erase(id) : ok();
  }

  // Which sandboxes have files, and the slots they hold.
  result<void> read_files() {
    VARVE_TRY(auto ids, list_sandbox_files(host_.where));
    for (auto& id : ids) {
      auto files = read_sandbox_record(host_.where, id);
      if (files) {
        files_[id] = files.value();
        slots_.insert(files.value().slot);
      } else if (files.error().code == errc::malformed) {
        // Somebody's files all the same: neither run nor removed.
        log_failure("runner", files.error().detail);
        unclear_.insert(id);
      }
    }
    return ok();
  }

  result<void> reconcile(const std::string& id) {
    auto& files = files_[id];
    auto running = find_running(host_.where, id, host_.means.boot_id);
    if (running) {
      links_.insert(host_.where.link(files.slot));
      out_.running.push_back(id);
    }
    auto known = known_.find(id);
    if (known == known_.end() || known->second.slot != files.slot) {
      VARVE_CHECK(adopt(files, running.has_value()));
    } else if (!running) {
      VARVE_CHECK(note_end(id));
    } else {
      VARVE_CHECK(let_run_on(id));
      VARVE_CHECK(book_.set_present(id, running_as(id)));
    }
    return settle(id, running.has_value());
  }

  result<void> adopt(const sandbox_record& files, bool running) {
    log_warning("runner", "the journal does not know sandbox " + files.id
                              + ", which has files: adopted");
    if (!running) {
      VARVE_CHECK(clean(files.id, files.slot));
    }
    return book_.adopt(files.id, files.slot, files.image_ref, files.version,
                       running ? running_as(files.id) : present::Stopped);
  }

  // Frozen although nobody asked for that: it was being copied.
  result<void> let_run_on(const std::string& id) {
    auto& entries = begun_[id];
    auto pauses = std::any_of(entries.begin(), entries.end(), [](auto& entry) {
      return entry.operation->kind == kind::Pause;
    });
    if (pauses || known_[id].present != present::Running
        || !is_frozen(host_.groups, id))
      return ok();
    return thaw(host_.groups, id,
                std::chrono::steady_clock::now() + thaw_limit);
  }

  present running_as(const std::string& id) const {
    return is_frozen(host_.groups, id) ? present::Paused : present::Running;
  }

  result<void> note_end(const std::string& id) {
    auto ran = known_[id].present == present::Running
               || known_[id].present == present::Paused;
    if (ran && !is_being_ended(id)) {
      VARVE_CHECK(executor(host_, book_).examine(id));
    }
    VARVE_CHECK(clean(id, known_[id].slot));
    return book_.set_present(id, present::Stopped);
  }

  result<void> without_files(const std::string& id) {
    if (unclear_.count(id) != 0)
      return book_.set_present(id, present::Unclear);
    auto known = known_.find(id);
    // By an older journal its slot, and so its link, may be another's since.
    auto has_slot =
        known != known_.end() && slots_.count(known->second.slot) == 0;
    VARVE_CHECK(clean(id, has_slot ? known->second.slot : UINT32_MAX));
    VARVE_CHECK(remove_sandbox_files(host_.where, id));
    VARVE_TRY(auto is_archived, settle_archive(id));
    if (is_archived)
      return settle(id, false);
    if (known == known_.end())
      return ok();
    if (known->second.present == present::Absent && is_only_created(id)) {
      begun_.erase(id);
      return book_.erase(id);
    }
    VARVE_CHECK(book_.set_lost(id));
    return settle(id, false);
  }

  // Whether its files are in an archive. One that nobody can read is kept, and
  // so is what is known of its sandbox.
  result<bool> settle_archive(const std::string& id) {
    auto found = host_.archives->find(id);
    if (!found) {
      log_failure("runner", id + ": " + found.error().detail);
      return known_.count(id) != 0;
    }
    auto known = known_.find(id);
    auto tombstone = known == known_.end() && book_.find(id).has_value();
    if (!found.value() || tombstone) {
      VARVE_CHECK(host_.archives->remove(id));
      return false;
    }
    if (known != known_.end()) {
      VARVE_CHECK(book_.set_archived(id));
      return true;
    }
    log_warning("runner", "the journal does not know sandbox " + id
                              + ", which has an archive: adopted");
    const auto& record = *found.value();
    VARVE_CHECK(book_.adopt(id, UINT32_MAX, record.image_ref, record.version,
                            present::Archived));
    return true;
  }

  bool is_only_created(const std::string& id) {
    auto& entries = begun_[id];
    return entries.size() == 1 && entries[0].operation->kind == kind::Create;
  }

  // Its outcome will say so; no observation is needed.
  bool is_being_ended(const std::string& id) {
    auto& entries = begun_[id];
    return std::any_of(entries.begin(), entries.end(), [](auto& entry) {
      return entry.operation->kind == kind::Stop
             || entry.operation->kind == kind::Destroy;
    });
  }

  // What was begun and has no outcome.
  result<void> settle(const std::string& id, bool running) {
    for (auto& entry : begun_[id]) {
      auto operation = entry.operation->kind;
      if (operation != kind::Create && operation != kind::Start
          && operation != kind::Restore) {
        out_.to_resume.push_back(*entry.operation);
        continue;
      }
      if (running && entry.operation->spec) {
        out_.to_resume.push_back(*entry.operation);
        continue;
      }
      VARVE_CHECK(book_.forget(entry));
    }
    return ok();
  }

  result<void> clean(const std::string& id, std::uint32_t slot) {
    schema::OperationT nothing;
    nothing.sandbox_id = id;
    execution e{.host = host_, .operation = nothing, .slot = slot};
    return run_steps(e, end_steps(), "clean");
  }

  // Ours by their prefix, but of no sandbox that runs.
  result<void> remove_strange_links() {
    VARVE_TRY(auto names, list_directory("/sys/class/net"));
    auto prefix = host_.where.link_prefix();
    for (auto& name : names)
      if (name.rfind(prefix, 0) == 0 && links_.count(name) == 0) {
        VARVE_CHECK(remove_link(name));
      }
    return ok();
  }

  const machine& host_;
  ledger& book_;
  bool keep_waiting_;
  std::map<std::string, schema::JournalSandboxT> known_;
  std::map<std::string, std::vector<schema::JournalEntryT>> begun_;
  std::map<std::string, sandbox_record> files_;
  std::set<std::uint32_t> slots_;
  std::set<std::string> unclear_;
  std::set<std::string> links_;
  recovered out_;
};

} // namespace

result<recovered> recover(const machine& host, ledger& book,
                          bool keep_waiting) {
  return recovery{host, book, keep_waiting}.run();
}

} // namespace varve::runner
