// The journal itself, and what happens when it is lost or put back.
#include <filesystem>

#include <catch2/catch.hpp>

#include "runner/journal/journal.hpp"
#include "runner/kernel/remove_tree.hpp"
#include "tests/runner/stand.hpp"

using namespace varve;
using namespace varve::runner;
using kind = schema::OperationKind;
using present = schema::Present;
using verdict = schema::Result;

namespace {

namespace fs = std::filesystem;

std::string journal_of(const stand& s) {
  return s.settings.data_dir + "/journal";
}

void copy_journal(const std::string& from, const std::string& to) {
  REQUIRE(remove_tree(to));
  fs::copy(from, to, fs::copy_options::recursive);
}

present present_in(const schema::InventoryT& inventory, const std::string& id) {
  for (auto& item : inventory.items)
    if (item->sandbox_id == id)
      return item->present;
  FAIL("not in the inventory: " << id);
  return present::Unclear;
}

bool is_listed(const schema::InventoryT& inventory, const std::string& id) {
  for (auto& item : inventory.items)
    if (item->sandbox_id == id)
      return true;
  return false;
}

} // namespace

TEST_CASE("a journal keeps its id, and sequences rise over openings") {
  char path[] = "/var/tmp/varve-journal-XXXXXX";
  REQUIRE(::mkdtemp(path) != nullptr);
  std::string id;
  std::uint64_t last = 0;
  for (int i = 0; i < 3; ++i) {
    auto book = journal::open(path + std::string{"/journal"});
    REQUIRE(book);
    if (id.empty())
      id = book.value()->id();
    CHECK(book.value()->id() == id);
    for (int j = 0; j < 100; ++j) {
      auto next = book.value()->next_sequence();
      CHECK(next > last);
      last = next;
    }
  }
  CHECK(remove_tree(path));
}

TEST_CASE("without its journal a runner keeps every sandbox and says so") {
  stand s;
  s.open();
  auto running = s.create();
  auto stopped = s.create();
  execute(s.runner(), running, "echo kept > /kept");
  execute(s.runner(), stopped, "echo kept > /kept");
  s.run(kind::Stop, stopped);
  auto old_id = s.runner().journal_id();
  s.close();
  REQUIRE(remove_tree(journal_of(s)));
  s.reports.clear();
  s.open();
  CHECK(s.runner().journal_id() != old_id);
  auto inventory = s.reports.next_inventory();
  CHECK(inventory.items.size() == 2);
  CHECK(present_in(inventory, running) == present::Running);
  CHECK(present_in(inventory, stopped) == present::Stopped);
  CHECK(execute(s.runner(), running, "cat /kept").output == "kept\n");
  CHECK(s.run(kind::Start, stopped).result == verdict::Done);
  CHECK(execute(s.runner(), stopped, "cat /kept").output == "kept\n");
  // An operation meant for the lost journal is not done.
  auto late = s.operation(kind::Destroy, running);
  late.journal_id = old_id;
  CHECK(s.run(std::move(late)).result == verdict::Refused);
  CHECK(s.run(kind::Destroy, running).present == present::Absent);
}

TEST_CASE("an adopted sandbox shares neither address nor ids with a new one") {
  stand s;
  s.open();
  auto first = s.create();
  s.close();
  REQUIRE(remove_tree(journal_of(s)));
  s.open();
  auto second = s.create();
  auto address = [&](const std::string& id) {
    return execute(s.runner(), id,
                   "ip -4 -o addr show eth0; "
                   "cat /proc/self/uid_map")
        .output;
  };
  CHECK(address(first) != address(second));
}

TEST_CASE("a destroyed sandbox gives its place up once and for all") {
  stand s;
  s.open();
  auto gone = s.create();
  CHECK(s.run(kind::Destroy, gone).result == verdict::Done);
  s.close();
  s.open(); // places are handed out from the first on again
  auto heir = s.create();
  auto link = [&] {
    return execute(s.runner(), heir, "cat /sys/class/net/eth0/operstate")
        .output;
  };
  CHECK(link() == "up\n");
  s.close();
  s.open();
  CHECK(link() == "up\n");
  auto address = [&](const std::string& id) {
    return execute(s.runner(), id, "ip -4 -o addr show eth0").output;
  };
  CHECK(address(s.create()) != address(heir));
}

TEST_CASE("what an older journal brings back takes nothing from its heir") {
  stand s;
  s.open();
  auto gone = s.create();
  s.close();
  auto copy = s.settings.data_dir + "-journal";
  copy_journal(journal_of(s), copy);
  s.open();
  CHECK(s.run(kind::Destroy, gone).result == verdict::Done);
  s.close();
  REQUIRE(remove_tree(journal_of(s)));
  s.open(); // without a journal places are handed out from the first on
  auto heir = s.create();
  auto carrier = [&] {
    return execute(s.runner(), heir, "cat /sys/class/net/eth0/carrier").output;
  };
  CHECK(carrier() == "1\n");
  s.close();
  copy_journal(copy, journal_of(s));
  s.open();
  CHECK(carrier() == "1\n");
  CHECK(s.run(kind::Destroy, gone).result == verdict::Done);
  CHECK(carrier() == "1\n");
}

TEST_CASE("an older journal neither loses nor ends what came after it") {
  stand s;
  s.open();
  auto stays = s.create();
  auto goes = s.create();
  auto stops = s.create();
  s.close();
  auto copy = s.settings.data_dir + "-journal";
  copy_journal(journal_of(s), copy);
  s.open();
  auto later = s.create();
  CHECK(s.run(kind::Destroy, goes).result == verdict::Done);
  CHECK(s.run(kind::Stop, stops).result == verdict::Done);
  auto newest = s.run(kind::Stop, later).sequence;
  CHECK(s.run(kind::Start, later).result == verdict::Done);
  s.close();
  copy_journal(copy, journal_of(s));
  s.reports.clear();
  s.open();
  auto inventory = s.reports.next_inventory();
  CHECK(present_in(inventory, stays) == present::Running);
  CHECK(present_in(inventory, later) == present::Running);
  CHECK(present_in(inventory, stops) == present::Stopped);
  CHECK(present_in(inventory, goes) == present::Absent);
  CHECK(execute(s.runner(), later, "echo alive").output == "alive\n");
  // Reports go on above all that were sent before.
  auto outcome = s.run(kind::Destroy, goes);
  CHECK(outcome.result == verdict::Done);
  CHECK(outcome.sequence > newest);
  s.runner().request_inventory();
  CHECK_FALSE(is_listed(s.reports.next_inventory(), goes));
}
