#include "net/resolver.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

namespace tenon::net {
namespace {

using Found = Result<std::vector<Address>>;

// What a lookup and the one who waits for it share. Shared because either may be gone first.
struct Lookup {
  std::mutex mutex;
  std::condition_variable done;
  std::optional<Found> found;  // guarded by mutex
};

Found LookUp(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int problem = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (problem != 0) {
    return Fail(Code::kUnavailable,
                fmt::format("the host {} is not known ({})", host, ::gai_strerror(problem)));
  }
  std::vector<Address> addresses;
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    std::optional<Address> address;
    if (at->ai_family == AF_INET) {
      std::array<std::uint8_t, 4> bytes;
      std::memcpy(bytes.data(), &reinterpret_cast<sockaddr_in*>(at->ai_addr)->sin_addr, 4);
      address = Address::V4(bytes);
    } else if (at->ai_family == AF_INET6) {
      std::array<std::uint8_t, 16> bytes;
      std::memcpy(bytes.data(), &reinterpret_cast<sockaddr_in6*>(at->ai_addr)->sin6_addr, 16);
      address = Address::V6(bytes);
    }
    if (address && std::ranges::find(addresses, *address) == addresses.end()) {
      addresses.push_back(*address);
    }
  }
  ::freeaddrinfo(list);
  if (addresses.empty()) {
    return Fail(Code::kUnavailable, fmt::format("the host {} has no address", host));
  }
  return addresses;
}

}  // namespace

Found SystemResolver::Resolve(const std::string& host, std::chrono::milliseconds timeout) {
  if (const auto address = Address::Parse(host)) return std::vector<Address>{*address};
  // All digits and dots is an address that inet_aton might read as one we have not checked.
  if (host.find_first_not_of("0123456789.") == std::string::npos || host.starts_with("0x")) {
    return Fail(Code::kInvalidArgument, fmt::format("the host {} is no address and no name", host));
  }
  auto lookup = std::make_shared<Lookup>();
  try {
    std::thread([lookup, host] {
      Found found = LookUp(host);
      const std::lock_guard lock(lookup->mutex);
      lookup->found = std::move(found);
      lookup->done.notify_all();
    }).detach();
  } catch (const std::system_error&) {
    return Fail(Code::kUnavailable, "no thread is free to look a host up");
  }
  std::unique_lock lock(lookup->mutex);
  if (!lookup->done.wait_for(lock, timeout, [&] { return lookup->found.has_value(); })) {
    return Fail(Code::kDeadline, fmt::format("the name server did not answer for {} within {} ms",
                                             host, timeout.count()));
  }
  return *std::move(lookup->found);
}

}  // namespace tenon::net
