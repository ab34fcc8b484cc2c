#include "gateway/objects/object_site.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <unistd.h>

#include "events/base/logging.hpp"
#include "gateway/api/awaited.hpp"
#include "gateway/http_status.hpp"
#include "gateway/objects/body_reader.hpp"
#include "gateway/objects/object_access.hpp"
#include "gateway/objects/object_xml.hpp"
#include "gateway/objects/upload_body.hpp"
#include "gateway/server/message_text.hpp"

namespace varve::gateway {

namespace {

constexpr std::size_t worker_threads = 2;
constexpr std::size_t most_bodies = 64;
constexpr std::uint64_t longest_parts_list = 2 * 1024 * 1024;
constexpr std::chrono::minutes disk_time{60};
constexpr timestamp clean_pause = 3600'000;

// Takes a place for as long as it lives.
class place {
 public:
  explicit place(std::atomic<std::size_t>& taken) noexcept
      : taken_(taken), has_room_(++taken <= most_bodies) {
    // nop
  }
  ~place() {
    --taken_;
  }
  place(const place&) = delete;
  place& operator=(const place&) = delete;
  bool has_room() const noexcept {
    return has_room_;
  }

 private:
  std::atomic<std::size_t>& taken_;
  bool has_room_;
};

} // namespace

// One request, from its head to its answer. Shared with the worker, so that
// what that touches is there until it is done.
class object_exchange : public std::enable_shared_from_this<object_exchange> {
 public:
  object_exchange(object_site& site, client_side client, const request& r,
                  const serving& with)
      : site_(site), store_(*site.store_), client_(client), reader_(client),
        request_(r), with_(with), place_(site.bodies_) {
    // nop
  }

  awaitable<stream_end> run() {
    auto refused = prepare();
    if (!refused)
      co_return co_await refuse(refused.error());
    switch (asked_.what) {
    case object_call::head_bucket:
      co_return co_await reply_nothing();
    case object_call::list:
      co_return co_await list();
    case object_call::head:
    case object_call::get:
      co_return co_await give();
    case object_call::put:
    case object_call::put_part:
      co_return co_await take_object();
    case object_call::begin_upload:
      co_return co_await begin_upload();
    case object_call::complete_upload:
      co_return co_await complete();
    case object_call::abort_upload:
      co_return co_await abort();
    }
    co_return stream_end::close;
  }

 private:
  object_result<void> prepare() {
    if (!place_.has_room())
      return refusal_of(503, "SlowDown", "Reduce your request rate.");
    BOOST_OUTCOME_TRY(who_, signer_of(site_.services_, request_));
    BOOST_OUTCOME_TRY(asked_, object_request_of(request_));
    return check_scope(asked_, who_.grant.grant.organization_id);
  }

  // Where it may block.
  template <class T>
  awaitable<object_result<T>>
  on_worker(std::function<object_result<T>()> what) {
    using outcome = std::shared_ptr<object_result<T>>;
    std::function<void(std::function<void(outcome)>)> start =
        [this, what](std::function<void(outcome)> done) {
          boost::asio::post(site_.workers_,
                            [self = shared_from_this(), what, done] {
                              done(std::make_shared<object_result<T>>(what()));
                            });
        };
    auto got = co_await await_callback<outcome>(start, disk_time);
    if (!got)
      co_return refusal_of(503, "ServiceUnavailable", "The disk is too slow");
    co_return std::move(**got);
  }

  // --- calls ----------------------------------------------------------------

  awaitable<stream_end> list() {
    std::function<object_result<object_page>()> work = [this] {
      return store_.list(who_.grant.grant.organization_id, asked_.list.prefix,
                         asked_.list.after, asked_.list.most);
    };
    auto page = co_await on_worker(work);
    if (!page)
      co_return co_await refuse(page.error());
    auto out = xml(list_xml(asked_.list, page.value()));
    co_return co_await reply(std::move(out));
  }

  awaitable<stream_end> reply_nothing() {
    response out;
    co_return co_await reply(std::move(out));
  }

  awaitable<stream_end> begin_upload() {
    std::function<object_result<std::string>()> work = [this] {
      return store_.begin_upload(*asked_.key);
    };
    auto id = co_await on_worker(work);
    if (!id)
      co_return co_await refuse(id.error());
    auto out = xml(upload_xml(*asked_.key, id.value()));
    for (const auto* name : {"x-amz-checksum-algorithm", "x-amz-checksum-type"})
      if (const auto* value = request_.headers.find(name))
        out.headers.add(name, *value);
    co_return co_await reply(std::move(out));
  }

  awaitable<stream_end> abort() {
    std::function<object_result<void>()> work = [this] {
      return store_.abort(*asked_.key, asked_.upload_id);
    };
    auto done = co_await on_worker(work);
    if (!done)
      co_return co_await refuse(done.error());
    response out;
    out.status = 204;
    co_return co_await reply(std::move(out));
  }

