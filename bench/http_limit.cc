// How much of what bare Beast reaches is left when requests go through http::Server: one thread
// each, the same body, taking turns so that both see the same machine.
//
// Usage: http_limit [SECONDS] [CONNECTIONS] [ROUNDS]
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bare_server.h"
#include "http/server.h"
#include "load.h"

namespace tenon::bench {
namespace {

struct Settings {
  double seconds = 3;
  int connections = 32;
  int rounds = 3;
};

Result<double> Measure(const Settings& settings, std::uint16_t port, const std::string& body,
                       std::string_view name) {
  LoadOptions options;
  options.port = port;
  options.connections = settings.connections;
  options.seconds = settings.seconds;
  // The server has one processor, the load the other.
  if (std::thread::hardware_concurrency() > 1) options.cpus = {1};
  const std::vector<std::string> ids = {"01890a5d-ac96-774b-bcce-b302099a8057"};
  const LoadResult result = TRY(RunLoad(
      options, GetRandom("/v1/assets/", ids, "Authorization: Bearer tk_0123456789abcdef0123\r\n"),
      [&](std::uint64_t, int status, std::string_view got) {
        return status == 200 && got == body;
      }));
  fmt::print("  {:<8} {}\n", name, Describe(result));
  if (result.errors > 0) return Fail(Code::kInternal, "wrong answers");
  return result.per_second;
}

Result<> Run(const Settings& settings) {
  const auto body = std::make_shared<const std::string>(ConstantBody());
  if (std::thread::hardware_concurrency() > 1) PinThread(0);
  const BareServer bare(*body);
  http::ServerOptions options;
  options.port = 0;
  options.threads = 1;
  const auto server = TRY(http::Server::Listen(options, [&](http::Request, http::Respond respond) {
    http::Response response;
    response.headers.Add("Content-Type", "application/json");
    response.shared_body = body;
    respond(std::move(response));
  }));
  server->Start();
  fmt::print("GET of {} bytes, {} connections, one thread a server\n", body->size(),
             settings.connections);
  std::vector<double> ratios;
  for (int round = 0; round < settings.rounds; ++round) {
    const double limit = TRY(Measure(settings, bare.port(), *body, "beast"));
    const double ours = TRY(Measure(settings, server->port(), *body, "tenon"));
    ratios.push_back(ours / limit);
  }
  std::sort(ratios.begin(), ratios.end());
  fmt::print("ratio {:.2f} of bare Beast (median of {}; aim 0.7 for a cached record)\n",
             ratios[ratios.size() / 2], ratios.size());
  return {};
}

}  // namespace
}  // namespace tenon::bench

int main(int argc, char** argv) {
  tenon::bench::Settings settings;
  if (argc > 1) settings.seconds = std::atof(argv[1]);
  if (argc > 2) settings.connections = std::atoi(argv[2]);
  if (argc > 3) settings.rounds = std::max(1, std::atoi(argv[3]));
  if (auto done = tenon::bench::Run(settings); !done) {
    fmt::print(stderr, "http_limit: {}\n", done.error().message);
    return 1;
  }
  return 0;
}
