#include "net/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "net/url.h"

namespace tenon::net {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::array<std::string_view, 4> kHarmlessHeaders = {"Accept", "Accept-Language",
                                                              "Content-Type", "User-Agent"};
constexpr std::array<std::string_view, 9> kOwnHeaders = {
    "Host",       "Content-Length",  "Transfer-Encoding",
    "Connection", "Accept-Encoding", "Expect",
    "TE",         "Trailer",         "Upgrade"};

bool IsOneOf(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::any_of(names, [&](std::string_view one) { return EqualFold(name, one); });
}

bool IsToken(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > 0x20 && c < 0x7f &&
           std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
  });
}

bool IsHeaderValue(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool HasNoEffect(const Request& request) {
  return request.repeatable || request.method == "GET" || request.method == "HEAD" ||
         request.method == "OPTIONS";
}

// The request that a redirect asks for (RFC 9110, 15.4), within what may be told to whom.
Result<Request> Redirected(Request request, int status, const Url& from, const Url& to) {
  if (from.tls && !to.tls) {
    return Fail(Code::kForbidden, fmt::format("it redirects from https to {}, which is not "
                                              "encrypted",
                                              to.Origin()));
  }
  const bool to_get = request.method != "GET" && request.method != "HEAD" &&
                      (status == 303 || (request.method == "POST" && status < 303));
  if (to_get) {
    request.method = "GET";
    request.body.clear();
  }
  if (from.Origin() != to.Origin()) {
    if (!request.body.empty()) {
      return Fail(Code::kForbidden, fmt::format("it asks to send the body to {} instead; give "
                                                "that address if it is right",
                                                to.Origin()));
    }
    std::erase_if(request.headers,
                  [](const auto& header) { return !IsOneOf(header.first, kHarmlessHeaders); });
  }
  request.url = to.ToString();
  return request;
}

}  // namespace

struct Client::Kept {
  std::unique_ptr<Stream> stream;
  std::string origin;
  std::string input;  // received and not used up
};

Client::Client(ClientDeps deps, ClientOptions options)
    : deps_(deps), options_(std::move(options)) {}
Client::~Client() = default;

Result<Response> Client::Send(const Request& original) {
  const Patience patience{.until = Steady::now() + options_.total_timeout,
                          .idle = options_.idle_timeout,
                          .cancelled = options_.cancelled};
  Request request = original;
  for (int redirects = 0;; ++redirects) {
    auto parsed = ParseUrl(request.url);
    if (!parsed) return Fail(std::move(parsed).error().In("the URL"));
    const Url& url = *parsed;
    auto response = Exchange(url, request, patience);
    if (!response) {
      kept_.reset();
      return Fail(std::move(response).error().In(url.Origin()));
    }
    response->url = url.ToString();
    const auto location = Find(response->headers, "Location");
    if (!IsRedirect(response->status) || !location) return response;
    if (redirects >= options_.redirects_max) {
      return Fail(Code::kForbidden,
                  options_.redirects_max == 0
                      ? fmt::format("{}: it redirects to {}, and redirects are not followed here",
                                    url.Origin(), *location)
                      : fmt::format("{}: over {} redirects", url.Origin(), options_.redirects_max));
    }
    auto to = ResolveUrl(url, *location);
    if (!to) return Fail(std::move(to).error().In(url.Origin() + ": its Location"));
    auto next = Redirected(std::move(request), response->status, url, *to);
    if (!next) return Fail(std::move(next).error().In(url.Origin()));
    request = *std::move(next);
  }
}

Result<Response> Client::Exchange(const Url& url, const Request& request,
                                  const Patience& patience) {
  const std::string head = TRY(Head(url, request));
  if (kept_ && (kept_->origin != url.Origin() || !kept_->stream->IsAlive())) kept_.reset();
  const bool reused = kept_ != nullptr;
  if (!reused) TRY(Connect(url, patience));
  bool sent = false, answered = false;
  auto response = Try(request, head, patience, sent, answered);
  // A kept connection may have been closed just now; that says nothing about the server.
  if (!response && reused && !answered && HasNoEffect(request) &&
      response.error().code == Code::kUnavailable) {
    TRY(Connect(url, patience));
    response = Try(request, head, patience, sent, answered);
  }
  if (response) return response;
  Error error = std::move(response).error();
  if (sent && !HasNoEffect(request) &&
      (error.code == Code::kUnavailable || error.code == Code::kDeadline)) {
    error.code = Code::kOutcomeUnknown;
    error.message += "; whether the request was carried out is not known";
  }
  return Fail(std::move(error));
}

