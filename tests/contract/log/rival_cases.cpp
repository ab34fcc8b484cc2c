#include "tests/contract/log/contract_pen.hpp"
#include "tests/contract/log/log_contract.hpp"

namespace varve::log::contract {

namespace {

// Null where the back end has one writer only, which must then refuse another.
std::unique_ptr<event_log> rival_of(log_fixture& f, findings& found) {
  auto rival = f.open_rival();
  if (!f.has_rivals()) {
    found.expect(!rival, "a second writer was let in without a word");
    return nullptr;
  }
  return found.expect_ok(rival, "opening a second node")
             ? std::move(rival).value()
             : nullptr;
}

void sees_one_log(log_fixture& f, findings& found) {
  auto rival = rival_of(f, found);
  if (!rival)
    return;
  found.expect(rival->log_id() == f.log().log_id(), "the ids differ");
  auto partition = f.next_partition();
  contract_pen ours{f.log(), partition};
  auto r = ours.next();
  found.expect_ok(ours.append({r}), "appending one record");
  contract_pen theirs{*rival, partition};
  found.expect(theirs.head == ours.head, "the second node has another head");
  theirs.version = ours.version;
  auto answer = theirs.next();
  found.expect_ok(theirs.append({answer}), "appending from the second node");
  auto read = ours.read_all(r->at().index);
  found.expect(read && same_records(read.value(), {r, answer}),
               "the first node does not see the second's record");
}

void lets_one_of_two_count(log_fixture& f, findings& found) {
  auto rival = rival_of(f, found);
  if (!rival)
    return;
  auto partition = f.next_partition();
  contract_pen ours{f.log(), partition};
  contract_pen theirs{*rival, partition};
  auto mine = ours.epoch("ours");
  auto other = theirs.epoch("theirs");
  found.expect_ok(ours.append({mine}), "beginning an epoch");
  found.expect_error(theirs.append({other}), errc::log_void,
                     "beginning one on the same head");
  for (auto* log : {&f.log(), rival.get()}) {
    auto head = log->head(partition);
    found.expect(head && head.value() == ours.head,
                 "a node does not see who won");
  }
}

void ends_the_older_owner(log_fixture& f, findings& found) {
  auto rival = rival_of(f, found);
  if (!rival)
    return;
  auto partition = f.next_partition();
  contract_pen zombie{f.log(), partition};
  found.expect_ok(zombie.append({zombie.epoch("old")}), "beginning an epoch");
  contract_pen owner{*rival, partition};
  auto begun = owner.epoch("new");
  found.expect_ok(owner.append({begun}), "beginning the next epoch");
  found.expect_error(zombie.append({zombie.next(), zombie.next()}),
                     errc::log_void, "appending in an epoch that is over");
  auto head = f.log().head(partition);
  found.expect(head && head.value() == owner.head,
               "an epoch that is over moved the head");
  auto read = owner.read_all(begun->at().index);
  found.expect(read && same_records(read.value(), {begun}),
               "a record of an epoch that is over counts");
}

} // namespace

std::vector<contract_case> rival_cases() {
  return {
      {"shows two nodes one log", sees_one_log},
      {"lets one of two records on a head count", lets_one_of_two_count},
      {"ends an owner whose epoch is over", ends_the_older_owner},
  };
}

} // namespace varve::log::contract