  awaitable<stream_end> complete() {
    auto parts = co_await read_parts();
    if (!parts)
      co_return co_await refuse(parts.error());
    std::function<object_result<object_info>()> work =
        [this, named = std::move(parts.value())] {
          return store_.complete(*asked_.key, asked_.upload_id, named,
                                 asked_.only_new);
        };
    auto done = co_await on_worker(work);
    if (!done)
      co_return co_await refuse(done.error());
    auto out =
        xml(completed_xml(done.value(), request_.base_url + request_.path));
    co_return co_await reply(std::move(out));
  }

  awaitable<object_result<std::vector<named_part>>> read_parts() {
    auto checks =
        body_checks_of(request_, who_.claim.body, who_.claim.body_hash,
                       reader_.length(), longest_parts_list);
    if (!checks)
      co_return checks.error();
    if (checks.value().is_chunked)
      co_return refusal_of(501, "NotImplemented",
                           "A list of parts in chunks is not implemented here");
    std::string text;
    auto read = co_await reader_.read_all(text, longest_parts_list);
    if (!read)
      co_return read.error();
    if (checks.value().sha256_hex
        && sha256_hex(text) != checks.value().sha256_hex)
      co_return refusal_of(400, "XAmzContentSHA256Mismatch",
                           "The provided 'x-amz-content-sha256' header does "
                           "not match what was computed.");
    co_return parse_parts(text);
  }

  awaitable<stream_end> take_object() {
    auto body = open_body();
    if (!body)
      co_return co_await refuse(body.error());
    body_ = std::move(body.value());
    auto read = co_await store_body();
    if (!read)
      co_return co_await refuse(read.error());
    std::function<object_result<std::string>()> work = [this] {
      return keep();
    };
    auto etag = co_await on_worker(work);
    if (!etag)
      co_return co_await refuse(etag.error());
    response out;
    out.headers.add("ETag", "\"" + etag.value() + "\"");
    for (const auto& f : body_->verified().fields)
      out.headers.add(f.name, f.value);
    co_return co_await reply(std::move(out));
  }

  // On a worker's thread.
  object_result<std::string> keep() {
    BOOST_OUTCOME_TRY(auto whole, body_->finish());
    if (asked_.what == object_call::put_part)
      return store_.put_part(std::move(whole), *asked_.key, asked_.upload_id,
                             asked_.part_number);
    BOOST_OUTCOME_TRY(
        auto info, store_.put(std::move(whole), *asked_.key, asked_.only_new));
    return info.etag;
  }

  object_result<std::shared_ptr<upload_body>> open_body() {
    constexpr std::uint64_t longest = store_limits{}.object_bytes;
    BOOST_OUTCOME_TRY(auto checks, body_checks_of(request_, who_.claim.body,
                                                  who_.claim.body_hash,
                                                  reader_.length(), longest));
    if (asked_.what == object_call::put_part) {
      BOOST_OUTCOME_TRYV(store_.check_upload(*asked_.key, asked_.upload_id));
    }
    chunk_rules rules;
    rules.is_signed = who_.claim.body == payload::signed_chunks
                      || who_.claim.body == payload::signed_trailer;
    rules.has_trailer = checks.has_trailer;
    rules.key = who_.key;
    rules.date = who_.claim.date;
    rules.scope = who_.claim.scope();
    rules.seed = who_.claim.signature;
    rules.length = checks.length;
    BOOST_OUTCOME_TRY(auto into, store_.begin(asked_.key->organization));
    return std::make_shared<upload_body>(std::move(into), std::move(checks),
                                         std::move(rules));
  }

  // --- bodies ---------------------------------------------------------------

  awaitable<object_result<void>> store_body() {
    bool goes_on = co_await reader_.begin();
    while (goes_on) {
      std::string piece;
      auto got = co_await reader_.read_piece(piece);
      if (!got)
        co_return got.error();
      goes_on = got.value();
      if (piece.empty())
        continue;
      std::function<object_result<void>()> work =
          [this, bytes = std::move(piece)] { return body_->take(bytes); };
      auto taken = co_await on_worker(work);
      if (!taken)
        co_return taken.error();
    }
    co_return ok();
  }

  awaitable<stream_end> give() {
    std::function<object_result<std::shared_ptr<opened_object>>()> work =
        [this]() -> object_result<std::shared_ptr<opened_object>> {
      BOOST_OUTCOME_TRY(auto opened, store_.get(*asked_.key));
      return std::make_shared<opened_object>(std::move(opened));
    };
    auto opened = co_await on_worker(work);
    if (!opened)
      co_return co_await refuse(opened.error());
    auto object = opened.value();
    byte_range part{0, object->info.size};
    response head = head_of(object->info);
    if (asked_.range) {
      auto range = range_of(*asked_.range, object->info.size);
      if (!range)
        co_return co_await refuse(range.error());
      if (range.value()) {
        part = *range.value();
        head.status = 206;
        head.headers.add("Content-Range",
                         "bytes " + std::to_string(part.first) + "-"
                             + std::to_string(part.first + part.length - 1)
                             + "/" + std::to_string(object->info.size));
      }
    }
    head.headers.add("Content-Length", std::to_string(part.length));
    co_return co_await send(std::move(head), object, part);
  }

