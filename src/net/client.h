// The server's way out: an HTTP/1.1 client that trusts neither the URL nor the server behind it.
// Every outbound request of Tenon (ingestion, connectors, webhooks) goes through this.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/message.h"
#include "net/policy.h"
#include "net/resolver.h"
#include "net/response_parser.h"
#include "net/stream.h"

namespace tenon::net {

struct Url;

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{10000};  // for each address that is tried
  std::chrono::milliseconds idle_timeout{30000};     // without a byte
  std::chrono::milliseconds total_timeout{120000};   // of a request with its redirects
  ResponseLimits limits;
  int redirects_max = 5;  // 0: a redirect is an error; for posts of signed bodies
  std::string user_agent = "tenon/" TENON_VERSION;
  std::function<bool()> cancelled = {};  // ends a request early (the server stops); may be null
};

// What a client works with; shared by all of a process, all thread-safe, and must outlive it.
struct ClientDeps {
  const Policy& policy;
  Resolver& resolver;
  const TlsContext& tls;
};

// What a process makes once.
struct Outbound {
  Policy policy;
  SystemResolver resolver;
  std::shared_ptr<TlsContext> tls;  // shared with connections that outlive a reload
  [[nodiscard]] ClientDeps deps() { return {policy, resolver, *tls}; }
};

// Keeps one connection for the next request to the same origin. Not thread-safe; make one for each
// piece of work.
class Client {
 public:
  Client(ClientDeps deps, ClientOptions options);
  ~Client();

  // One request with its redirects. An answer of any status is a Response. Errors name the host:
  //   kInvalidArgument  the URL or a header cannot be sent
  //   kForbidden        the policy does not allow the address (also of a redirect), too many
  //                     redirects, one from https to http, one that would hand a body to another
  //                     host
  //   kUnavailable      no such host, no connection, an untrusted certificate, no HTTP
  //   kDeadline         a time-out
  //   kTooLarge         the answer is over a limit
  //   kOutcomeUnknown   as kUnavailable or kDeadline, after a request was sent that may have had an
  //                     effect and is not `repeatable`
  // A redirect to another origin takes along no header but Accept, Accept-Language, Content-Type
  // and User-Agent.
  Result<Response> Send(const Request& request);

  // How many bytes of bodies were received, decompressed; for metrics of an import.
  [[nodiscard]] std::size_t bytes_received() const { return bytes_received_; }

 private:
  struct Kept;
  Result<Response> Exchange(const Url& url, const Request& request, const Patience& patience);
  Result<Response> Try(const Request& request, std::string_view head, const Patience& patience,
                       bool& sent, bool& answered);
  Result<> Connect(const Url& url, const Patience& patience);
  Result<std::string> Head(const Url& url, const Request& request) const;

  const ClientDeps deps_;
  const ClientOptions options_;
  std::unique_ptr<Kept> kept_;
  std::size_t bytes_received_ = 0;
};

// Percent-encoding of one path segment or query value (RFC 3986, unreserved kept).
std::string PercentEncode(std::string_view text);

}  // namespace tenon::net
