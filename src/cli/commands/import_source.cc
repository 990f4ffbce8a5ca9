// tenon import youtube8m, dbt, custom-http, postgres: the sources that the server runs too. What is
// asked of a source, and how it is read, is in services/ingest.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <thread>

#include "base/random.h"
#include "cli/commands.h"
#include "cli/import/api_target.h"
#include "cli/import/run.h"
#include "cli/rows.h"
#include "services/ingest/files.h"
#include "services/ingest/pipeline.h"
#include "services/ingest/source.h"

namespace tenon::cli {
namespace {

constexpr std::chrono::milliseconds kWaitSlice{50};

std::string Dashed(std::string_view name) {
  std::string text(name);
  std::ranges::replace(text, '_', '-');
  return text;
}

// An import that runs here works in the user's folder; the job row keeps whole paths, so that
// --resume finds them from anywhere.
std::string Whole(const std::string& path, bool on_server) {
  std::error_code failed;
  const std::filesystem::path whole = std::filesystem::absolute(path, failed);
  return failed || on_server ? path : whole.string();
}

Result<json::object> OptionsOf(const ingest::SourceKind& kind, const Arguments& arguments) {
  json::object options;
  const bool on_server = arguments.Has("on-server");
  const auto text = [&](const ingest::SourceOption& option, const std::string& given) {
    return option.value == "PATH" ? Whole(given, on_server) : given;
  };
  for (const ingest::SourceOption& option : ingest::OptionsOf(kind)) {
    const std::string name = Dashed(option.name);
    if (!arguments.Has(name) || option.secret) continue;
    if (option.value.empty()) {
      options[option.name] = true;
    } else if (option.number) {
      options[option.name] =
          TRY(arguments.Int(name, 0, 0, std::numeric_limits<std::int64_t>::max()));
    } else if (option.repeated) {
      json::array texts;
      for (const std::string& given : arguments.All(name)) texts.emplace_back(text(option, given));
      options[option.name] = std::move(texts);
    } else {
      options[option.name] = text(option, arguments.Get(name));
    }
  }
  return options;
}

// --header "NAME: VALUE"; kept out of the options, which everyone who may read the job sees.
Result<ingest::SourceSecrets> SecretsOf(Session& session, const Arguments& arguments) {
  ingest::SourceSecrets secrets;
  for (const std::string& line : arguments.All("header")) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || colon == 0) {
      return Fail(Code::kInvalidArgument, "--header takes 'NAME: VALUE'");
    }
    std::size_t start = colon + 1;
    while (start < line.size() && line[start] == ' ') ++start;
    secrets.headers.emplace_back(line.substr(0, colon), line.substr(start));
  }
  secrets.password = session.Getenv("PGPASSWORD");
  return secrets;
}

// The same job, carried out by the server: its files, its network, its policy.
Result<int> RunOnServer(Session& session, const ingest::SourceKind& kind,
                        const json::object& options, const ingest::SourceSecrets& secrets) {
  Api* api = TRY(session.api());
  json::object row{{"source", kind.name}, {"options", options}};
  json::object sealed;
  if (!secrets.headers.empty()) {
    json::array headers;
    for (const auto& [name, value] : secrets.headers) {
      headers.push_back(json::object{{"name", name}, {"value", value}});
    }
    sealed["headers"] = std::move(headers);
  }
  if (!secrets.password.empty()) sealed["password"] = secrets.password;
  if (!sealed.empty()) row["secrets"] = std::move(sealed);
  const json::value job =
      TRY(api->Call("POST", Target("/v1/migration_jobs"), json::value(std::move(row))));
  const std::string id = ingest::OptionText(job.as_object(), "job_id");
  Target run("/v1/migration_jobs");
  run.Segment(id).Text(":run");
  const json::value task = TRY(api->Call("POST", run, json::value(json::object())));
  const std::string task_id = ingest::OptionText(task.as_object(), "id");
  if (session.format() != Format::kTable) {
    PrintValue(session, json::value{{"job_id", id}, {"task_id", task_id}});
  } else {
    session.out() << fmt::format("job {}, task {}\n", id, task_id);
  }
  session.Note(fmt::format("follow it with: tenon tasks watch {}", task_id));
  return 0;
}

ingest::PipelineHooks HooksOf(Session& session, ImportRun& run) {
  ingest::PipelineHooks hooks;
  hooks.cancelled = [&session] { return session.Interrupted(); };
  hooks.progress = [&run](const ingest::JobMetrics& metrics, const json::object& checkpoint) {
    run.metrics() = metrics;
    run.SetCheckpoint(checkpoint);
    run.Tick();
  };
  hooks.phase = [&run](const std::string& name, std::int64_t total) { run.Phase(name, total); };
  hooks.reject = [&run](json::object reject) { run.Rejected(std::move(reject)); };
  hooks.note = [&session](std::string_view level, const std::string& message) {
    if (level != "info" || session.verbose()) session.Note(message);
  };
  hooks.wait = [&session](std::chrono::milliseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until && !session.Interrupted()) {
      std::this_thread::sleep_for(kWaitSlice);
    }
    return !session.Interrupted();
  };
  return hooks;
}

// A dry run: what would be sent is only counted.
class NoTarget final : public ingest::Target {
 public:
  Result<std::vector<Result<ingest::Written>>> Apply(
      const std::string&, const std::vector<ingest::Write>& writes) override {
    std::vector<Result<ingest::Written>> written;
    for (std::size_t i = 0; i < writes.size(); ++i) {
      written.emplace_back(ingest::Written{ingest::Written::Kind::kCreated, "dry-run"});
    }
    return written;
  }
  Result<json::object> List(const std::string&, const std::string&, const std::string&,
                            const std::string&) override {
    return json::object{{"items", json::array()}};
  }
};

