// Tells every connected client of an organization what becomes of its
// sandboxes, as the read models see it.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include <boost/asio/any_io_executor.hpp>

#include "gateway/api/services.hpp"
#include "gateway/push/push_client.hpp"

namespace varve::gateway {

// Any thread. Hears of changes from when it is made until close().
class push_hub {
 public:
  // `executor` is where what is told is rendered.
  push_hub(services& s, asio::any_io_executor executor);
  ~push_hub(); // close()
  push_hub(const push_hub&) = delete;
  push_hub& operator=(const push_hub&) = delete;

  // A place among the connected, given back when it ends.
  class place {
   public:
    // Sends it `first`; whatever happens once it has that, it hears.
    place(push_hub& of, std::shared_ptr<push_client> client, std::string first);
    ~place();
    place(const place&) = delete;
    place& operator=(const place&) = delete;

   private:
    push_hub& of_;
    std::shared_ptr<push_client> client_;
  };

  // Counts those who are not known yet, too; false when there are too many.
  bool enter() noexcept;
  void leave() noexcept;
  std::size_t connected() const noexcept;

  // Pings those it is time for.
  void tick();
  // Ends those whose key is no longer good.
  void review();
  void close();

 private:
  using clients = std::unordered_set<std::shared_ptr<push_client>>;
  using change = projections::sandbox_change;

  void note(const std::vector<change>& changes);
  void tell_all();
  void tell(const change& what);
  std::vector<std::shared_ptr<push_client>>
  clients_of(const std::string& organization_id);
  std::vector<std::shared_ptr<push_client>> everybody();

  services& services_;
  asio::any_io_executor strand_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, clients> by_organization_;
  std::size_t entered_ = 0;
  std::deque<change> untold_;
  bool is_telling_ = false;
};

} // namespace varve::gateway
