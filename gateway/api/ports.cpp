#include "gateway/api/awaited.hpp"
#include "gateway/api/services.hpp"

namespace varve::gateway {

namespace {

template <class T>
result<T> or_timed_out(std::optional<result<T>> got, const char* what) {
  if (got)
    return std::move(*got);
  return failure(errc::timed_out, what);
}

} // namespace

awaitable<result<command_reply>> submit(services& s, command what,
                                        command_origin origin) {
  using answer = result<command_reply>;
  auto got = co_await await_callback<answer>(
      [&](std::function<void(answer)> done) {
        s.commands.submit(std::move(what), std::move(origin), std::move(done));
      },
      s.options.bounds.command_time);
  co_return or_timed_out(std::move(got),
                         "the command was not answered in time");
}

awaitable<bool> applied(services& s, log::position at,
                        std::chrono::milliseconds limit) {
  // The port keeps its own time; ours is the net under it.
  auto got = co_await await_callback<bool>(
      [&](std::function<void(bool)> done) {
        s.reads.when_applied(at, limit, std::move(done));
      },
      limit + std::chrono::milliseconds{250});
  co_return got.value_or(false);
}

awaitable<result<std::optional<projections::sandbox_view>>>
settled(services& s, std::string organization_id, std::string sandbox_id,
        std::chrono::milliseconds limit) {
  using answer = result<std::optional<projections::sandbox_view>>;
  auto got = co_await await_callback<answer>(
      [&](std::function<void(answer)> done) {
        s.reads.when_settled(organization_id, sandbox_id, limit,
                             std::move(done));
      },
      limit + std::chrono::milliseconds{250});
  co_return or_timed_out(std::move(got), "the sandbox was not seen in time");
}

} // namespace varve::gateway