Result<> Client::Connect(const Url& url, const Patience& patience) {
  kept_.reset();
  const auto left = [&] {
    return std::min(options_.connect_timeout,
                    std::chrono::ceil<std::chrono::milliseconds>(patience.until - Steady::now()));
  };
  const auto addresses = TRY(deps_.resolver.Resolve(url.host, left()));
  // One forbidden address forbids the host: which of them a retry would take is chance, and a name
  // that mixes them is an attack or a mistake.
  for (const Address& address : addresses) {
    TRY(deps_.policy.Check(url.host, address, url.port));
  }
  Error last(Code::kUnavailable, "the host has no address");
  for (const Address& address : addresses) {
    Patience connecting = patience;
    connecting.idle = left();
    auto stream = Stream::Connect({.address = address,
                                   .port = url.port,
                                   .host = url.host,
                                   .tls = url.tls ? &deps_.tls : nullptr},
                                  connecting);
    if (stream) {
      kept_ = std::make_unique<Kept>();
      kept_->stream = *std::move(stream);
      kept_->origin = url.Origin();
      return {};
    }
    last = std::move(stream).error().In(fmt::format("cannot connect to {}", address.ToString()));
    if (Steady::now() >= patience.until) break;
  }
  return Fail(std::move(last));
}

Result<std::string> Client::Head(const Url& url, const Request& request) const {
  if (!IsToken(request.method)) {
    return Fail(Code::kInvalidArgument, fmt::format("'{}' is no method", request.method));
  }
  std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: gzip, deflate\r\n",
                                 request.method, url.target, url.Authority());
  for (const auto& [name, value] : request.headers) {
    if (!IsToken(name) || !IsHeaderValue(value)) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("the header '{}' cannot be sent: a name is letters, digits and "
                              "hyphens, a value has no control characters",
                              name));
    }
    if (IsOneOf(name, kOwnHeaders)) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("the header {} is the client's own and cannot be given", name));
    }
    head.append(name).append(": ").append(value).append("\r\n");
  }
  if (!Find(request.headers, "User-Agent")) {
    head.append("User-Agent: ").append(options_.user_agent).append("\r\n");
  }
  if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD")) {
    head += fmt::format("Content-Length: {}\r\n", request.body.size());
  }
  return head + "\r\n";
}

Result<Response> Client::Try(const Request& request, std::string_view head,
                             const Patience& patience, bool& sent, bool& answered) {
  sent = true;
  std::string bytes(head);
  bytes += request.body;
  const auto written = kept_->stream->Write(bytes, patience);
  if (!written && written.error().code == Code::kDeadline) return Fail(written.error());
  // A server may refuse a body before it has read it all; its answer says more than EPIPE.
  ResponseParser parser(options_.limits, request.method == "HEAD");
  std::array<char, 32u << 10> buffer;
  std::string& input = kept_->input;
  while (!parser.done()) {
    if (!input.empty()) {
      answered = true;
      input.erase(0, TRY(parser.Feed(input)));
      continue;
    }
    auto got = kept_->stream->Read(buffer, patience);
    if (!got) return Fail(written ? std::move(got).error() : written.error());
    if (*got == 0) {
      TRY(parser.End());
      break;
    }
    input.append(buffer.data(), *got);
  }
  // Bytes after the answer were not asked for: whatever they are, the connection is not used again.
  if (!parser.keep_alive() || !written || !input.empty()) kept_.reset();
  bytes_received_ += parser.response().body.size();
  return std::move(parser.response());
}

std::string PercentEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool unreserved = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                            (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace tenon::net
