#include "tests/contract/log/contract_pen.hpp"
#include "tests/contract/log/log_contract.hpp"

namespace varve::log::contract {

namespace {

void begins_as_a_log(log_fixture& f, findings& found) {
  auto id = f.log().log_id();
  found.expect(is_uuid(id), "the log's id is no UUID: " + id);
  for (std::uint16_t p = 0; p < partition_count; ++p) {
    auto first = f.log().read(p, 0, 1);
    if (!found.expect_ok(first, "reading the first record")
        || !found.expect(first.value().size() == 1, "a partition is empty"))
      return;
    const auto* created =
        first.value()[0]->view().entries()->Get(0)->event_as_LogCreated();
    found.expect(
        created && created->log_id()->str() == id && created->partition() == p,
        "partition " + std::to_string(p) + " does not begin with the log's id");
  }
}

void appends_one(log_fixture& f, findings& found) {
  contract_pen pen{f.log(), f.next_partition()};
  auto at = pen.head.next_index;
  auto r = pen.next();
  if (!found.expect_ok(pen.append({r}), "appending one record"))
    return;
  auto head = f.log().head(pen.partition());
  found.expect(head && head.value() == pen.head, "the head did not move on");
  auto read = f.log().read(pen.partition(), at, 9);
  found.expect(read && same_records(read.value(), {r}),
               "it does not read back as it was written");
}

void appends_to_many_partitions(log_fixture& f, findings& found) {
  contract_pen a{f.log(), f.next_partition()};
  contract_pen b{f.log(), f.next_partition()};
  auto from_a = a.head.next_index;
  auto from_b = b.head.next_index;
  std::vector<record_ptr> in_a, in_b, batch;
  for (int i = 0; i < 20; ++i) {
    in_a.push_back(a.next());
    in_b.push_back(b.next());
    batch.push_back(in_a.back());
    batch.push_back(in_b.back());
  }
  found.expect_ok(a.append(batch), "appending to two partitions at once");
  auto read_a = a.read_all(from_a);
  auto read_b = b.read_all(from_b);
  found.expect(read_a && same_records(read_a.value(), in_a) && read_b
                   && same_records(read_b.value(), in_b),
               "a batch does not read back in its order");
}

void appends_large_groups(log_fixture& f, findings& found) {
  contract_pen pen{f.log(), f.next_partition()};
  auto from = pen.head.next_index;
  std::vector<record_ptr> batch;
  for (int i = 0; i < 1024; ++i)
    batch.push_back(pen.next());
  found.expect_ok(pen.append(batch), "appending 1 024 records at once");
  auto read = pen.read_all(from);
  found.expect(read && same_records(read.value(), batch),
               "1 024 records do not read back in order");
}

void appends_large_records(log_fixture& f, findings& found) {
  contract_pen pen{f.log(), f.next_partition()};
  auto from = pen.head.next_index;
  std::vector<record_ptr> batch{
      pen.next(std::string(max_record_bytes - 1024, 'a')),
      pen.next(std::string(max_record_bytes - 1024, 'b')), pen.next()};
  found.expect_ok(pen.append(batch), "appending records of the largest size");
  auto read = pen.read_all(from);
  found.expect(read && same_records(read.value(), batch),
               "large records do not read back as they were written");
}

void appends_nothing(log_fixture& f, findings& found) {
  contract_pen pen{f.log(), f.next_partition()};
  found.expect_ok(pen.append({}), "appending nothing");
  auto head = f.log().head(pen.partition());
  found.expect(head && head.value() == pen.head, "nothing moved the head");
}

void refuses_what_is_stale(log_fixture& f, findings& found) {
  contract_pen pen{f.log(), f.next_partition()};
  auto stale_head = pen.head;
  found.expect_ok(pen.append({pen.next()}), "appending one record");
  auto before = pen.head;
  auto stale = samples::label_record(stale_head, pen.partition(), "stale", 1);
  found.expect_error(pen.append({stale}), errc::log_void,
                     "appending on an old head");
  auto head = f.log().head(pen.partition());
  found.expect(head && head.value() == before,
               "a record on an old head moved the head");
  auto read = pen.read_all();
  found.expect(read && !read.value().empty()
                   && read.value().back()->hash() == before.hash,
               "a record on an old head is read");
  found.expect_ok(pen.append({pen.next()}), "appending after it");
}

void refuses_a_copy(log_fixture& f, findings& found) {
  contract_pen pen{f.log(), f.next_partition()};
  auto r = pen.next();
  found.expect_ok(pen.append({r}), "appending one record");
  found.expect_error(pen.append({r}), errc::log_void, "appending it again");
  auto read = pen.read_all();
  found.expect(read && read.value().size() == pen.head.next_index,
               "a copy counts");
}

void refuses_the_rest_of_a_batch(log_fixture& f, findings& found) {
  contract_pen pen{f.log(), f.next_partition()};
  auto good = pen.next();
  auto lost = pen.next();
  auto orphan = pen.next();
  found.expect_error(pen.append({good, orphan}), errc::log_void,
                     "appending behind a record that is not there");
  auto head = f.log().head(pen.partition());
  auto read = pen.read_all();
  if (!found.expect_ok(head, "the head") || !found.expect_ok(read, "reading"))
    return;
  for (const auto& r : read.value())
    found.expect(r->hash() != orphan->hash(), "an orphan counts");
  found.expect(head.value().next_index == read.value().size()
                   && head.value().hash == read.value().back()->hash(),
               "the head is not the last record that is read");
}

void refuses_what_breaks_the_chain(log_fixture& f, findings& found) {
  contract_pen pen{f.log(), f.next_partition()};
  auto content = samples::bare_record(pen.head, pen.partition());
  content.entries.push_back(samples::label_entry("gap", 1));
  content.index += 1;
  auto bad = samples::sealed(content);
  found.expect_error(pen.append({bad}), errc::log_corrupt,
                     "appending under a wrong index");
  auto read = pen.read_all();
  found.expect(read && !read.value().empty()
                   && read.value().back()->hash() == pen.head.hash,
               "a record under a wrong index is read");
}

void keeps_what_it_acknowledged(log_fixture& f, findings& found) {
  auto partition = f.next_partition();
  chain_head acknowledged;
  std::vector<record_ptr> written;
  std::uint64_t from = 0;
  {
    contract_pen pen{f.log(), partition};
    from = pen.head.next_index;
    for (int i = 0; i < 10; ++i) {
      written.push_back(pen.next());
      found.expect_ok(pen.append({written.back()}), "appending one record");
    }
    acknowledged = pen.head;
  }
  auto id = f.log().log_id();
  if (!found.expect_ok(f.reopen(), "opening the log again"))
    return;
  found.expect(f.log().log_id() == id, "the log has another id");
  contract_pen again{f.log(), partition};
  found.expect(again.head == acknowledged, "an acknowledged record is gone");
  auto read = again.read_all(from);
  found.expect(read && same_records(read.value(), written),
               "it does not read back what it acknowledged");
  again.version = written.size();
  found.expect_ok(again.append({again.next()}), "appending after it");
}

} // namespace

std::vector<contract_case> append_cases() {
  return {
      {"begins every partition as the same log", begins_as_a_log},
      {"appends a record and reads it back", appends_one},
      {"appends to several partitions at once", appends_to_many_partitions},
      {"appends large groups in order", appends_large_groups},
      {"appends records of the largest size", appends_large_records},
      {"appends nothing without harm", appends_nothing},
      {"refuses what does not name the head", refuses_what_is_stale},
      {"refuses a second copy", refuses_a_copy},
      {"refuses what follows a missing record", refuses_the_rest_of_a_batch},
      {"refuses what breaks the chain", refuses_what_breaks_the_chain},
      {"keeps what it acknowledged", keeps_what_it_acknowledged},
  };
}

} // namespace varve::log::contract