Result<void> ReadSource(Session& session, ImportRun& run, const ingest::SourceKind& kind,
                        const ingest::SourceSecrets& secrets) {
  // Programs run as the user who names the URL: there is nobody to protect from them.
  net::Outbound outbound{.policy = net::Policy::AllowAll(), .resolver = {}, .tls = {}};
  const std::function<Result<net::ClientDeps>()> network = [&]() -> Result<net::ClientDeps> {
    if (!outbound.tls) outbound.tls = TRY(net::TlsContext::Create(""));
    return outbound.deps();
  };
  std::unique_ptr<ingest::Target> target = std::make_unique<NoTarget>();
  if (!run.dry_run()) {
    target = std::make_unique<ApiTarget>(*TRY(session.api()), run.job_id());
  }
  ingest::PipelineOptions options;
  options.job = run.job_id();
  options.checkpoint = run.checkpoint();
  options.fail_on_reject = ingest::FailsOnReject(kind, run.options());
  options.keep_missing = ingest::OptionFlag(run.options(), "keep_missing", false);
  ingest::PipelineHooks hooks = HooksOf(session, run);
  const auto wait = hooks.wait;
  ingest::Pipeline pipeline(*target, std::move(options), std::move(hooks));
  const ingest::LocalFiles files;
  SecureRandom random;
  const json::object checkpoint = ingest::SourceCheckpoint(run.checkpoint());
  ingest::SourceContext context{.options = run.options(),
                                .secrets = secrets,
                                .checkpoint = checkpoint,
                                .files = files,
                                .net = network,
                                .clock = *session.environment().clock,
                                .random = random,
                                .wait = wait,
                                .sink = pipeline};
  Result<void> done = kind.read(context);
  if (done) done = pipeline.Finish();
  run.metrics() = pipeline.metrics();
  run.SetCheckpoint(pipeline.checkpoint());
  return done;
}

Result<int> Import(Session& session, const Arguments& arguments, std::string_view name) {
  const ingest::SourceKind& kind = *ingest::FindSource(name);
  json::object options = TRY(OptionsOf(kind, arguments));
  const ingest::SourceSecrets secrets = TRY(SecretsOf(session, arguments));
  if (!arguments.Has("resume")) TRY(kind.check(options));
  for (const char* other : {"dry-run", "rejects", "resume"}) {
    if (arguments.Has("on-server") && arguments.Has(other)) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("--{} does not go with --on-server{}", other,
                              other == std::string_view("rejects")
                                  ? ": 'tenon import log JOB --rejects' lists them"
                                  : ""));
    }
  }
  if (const std::string entity = ingest::OptionText(options, "entity"); !entity.empty()) {
    options["entity"] = TRY(session.Entity(entity))->table;
  }
  if (arguments.Has("on-server")) return RunOnServer(session, kind, options, secrets);
  auto run = TRY(ImportRun::Begin(session, arguments, std::string(name), options));
  return run->End(ReadSource(session, *run, kind, secrets));
}

Command CommandOf(const ingest::SourceKind& kind, std::string name,
                  std::vector<std::string> examples,
                  Result<int> (*run)(Session&, const Arguments&)) {
  Command command{
      .name = "import " + std::move(name),
      .group = "Data",
      .summary = std::string(kind.summary),
      .details =
          "Runs here, or in the server with --on-server. The same input again changes\n"
          "nothing; what a changed input no longer has is ended. New edges become visible\n"
          "when all is read.",
      .examples = std::move(examples),
      .positionals = {},
      .options = {},
      .run = run};
  for (const ingest::SourceOption& option : ingest::OptionsOf(kind)) {
    command.options.push_back(
        {.name = Dashed(option.name),
         .value = std::string(option.value),
         .help = std::string(option.help),
         .repeat = option.repeated,
         .completes = option.value == "PATH" ? Completes::kFile : Completes::kNothing});
  }
  command.options.push_back(
      {"on-server", "", "let the server do it, with its files and its network"});
  for (Option& option : ImportOptions()) {
    if (option.name != "parallel" && option.name != "batch-size") {
      command.options.push_back(std::move(option));
    }
  }
  return command;
}

}  // namespace

Command ImportYoutube8mCommand() {
  return CommandOf(*ingest::FindSource("youtube8m"), "youtube8m",
                   {"tenon import youtube8m --file train0000.tfrecord --vocabulary vocabulary.csv",
                    "tenon import youtube8m --file /data/yt8m --name train --on-server"},
                   [](Session& session, const Arguments& arguments) {
                     return Import(session, arguments, "youtube8m");
                   });
}

Command ImportDbtCommand() {
  return CommandOf(*ingest::FindSource("dbt"), "dbt",
                   {"tenon import dbt --target target",
                    "tenon import dbt --target target --namespace postgres://db.example:5432"},
                   [](Session& session, const Arguments& arguments) {
                     return Import(session, arguments, "dbt");
                   });
}

Command ImportHttpCommand() {
  return CommandOf(
      *ingest::FindSource("custom-http"), "http",
      {"tenon import http --url https://api.example/videos --item-key id --set type=VIDEO",
       "tenon import http --url https://api.example/users --next link --on-server"},
      [](Session& session, const Arguments& arguments) {
        return Import(session, arguments, "custom-http");
      });
}

Command ImportPostgresCommand() {
  return CommandOf(*ingest::FindSource("postgres"), "postgres",
                   {"PGPASSWORD=... tenon import postgres --url postgresql://app@db.example/shop",
                    "tenon import postgres --url postgresql://app@db.example/shop --on-server"},
                   [](Session& session, const Arguments& arguments) {
                     return Import(session, arguments, "postgres");
                   });
}

}  // namespace tenon::cli
