// Object storage on the public listener: who asks, what for, and the bytes.
#pragma once

#include <atomic>
#include <memory>

#include <boost/asio/thread_pool.hpp>

#include "gateway/api/services.hpp"
#include "gateway/objects/object_request.hpp"
#include "gateway/server/connection.hpp"

namespace varve::gateway {

// Lives as long as the gateway; any of its threads.
class object_site {
 public:
  // Without a store it tells so.
  object_site(services& s, std::shared_ptr<object_store> store);

  bool is_configured() const noexcept {
    return store_ != nullptr;
  }
  // Of a request for the bucket.
  site::decision decide(request& r, const serving& with);
  // Removes what nobody needs, if that was long ago; returns at once.
  void clean();
  // Ends what is at work on the disk. No request may be served any more.
  void stop();

 private:
  friend class object_exchange;

  services& services_;
  std::shared_ptr<object_store> store_;
  boost::asio::thread_pool workers_;
  std::atomic<std::size_t> bodies_{0}; // being taken or given
  std::atomic<timestamp> next_clean_{0};
};

} // namespace varve::gateway
