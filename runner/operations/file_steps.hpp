// The steps that put a sandbox's files somewhere else: into an archive, back
// from it, and into another sandbox.
#pragma once

#include <span>

#include "runner/operations/steps.hpp"

namespace varve::runner {

// The files of a new sandbox from another one's, and from an archive: what
// they have instead of file_steps().
std::span<const step> fork_file_steps() noexcept;
std::span<const step> restore_file_steps() noexcept;
// Its files go into an archive, and are removed.
std::span<const step> archive_steps() noexcept;

// A sandbox that was frozen to be copied runs on; nothing to do is fine.
result<void> thaw_source(execution& e);

// There is an archive and its record can be read. Then it is kept in `e`.
bool is_archived(execution& e);

std::unique_ptr<schema::ArchiveT> described(const archive_record& record);

} // namespace varve::runner
