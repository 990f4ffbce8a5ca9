// ./dev bench openlineage: RunEvents a second, each durable when it is answered.
//
// START and COMPLETE of runs of 1,000 jobs, each reading and writing tables with eight columns: the
// shape that Spark and dbt send. One by one on 64 connections, then in batches of 100 on 4.
//
// Usage: openlineage_bench BINARY WORK_DIR [SECONDS]
#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "base/json.h"
#include "http/client.h"
#include "load.h"
#include "server_process.h"

namespace tenon::bench {
namespace {

constexpr int kJobs = 1000;
constexpr int kColumns = 8;
constexpr std::uint64_t kBatch = 100;

std::string Schema() {
  std::string fields;
  for (int i = 0; i < kColumns; ++i) {
    fields += fmt::format(R"({}{{"name":"column_{}","type":"bigint"}})", i == 0 ? "" : ",", i);
  }
  return R"({"schema":{"_producer":"p","_schemaURL":"s","fields":[)" + fields + "]}}";
}

// Event `n`: the start or the end of run n / 2. `load` keeps the runs of two loads apart.
void AppendEvent(int load, std::uint64_t n, std::string& out) {
  static const std::string schema = Schema();
  const std::uint64_t run = n / 2;
  const std::uint64_t job = run % kJobs;
  const bool start = n % 2 == 0;
  const std::uint64_t second = run / 1000 % 3600;
  fmt::format_to(
      std::back_inserter(out),
      R"({{"eventType":"{}","eventTime":"2026-11-21T{}:{:02}:{:02}.{:03}Z",)"
      R"("producer":"https://example.com/bench",)"
      R"("schemaURL":"https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",)"
      R"("run":{{"runId":"0193480a-{:04x}-7000-8000-{:012x}","facets":{{}}}},)"
      R"("job":{{"namespace":"bench","name":"job_{}","facets":{{"sql":{{"_producer":"p",)"
      R"("_schemaURL":"s","query":"INSERT INTO mart_{} SELECT * FROM raw_{}"}}}}}},)"
      R"("inputs":[{{"namespace":"postgres://db:5432","name":"raw_{}","facets":{}}}],)"
      R"("outputs":[{{"namespace":"postgres://db:5432","name":"mart_{}","facets":{}}}]}})",
      start ? "START" : "COMPLETE", start ? "08" : "09", second / 60, second % 60, run % 1000, load,
      run, job, job, job, job, schema, job, schema);
}

Result<std::int64_t> CountRuns(const ServerProcess& server) {
  const auto client = TRY(http::Client::Create({.base_url = server.url()}));
  http::Headers headers;
  headers.Set("Authorization", "Bearer " + server.key());
  const auto answer = TRY(client->Send("GET",
                                       "/v1/workflow_executions?count=true&page_size=1&filter="
                                       "current_state+%3D+COMPLETED",
                                       headers, ""));
  const json::value page = TRY(ParseJson(answer.body));
  return page.at("total").as_int64();
}

Result<int> Run(const std::string& binary, const std::string& work, double seconds) {
  const ServerProcess server = TRY(ServerProcess::Start(binary, work + "/openlineage"));
  const std::string headers =
      "Authorization: Bearer " + server.key() + "\r\nContent-Type: application/json\r\n";
  LoadOptions options;
  options.port = server.port();
  options.seconds = seconds;
  options.connections = 64;
  const auto single =
      TRY(RunLoad(options, Post("/api/v1/lineage", headers, [](std::uint64_t n, std::string& out) {
                    AppendEvent(1, n, out);
                  })));
  fmt::print("{:<38} {:>8.0f} events/s, durable; p50 {:.1f} ms, p99 {:.1f} ms, {} errors\n",
             "OpenLineage, 64 connections", single.per_second, single.p50_us / 1000,
             single.p99_us / 1000, single.errors);
  options.connections = 4;
  const auto batches = TRY(RunLoad(
      options, Post("/api/v1/lineage/batch", headers, [](std::uint64_t n, std::string& out) {
        out += '[';
        for (std::uint64_t i = 0; i < kBatch; ++i) {
          if (i > 0) out += ',';
          AppendEvent(2, n * kBatch + i, out);
        }
        out += ']';
      })));
  fmt::print("{:<38} {:>8.0f} events/s, durable; p99 of a batch {:.0f} ms, {} errors; aim 5000\n",
             "OpenLineage, batches of 100", batches.per_second * static_cast<double>(kBatch),
             batches.p99_us / 1000, batches.errors);
  const std::int64_t runs = TRY(CountRuns(server));
  const auto wanted = static_cast<std::int64_t>(batches.requests * kBatch / 2);
  if (single.errors + batches.errors > 0 || runs < wanted) {
    fmt::print("WRONG: {} runs ended, at least {} should have; {} {}\n", runs, wanted,
               single.first_error, batches.first_error);
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace tenon::bench

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: {} BINARY WORK_DIR [SECONDS]\n", argv[0]);
    return 2;
  }
  const auto done = tenon::bench::Run(argv[1], argv[2], argc > 3 ? std::atof(argv[3]) : 10);
  if (!done) {
    fmt::print(stderr, "{}\n", done.error().message);
    return 1;
  }
  return *done;
}
