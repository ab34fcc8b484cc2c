#include <map>

#include "tests/contract/log/contract_pen.hpp"
#include "tests/contract/log/log_contract.hpp"

namespace varve::log::contract {

namespace {

void reads_from_anywhere(log_fixture& f, findings& found) {
  contract_pen pen{f.log(), f.next_partition()};
  auto from = pen.head.next_index;
  std::vector<record_ptr> written;
  for (int i = 0; i < 30; ++i)
    written.push_back(pen.next());
  found.expect_ok(pen.append(written), "appending thirty records");
  auto middle = f.log().read(pen.partition(), from + 10, 5);
  found.expect(middle
                   && same_records(middle.value(), {written.begin() + 10,
                                                    written.begin() + 15}),
               "reading five from the tenth on gives something else");
  auto end = f.log().read(pen.partition(), pen.head.next_index, 5);
  found.expect(end && end.value().empty(), "there is something at the end");
  auto beyond = f.log().read(pen.partition(), pen.head.next_index + 100, 5);
  found.expect(beyond && beyond.value().empty(),
               "there is something beyond the end");
  auto all = pen.read_all();
  found.expect(all && all.value().size() == pen.head.next_index,
               "reading everything gives another number of records");
}

void tails_each_record_once(log_fixture& f, findings& found) {
  using namespace std::chrono_literals;
  // What other cases left behind.
  for (int i = 0; i < 100; ++i) {
    auto old = f.log().tail(0ms);
    if (!found.expect_ok(old, "tailing") || old.value().empty())
      break;
  }
  contract_pen a{f.log(), f.next_partition()};
  contract_pen b{f.log(), f.next_partition()};
  std::map<std::uint16_t, std::vector<record_ptr>> written, tailed;
  for (int i = 0; i < 5; ++i) {
    written[a.partition()].push_back(a.next());
    written[b.partition()].push_back(b.next());
    found.expect_ok(a.append({written[a.partition()].back(),
                              written[b.partition()].back()}),
                    "appending two records");
  }
  std::size_t left = 10;
  for (int i = 0; i < 100 && left > 0; ++i) {
    auto more = f.log().tail(100ms);
    if (!found.expect_ok(more, "tailing"))
      return;
    for (const auto& r : more.value()) {
      tailed[r->at().partition].push_back(r);
      left -= left > 0;
    }
  }
  for (auto& [partition, records] : written)
    found.expect(same_records(tailed[partition], records),
                 "the tail gave something else than was appended");
  auto rest = f.log().tail(0ms);
  found.expect(rest && rest.value().empty(), "the tail repeats itself");
}

void tails_only_what_is_new(log_fixture& f, findings& found) {
  using namespace std::chrono_literals;
  contract_pen pen{f.log(), f.next_partition()};
  found.expect_ok(pen.append({pen.next()}), "appending one record");
  if (!found.expect_ok(f.reopen(), "opening the log again"))
    return;
  auto more = f.log().tail(0ms);
  found.expect(more && more.value().empty(),
               "the tail of a log just opened gives old records");
}

void stops_at_altered_bytes(log_fixture& f, findings& found) {
  contract_pen pen{f.log(), f.next_partition()};
  auto good = pen.next();
  found.expect_ok(pen.append({good}), "appending one record");
  auto bad = pen.next();
  auto bytes = samples::copy_frame(*bad);
  bytes[40] ^= std::byte{1};
  auto written = f.write_foreign(pen.partition(), bytes);
  if (!f.takes_foreign_bytes()) {
    found.expect(!written, "foreign bytes were taken without a word");
    return;
  }
  found.expect_ok(written, "writing altered bytes");
  auto read = f.log().read(pen.partition(), good->at().index, 9);
  found.expect(read && same_records(read.value(), {good}),
               "what lies before altered bytes is not read");
  read = f.log().read(pen.partition(), bad->at().index, 9);
  found.expect_error(read, errc::log_corrupt, "reading altered bytes");
  if (!read)
    found.expect(read.error().detail.find(to_string(bad->at()))
                     != std::string::npos,
                 "the altered record is not named: " + read.error().detail);
  found.expect_error(f.log().head(pen.partition()), errc::log_corrupt,
                     "the head of an altered partition");
  found.expect(!pen.append({bad}), "an altered partition takes records");
}

void skips_what_is_void(log_fixture& f, findings& found) {
  contract_pen pen{f.log(), f.next_partition()};
  auto first = pen.epoch();
  auto second = pen.next();
  found.expect_ok(pen.append({first, second}), "appending two records");
  auto lost = pen.head;
  lost.next_index += 3;
  lost.hash[0] ^= 1;
  auto orphan = samples::label_record(lost, pen.partition(), "orphan", 1);
  for (const auto& r : {first, second, first, orphan}) {
    auto written = f.write_foreign(pen.partition(), samples::copy_frame(*r));
    found.expect(bool(written) == f.takes_foreign_bytes(),
                 "void records: declared and actual abilities differ");
  }
  auto head = f.log().head(pen.partition());
  found.expect(head && head.value() == pen.head, "void records move the head");
  auto third = pen.next();
  found.expect_ok(pen.append({third}), "appending behind void records");
  auto read = f.log().read(pen.partition(), first->at().index, 9);
  found.expect(read && same_records(read.value(), {first, second, third}),
               "void records are read");
}

void stops_where_it_parted(log_fixture& f, findings& found) {
  contract_pen pen{f.log(), f.next_partition()};
  found.expect_ok(pen.append({pen.next()}), "appending one record");
  auto other = pen.head;
  other.hash[0] ^= 1;
  auto stranger = samples::label_record(other, pen.partition(), "s", 1);
  auto written =
      f.write_foreign(pen.partition(), samples::copy_frame(*stranger));
  if (!f.takes_foreign_bytes()) {
    found.expect(!written, "foreign bytes were taken without a word");
    return;
  }
  found.expect_error(f.log().head(pen.partition()), errc::log_diverged,
                     "the head of a parted copy");
  found.expect(!pen.append({pen.next()}), "a parted copy takes records");
}

} // namespace

std::vector<contract_case> read_cases() {
  return {
      {"reads from anywhere, up to a limit", reads_from_anywhere},
      {"tails each record once and in order", tails_each_record_once},
      {"tails only what is new", tails_only_what_is_new},
      {"stops at altered bytes and names the record", stops_at_altered_bytes},
      {"skips what is void", skips_what_is_void},
      {"stops where copy and log have parted", stops_where_it_parted},
  };
}

} // namespace varve::log::contract
