// For tests of sources: a sink that keeps what it is given, and a target in memory that behaves as
// the engine does where the pipeline looks at it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "services/ingest/pipeline.h"
#include "services/ingest/source.h"

namespace tenon::ingest {

class RecordingSink final : public RowSink {
 public:
  std::string origin;
  std::vector<std::string> tables;  // that the origin is the whole of
  std::vector<SourceRow> rows;
  std::vector<std::string> rejects;  // "where: reason"
  std::vector<std::string> notes;
  std::map<std::string, std::string> covers;  // filter by table
  std::map<std::string, std::string> known;   // keys of others' rows, by value
  json::object checkpoint;
  bool partial = false;
  bool fails_on_reject = false;

  // Rows of one table.
  [[nodiscard]] std::vector<SourceRow> Of(std::string_view table) const {
    std::vector<SourceRow> found;
    for (const SourceRow& row : rows) {
      if (row.table == table) found.push_back(row);
    }
    return found;
  }

  void Begin(const std::string& name, std::vector<std::string> all) override {
    origin = name;
    tables = std::move(all);
  }
  void Fingerprint(const std::string&) override {}
  void Covers(const std::string& table, const std::string& filter, const std::string&) override {
    covers[table] = filter;
  }
  Result<std::map<std::string, std::string>> Find(const std::string&, const std::string&,
                                                  const std::vector<std::string>& values) override {
    std::map<std::string, std::string> found;
    for (const std::string& value : values) {
      if (known.contains(value)) found[value] = known[value];
    }
    return found;
  }
  void Phase(const std::string&, std::int64_t) override {}
  Result<> Put(SourceRow row) override {
    rows.push_back(std::move(row));
    return {};
  }
  Result<> Reject(const Position&, const std::string& where, const std::string& reason,
                  std::string_view) override {
    rejects.push_back(where + ": " + reason);
    if (!fails_on_reject) return {};
    return Fail(Code::kInvalidArgument, rejects.back());
  }
  void Bytes(std::int64_t, std::int64_t) override {}
  void Note(std::string_view, const std::string& message) override { notes.push_back(message); }
  void SetCheckpoint(json::object at) override { checkpoint = std::move(at); }
  void Partial(const std::string&) override { partial = true; }
  bool Cancelled() override { return false; }
};

// What sources get in tests: files of this machine, a network that may reach this machine.
struct SourceWorld {
  json::object options;
  SourceSecrets secrets;
  json::object checkpoint;
  SystemClock clock;
  SeededRandom random{1};

  // Reads with the source of that name.
  Result<> Read(std::string_view source, RowSink& sink) {
    const SourceKind* kind = FindSource(source);
    if (kind == nullptr) return Fail(Code::kNotFound, "no such source");
    TRY(kind->check(options));
    SourceContext context{.options = options,
                          .secrets = secrets,
                          .checkpoint = checkpoint,
                          .files = *files,
                          .net = net,
                          .clock = clock,
                          .random = random,
                          .wait = [](std::chrono::milliseconds) { return true; },
                          .sink = sink};
    return kind->read(context);
  }

  const Files* files = nullptr;
  net::Policy policy = net::Policy::AllowAll();
  net::SystemResolver resolver;
  std::shared_ptr<net::TlsContext> tls;
  std::function<Result<net::ClientDeps>()> net = [this]() -> Result<net::ClientDeps> {
    if (!tls) tls = TRY(net::TlsContext::Create(""));
    return net::ClientDeps{policy, resolver, *tls};
  };
};

}  // namespace tenon::ingest
