#include "gateway/gateway.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "events/base/logging.hpp"
#include "gateway/admin/admin_site.hpp"
#include "gateway/api/abandoned_create.hpp"
#include "gateway/api/activity.hpp"
#include "gateway/api/admission.hpp"
#include "gateway/api/api_site.hpp"
#include "gateway/api/open_creates.hpp"
#include "gateway/objects/gateway_with_objects.hpp"
#include "gateway/push/push_hub.hpp"
#include "gateway/server/listener.hpp"
#include "gateway/server/socket_stream.hpp"

namespace varve::gateway {

using std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds sweep_time{100};
constexpr std::chrono::milliseconds ping_time{500};
constexpr std::chrono::seconds last_words_time{3};

class running_gateway final : public gateway {
 public:
  running_gateway(gateway_options options, control& commands,
                  projections::queries& reads, vault& secrets, guest& guests,
                  history& past, const clock& time, admin_hooks hooks,
                  std::shared_ptr<object_store> objects)
      : options_(std::move(options)), services_{options_,   commands, reads,
                                                secrets,    guests,   past,
                                                time,       used_,    admitted_,
                                                unanswered_},
        api_(services_, streams_, std::move(objects)),
        admin_(services_, std::move(hooks)),
        api_serving_{api_, options_.bounds, time, is_stopping_, false, ""},
        admin_serving_{admin_, options_.bounds, time, is_stopping_, false, ""} {
    // nop
  }

  ~running_gateway() override {
    stop();
  }

  result<void> open() {
    VARVE_TRY(auto tls, load_tls());
    VARVE_TRY(public_listener_,
              listener::on_tcp(context_, streams_, options_.listen, tls));
    if (!options_.admin_socket.empty()) {
      VARVE_TRY(admin_listener_,
                listener::on_unix(context_, streams_, options_.admin_socket));
    }
    if (!tls && !public_listener_->is_loopback())
      log_warning("gateway", "listening on " + options_.listen
                                 + " without TLS: keys cross the network in "
                                   "clear");
    api_serving_.is_secure = tls != nullptr;
    api_serving_.own_address = "localhost:" + std::to_string(port());
    api_.serve_with(api_serving_);
    api_.push_with(push_);
    public_listener_->serve(api_serving_);
    if (admin_listener_)
      admin_listener_->serve(admin_serving_);
    for (unsigned i = 0; i < std::max(1U, options_.threads); ++i)
      threads_.emplace_back([this] { context_.run(); });
    sweeper_ = std::thread{[this] { sweep(); }};
    return ok();
  }

  std::uint16_t port() const noexcept override {
    return public_listener_->port();
  }

  result<void> note_creates(const std::string& file) override {
    VARVE_TRY(auto left, unanswered_->open(file));
    for (const auto& it : left)
      abandon(services_, it.organization_id, it.sandbox_id);
    return ok();
  }

  void set_ready(bool ready) noexcept override {
    api_.set_ready(ready);
  }

  void stop() override {
    if (threads_.empty())
      return;
    public_listener_->stop_accepting();
    if (admin_listener_)
      admin_listener_->stop_accepting();
    push_.close();
    work_.reset();
    set(is_stopping_);
    for (auto& t : threads_)
      t.join(); // when the last connection has ended
    threads_.clear();
    set(is_over_);
    sweeper_.join();
    api_.objects().stop();
  }

 private:
  result<std::shared_ptr<asio::ssl::context>> load_tls() {
    if (options_.tls_cert.empty() != options_.tls_key.empty())
      return failure(errc::invalid,
                     "a certificate and a key are needed, both or none");
    if (options_.tls_cert.empty())
      return std::shared_ptr<asio::ssl::context>{};
    return load_certificate(options_.tls_cert, options_.tls_key);
  }

  void set(std::atomic<bool>& flag) {
    {
      std::lock_guard lock{mutex_};
      flag = true;
    }
    wake_.notify_all();
  }

  // The time-outs of all streams; at the end, the end of all streams.
  void sweep() {
    auto next_ping = steady_clock::now();
    auto next_review = steady_clock::now() + options_.bounds.review_time;
    std::unique_lock lock{mutex_};
    while (!is_stopping_) {
      wake_.wait_for(lock, sweep_time);
      lock.unlock();
      streams_.close_overdue();
      api_.objects().clean();
      if (steady_clock::now() >= next_ping) {
        push_.tick();
        next_ping = steady_clock::now() + ping_time;
      }
      if (steady_clock::now() >= next_review) {
        push_.review();
        api_.proxy().review();
        next_review = steady_clock::now() + options_.bounds.review_time;
      }
      lock.lock();
    }
    drain(lock);
  }

  void drain(std::unique_lock<std::mutex>& lock) {
    auto until = steady_clock::now() + options_.bounds.drain_time;
    while (!is_over_) {
      streams_.close_overdue();
      streams_.close_idle();
      if (steady_clock::now() >= until)
        streams_.close_all();
      // What still waits then waits for a hook or a port, not for a peer.
      if (steady_clock::now() >= until + last_words_time)
        context_.stop();
      wake_.wait_for(lock, sweep_time);
    }
  }

  gateway_options options_;
  activity used_{[this](const std::string& id, timestamp at) {
    services_.guests.note_use(id, at);
  }};
  admission admitted_{options_.bounds};
  std::shared_ptr<open_creates> unanswered_ = std::make_shared<open_creates>();
  services services_;
  stream_registry streams_;
  std::atomic<bool> is_stopping_{false};
  std::atomic<bool> is_over_{false};
  api_site api_;
  admin_site admin_;
  serving api_serving_;
  serving admin_serving_;
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{
      context_.get_executor()};
  push_hub push_{services_, context_.get_executor()};
  std::unique_ptr<listener> public_listener_;
  std::unique_ptr<listener> admin_listener_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread sweeper_;
};

} // namespace

result<std::unique_ptr<gateway>>
gateway::start(gateway_options options, control& commands,
               projections::queries& reads, vault& secrets, guest& guests,
               history& past, const clock& time, admin_hooks hooks) {
  return start_with_objects(std::move(options), commands, reads, secrets,
                            guests, past, time, std::move(hooks), nullptr);
}

result<std::unique_ptr<gateway>>
start_with_objects(gateway_options options, control& commands,
                   projections::queries& reads, vault& secrets, guest& guests,
                   history& past, const clock& time, admin_hooks hooks,
                   std::shared_ptr<object_store> objects) {
  auto out = std::make_unique<running_gateway>(
      std::move(options), commands, reads, secrets, guests, past, time,
      std::move(hooks), std::move(objects));
  VARVE_CHECK(out->open());
  return std::unique_ptr<gateway>{std::move(out)};
}

} // namespace varve::gateway
