#include "tests/contract/log/owner_model.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "events/partition_records.hpp"
#include "tests/events/sample_records.hpp"

namespace varve::log::contract {

namespace {

constexpr std::size_t most_in_flight = 6;

frame frame_of(const record& r) {
  return {r.frame().begin(), r.frame().end()};
}

bool is_command(const record& r) noexcept {
  return r.view().entries()->Get(0)->event_type()
         == schema::Event::SandboxLabelsReplaced;
}

} // namespace

model_node::model_node(std::string name, std::shared_ptr<raw_topic> topic)
    : name_(std::move(name)), topic_(std::move(topic)) {
  // nop
}

std::size_t model_node::unread() const {
  auto end = static_cast<std::int64_t>(topic_->size(0));
  return end > copy_.next_offset()
             ? static_cast<std::size_t>(end - copy_.next_offset())
             : 0;
}

void model_node::read(std::size_t most) {
  if (connection_ != topic_->connection())
    reconnect();
  for (auto left = std::min(most, unread()); left > 0 && !copy_.fault();
       --left) {
    auto offset = copy_.next_offset();
    auto taken =
        copy_.take(offset, topic_->at(0, static_cast<std::size_t>(offset)));
    if (taken && taken.value())
      learn(std::move(taken).value());
  }
  if (copy_.fault())
    owning_ = claiming_ = false;
}

void model_node::reconnect() {
  connection_ = topic_->connection();
  auto compared = copy_.compare(topic_->view(0));
  if (!compared)
    give_up();
}

void model_node::learn(record_ptr counting) {
  auto ours = in_flight_.erase(counting->hash()) > 0;
  if (is_command(*counting)) {
    ++commands_;
    if (ours)
      acknowledged_.push_back(counting->hash());
  } else if (ours && claiming_) {
    claiming_ = false;
    owning_ = true;
    ahead_ = head_after(*counting);
    commands_ahead_ = commands_;
  }
  if (!ours)
    give_up();
  counting_.push_back(std::move(counting));
}

void model_node::give_up() {
  owning_ = claiming_ = false;
  in_flight_.clear();
}

void model_node::begin_epoch() {
  if (copy_.fault() || copy_.head().next_index == 0)
    return;
  give_up();
  auto begun = samples::sealed(
      epoch_started(copy_.head(), 0, name_, "", samples::epoch_2026));
  in_flight_.insert(begun->hash());
  claiming_ = true;
  topic_->write(0, frame_of(*begun));
}

void model_node::write_ahead() {
  if (!owning_ || in_flight_.size() >= most_in_flight)
    return;
  auto r = decide();
  in_flight_.insert(r->hash());
  ahead_ = head_after(*r);
  ++commands_ahead_;
  topic_->write(0, frame_of(*r));
}

// The version is the number of commands it believes to count: the fold of
// what it was decided on.
record_ptr model_node::decide() {
  auto content = samples::bare_record(ahead_, 0);
  content.principal = name_;
  content.entries.push_back(
      samples::label_entry("sandbox", commands_ahead_ + 1));
  return samples::sealed(content);
}

owner_model::owner_model(std::uint64_t seed, model_options options)
    : random_(seed), options_(options) {
  topic_->write(0, frame_of(*samples::sealed(
                       log_created("model", 0, samples::epoch_2026))));
  topic_->set_judge([this] { return fate(); });
  for (std::size_t i = 0; i < options_.nodes; ++i)
    nodes_.emplace_back("node " + std::to_string(i), topic_);
}

std::uint64_t owner_model::draw(std::uint64_t below) {
  return std::uniform_int_distribution<std::uint64_t>{0, below - 1}(random_);
}

write_fate owner_model::fate() {
  auto drawn = draw(1000);
  for (auto [chance, fate] :
       {std::pair{options_.lost, write_fate::is_lost},
        std::pair{options_.late, write_fate::arrives_late},
        std::pair{options_.twice, write_fate::arrives_twice},
        std::pair{options_.unsaid, write_fate::arrives_unsaid}}) {
    if (drawn < chance)
      return fate;
    drawn -= chance;
  }
  return write_fate::arrives;
}

void owner_model::step() {
  auto& node = nodes_[draw(nodes_.size())];
  auto what = draw(100);
  if (what < 45)
    node.write_ahead();
  else if (what < 80)
    node.read(1 + draw(8));
  else if (what < 90)
    topic_->deliver_late(draw(1000));
  else if (what < 94)
    node.give_up();
  else
    node.begin_epoch();
}

void owner_model::run(std::size_t steps) {
  for (std::size_t i = 0; i < steps; ++i)
    step();
}

void owner_model::settle() {
  while (topic_->on_their_way() > 0)
    topic_->deliver_late(draw(1000));
  for (auto& node : nodes_) {
    node.reconnect();
    node.read(topic_->size(0));
  }
}

std::vector<std::string> owner_model::broken_promises() {
  std::vector<std::string> out;
  std::map<digest, int> counting;
  std::uint64_t commands = 0;
  const auto& records = nodes_[0].counting();
  for (const auto& r : records) {
    ++counting[r->hash()];
    if (is_command(*r) && r->view().entries()->Get(0)->version() != ++commands)
      out.push_back(to_string(r->at()) + " was decided on other records");
  }
  for (const auto& node : nodes_) {
    if (node.copy().fault())
      out.push_back("a sound log was refused: " + node.copy().fault()->detail);
    else if (node.copy().head() != nodes_[0].copy().head())
      out.push_back("two nodes hold different heads");
    for (const auto& hash : node.acknowledged())
      if (counting[hash] != 1)
        out.push_back("acknowledged, and there "
                      + std::to_string(counting[hash]) + " times");
  }
  return out;
}

std::vector<std::string> owner_model::unnoticed_divergence() {
  std::vector<std::string> out;
  model_node fresh{"fresh", topic_};
  fresh.read(topic_->size(0));
  for (const auto& node : nodes_)
    if (!node.copy().fault() && !fresh.copy().fault()
        && node.copy().head() != fresh.copy().head())
      out.push_back("a parted copy believes to be current");
  return out;
}

std::size_t owner_model::acknowledged() const {
  std::size_t out = 0;
  for (const auto& node : nodes_)
    out += node.acknowledged().size();
  return out;
}

std::size_t owner_model::epochs() const {
  return nodes_[0].copy().head().epoch;
}

} // namespace varve::log::contract
