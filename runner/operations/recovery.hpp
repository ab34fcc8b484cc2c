// Making the journal and the kernel agree when a runner begins: what was
// begun is finished or undone, what nobody accounts for is removed, and no
// sandbox with files is ever lost.
//
//   files | runs | journal        | then
//   ------+------+----------------+------------------------------------------
//   yes   | yes  | any, or none   | it goes on running; adopted if unknown
//   yes   | no   | running        | stopped, with an observation
//   yes   | no   | other, or none | stopped; adopted if unknown
//   no    | any  | only begun     | undone, as if never asked for
//   no    | any  | existed        | absent, said in the inventory
//   no    | any  | none           | removed
//
// One that waited for somebody, by its name, goes on waiting where that is
// wanted and it is whole; else nothing of it stays.
// Without files here, but with an archive, it is archived; an archive of what
// was destroyed is removed. What was frozen to be copied runs on.
//
// What was begun is executed again from its beginning, but for starts. A
// create or start that does not answer is undone and forgotten: its owner
// sends it again, with the secrets the journal does not hold.
#pragma once

#include <string>
#include <vector>

#include "runner/operations/executor.hpp"
#include "runner/operations/ledger.hpp"
#include "runner/operations/machine.hpp"

namespace varve::runner {

struct recovered {
  std::vector<schema::OperationT> to_resume;
  std::vector<std::string> running;
  std::vector<schema::JournalSandboxT> waiting;
};

result<recovered> recover(const machine& host, ledger& book,
                          bool keep_waiting = false);

} // namespace varve::runner