  response head_of(const object_info& info) const {
    response out;
    out.headers.add("ETag", "\"" + info.etag + "\"");
    out.headers.add("Last-Modified", http_date(info.modified_at));
    out.headers.add("Accept-Ranges", "bytes");
    out.headers.add("Content-Type", "application/octet-stream");
    return out;
  }

  awaitable<stream_end>
  send(response out, std::shared_ptr<opened_object> object, byte_range part) {
    bool keep =
        client_.reader.is_complete() && client_.reader.head().keep_alive;
    out.headers.add("Date", http_date(with_.time.now()));
    out.headers.add("Connection", keep ? "keep-alive" : "close");
    finish(out);
    auto head = response_head(out.status, out.headers);
    std::vector<asio::const_buffer> parts{asio::buffer(head)};
    auto sent = co_await client_.stream.write(parts, quiet_time);
    bool goes_on = !sent.failure;
    if (asked_.what == object_call::head)
      part.length = 0;
    while (goes_on && part.length > 0) {
      std::function<object_result<std::string>()> work = [this, object, part] {
        return read_some(object->file, part);
      };
      auto bytes = co_await on_worker(work);
      if (!bytes || bytes.value().empty())
        co_return stream_end::close; // short of what the head says
      std::vector<asio::const_buffer> body{asio::buffer(bytes.value())};
      sent = co_await client_.stream.write(body, quiet_time);
      goes_on = !sent.failure;
      part.first += bytes.value().size();
      part.length -= bytes.value().size();
    }
    co_return goes_on&& keep ? stream_end::keep_alive : stream_end::close;
  }

  object_result<std::string> read_some(const file_handle& file,
                                       const byte_range& part) {
    std::string out(std::min<std::uint64_t>(part.length, piece_size), '\0');
    auto n = ::pread(file.get(), out.data(), out.size(),
                     static_cast<off_t>(part.first));
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
  }

  // --- answers --------------------------------------------------------------

  static response xml(std::string body) {
    response out;
    out.content_type = "application/xml";
    out.body = std::move(body);
    return out;
  }

  void finish(response& out) {
    out.headers.add("x-amz-request-id", request_.correlation_id);
    with_.where.finish(request_, out);
  }

  awaitable<stream_end> reply(response out) {
    finish(out);
    bool keep = client_.reader.is_complete() && client_.reader.head().keep_alive
                && !with_.is_stopping;
    bool sent = co_await write_response(client_, request_, out, keep, with_);
    co_return sent&& keep ? stream_end::keep_alive : stream_end::close;
  }

  awaitable<stream_end> refuse(object_error e) {
    if (e.status == 500) {
      log_warning("objects", request_.correlation_id + ": " + e.message);
      e.message = "We encountered an internal error. Please try again.";
    }
    auto out = xml(error_xml(e, request_.path, request_.correlation_id));
    out.status = e.status;
    if (e.status == 503)
      out.headers.add("Retry-After", "1");
    co_return co_await reply(std::move(out));
  }

  object_site& site_;
  object_store& store_;
  client_side client_;
  body_reader reader_;
  const request& request_;
  const serving& with_;
  place place_;
  signer who_;
  object_request asked_;
  std::shared_ptr<upload_body> body_;
};

object_site::object_site(services& s, std::shared_ptr<object_store> store)
    : services_(s), store_(std::move(store)), workers_(worker_threads) {
  // nop
}

site::decision object_site::decide(request& r, const serving& with) {
  site::decision out;
  if (!store_) {
    object_error none{503, "ServiceUnavailable",
                      "Object storage is not configured"};
    out.ready.emplace();
    out.ready->status = none.status;
    out.ready->content_type = "application/xml";
    out.ready->body = error_xml(none, r.path, r.correlation_id);
    return out;
  }
  out.streaming = [this, &with](client_side client,
                                request& q) -> awaitable<stream_end> {
    auto exchange = std::make_shared<object_exchange>(*this, client, q, with);
    co_return co_await exchange->run();
  };
  return out;
}

void object_site::clean() {
  auto now = services_.time.now();
  if (!store_ || now < next_clean_)
    return;
  next_clean_ = now + clean_pause;
  boost::asio::post(workers_, [store = store_] { store->clean(); });
}

void object_site::stop() {
  workers_.join();
}

} // namespace varve::gateway
