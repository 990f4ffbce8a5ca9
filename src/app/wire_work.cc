#include "app/wire_work.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "auth/identity.h"

namespace tenon {
namespace {

// Of the program that runs, so that a job's row says what read its input.
std::string ProgramVersion() { return "tenon/" TENON_VERSION; }

Result<std::string> TextOf(const json::object& payload, std::string_view name) {
  const json::value* value = payload.if_contains(name);
  if (value == nullptr || !value->is_string() || value->get_string().empty()) {
    Error error(Code::kInvalidField, fmt::format("the task's payload needs {}", name));
    error.fields.push_back({fmt::format("payload.{}", name), "required", "is required"});
    return Fail(std::move(error));
  }
  return std::string(value->get_string());
}

// This node in what it reports: people look for the host, programs for one that is like no other.
std::string WorkerName(IdSource& ids) {
  std::array<char, 64> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  return fmt::format("{}-{}", host.data(), ids.V4().ToString().substr(0, 8));
}

}  // namespace

Work::Work(WorkDeps deps, WorkOptions options)
    : deps_(std::move(deps)), options_(std::move(options)), files_(options_.import_roots) {}

Work::~Work() { Stop(); }

Result<std::unique_ptr<Work>> Work::Open(WorkDeps deps, WorkOptions options) {
  std::unique_ptr<Work> work(new Work(std::move(deps), std::move(options)));
  auto policy = net::Policy::Create(work->options_.net_allow);
  if (!policy) return Fail(std::move(policy).error().In("net.allow"));
  work->policy_ = *std::move(policy);
  const WorkDeps& known = work->deps_;
  work->ingest_ = std::make_unique<jobs::IngestDeps>(
      jobs::IngestDeps{.engine = known.engine,
                       .directory = known.directory,
                       .vault = known.vault,
                       .files = work->files_,
                       .net = [raw = work.get()] { return raw->Network(); },
                       .random = known.random,
                       .stats = work->metrics_,
                       .image_digest = ProgramVersion()});
  work->OpenConnectors();
  work->workers_ = std::make_unique<tasks::Workers>(
      tasks::WorkersDeps{known.engine, known.random, known.ids, known.log}, work->Kinds(),
      work->options_.workers);
  return work;
}

void Work::OpenConnectors() {
  const std::string worker = WorkerName(deps_.ids);
  reports_ = std::make_unique<jobs::ConnectorReports>(deps_.engine.store(), deps_.engine.clock(),
                                                      deps_.ids);
  connectors_ = std::make_unique<jobs::Connectors>(
      *ingest_, deps_.ids, *reports_,
      jobs::Connectors::Place{.worker = worker, .ca_file = options_.net_ca_file});
  jobs::KafkaReaderOptions reader = options_.kafka;
  reader.worker = worker;
  reader.ca_file = options_.net_ca_file;
  kafka_ = std::make_unique<jobs::KafkaReaders>(
      *ingest_, *reports_, policy_, jobs::KafkaReadersOptions{.reader = std::move(reader)});
}

void Work::Start() {
  if (options_.workers.threads == 0) return;
  workers_->Start();
  const auto every_second = [this](std::string name, std::function<Result<void>()> work) {
    auto ticker = std::make_unique<Ticker>(TickerOptions{.name = std::move(name),
                                                         .period = std::chrono::seconds(1),
                                                         .failure_period = std::chrono::seconds(5)},
                                           std::move(work), deps_.log);
    ticker->Start();
    return ticker;
  };
  ticker_ = every_second("connectors", [this]() -> Result<void> {
    TRY(connectors_->Tick());
    return {};
  });
  kafka_ticker_ = every_second("kafka", [this] { return kafka_->Tick(); });
}

void Work::Stop() {
  if (kafka_ticker_) kafka_ticker_->Stop();
  if (kafka_) kafka_->Stop();
  if (ticker_) ticker_->Stop();
  if (workers_) workers_->Stop();
}

Result<net::ClientDeps> Work::Network() {
  const std::lock_guard lock(mutex_);
  if (!tls_) tls_ = TRY(net::TlsContext::Create(options_.net_ca_file));
  return net::ClientDeps{policy_, resolver_, *tls_};
}

void Work::AppendMetrics(std::string& out) const {
  workers_->AppendMetrics(out);
  metrics_.Append(out);
  kafka_->AppendMetrics(out);
}

Result<json::value> Work::Ingest(tasks::Run& run, const std::string& job) {
  const jobs::IngestRequest request{.tenant = run.tenant(),
                                    .job = job,
                                    .progress = [&run](int percent) { run.Progress(percent); },
                                    .cancelled = [&run] { return run.Cancelled(); },
                                    .stopping = [&run] { return run.Stopping(); }};
  json::value metrics = TRY(jobs::RunIngestJob(*ingest_, request));
  return json::value{{"job_id", job}, {"metrics", std::move(metrics)}};
}

Result<std::string> Work::MakeJob(const tasks::Run& run) {
  const std::string source = TRY(TextOf(run.payload(), "source"));
  const json::value* options = run.payload().if_contains("options");
  Command command;
  command.op = Command::Op::kCreate;
  command.entity = deps_.engine.model().FindTable("migration_jobs");
  if (command.entity == nullptr) return Fail(Code::kNotFound, "the models have no migration_jobs");
  command.body = {{"source", source},
                  {"options", options != nullptr ? *options : json::value(json::object())}};
  Caller caller = SystemCaller(run.tenant(), "");
  caller.user_agent = "tenon tasks";
  if (!run.created_by().IsNil()) {
    caller.user = run.created_by();
    caller.user_tenant = Uuid();
  }
  return TRY(deps_.engine.ApplyAndWait(caller, std::move(command))).key;
}

std::vector<tasks::Kind> Work::Kinds() {
  std::vector<tasks::Kind> kinds;
  kinds.push_back({"BULK_INGESTION", [this](tasks::Run& run) -> Result<json::value> {
                     return Ingest(run, TRY(TextOf(run.payload(), "job_id")));
                   }});
  // A connector's turn; or a job anew each time: what has not changed is left as it is.
  kinds.push_back(
      {"METADATA_SYNC", [this](tasks::Run& run) -> Result<json::value> {
         if (!run.payload().contains("connector_id")) {
           return Ingest(run, TRY(MakeJob(run)));
         }
         const json::value* validate = run.payload().if_contains("validate");
         return connectors_->Run(
             {.tenant = run.tenant(),
              .connector = TRY(TextOf(run.payload(), "connector_id")),
              .validate = validate != nullptr && validate->is_bool() && validate->get_bool(),
              .cancelled = [&run] { return run.Cancelled(); }});
       }});
  if (deps_.rebuild) {
    kinds.push_back({"INDEX_REBUILD", [this](tasks::Run& run) -> Result<json::value> {
                       const std::string index = TRY(TextOf(run.payload(), "index"));
                       TRY(deps_.rebuild(index));
                       return json::value{{"index", index}};
                     }});
  }
  return kinds;
}

}  // namespace tenon
