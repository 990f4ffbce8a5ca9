// The background work of a node: workers, what each kind of task does, and the way out that it
// goes by.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/ticker.h"
#include "auth/directory.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/seal.h"
#include "engine/engine.h"
#include "net/client.h"
#include "services/ingest/files.h"
#include "services/jobs/connectors.h"
#include "services/jobs/ingest_job.h"
#include "services/jobs/kafka_readers.h"
#include "services/tasks/workers.h"

namespace tenon {

struct WorkOptions {
  tasks::WorkersOptions workers;          // threads 0: this node runs no tasks
  std::vector<std::string> import_roots;  // folders whose files imports may read
  std::vector<std::string> net_allow;     // net::Policy's rules
  std::string net_ca_file;                // PEM, trusted besides the system's
  jobs::KafkaReaderOptions kafka = {};    // its worker and ca_file are filled in by Work
};

struct WorkDeps {
  Engine& engine;
  const Directory& directory;
  const Vault* vault;  // null: no ENCRYPTION_KEY
  Random& random;
  IdSource& ids;
  std::function<void(std::string_view level, const std::string& message)> log = {};
  // Builds an index anew, by its name; null: the node has none.
  std::function<Result<void>(const std::string& index)> rebuild = {};
};

// Thread-safe once open.
class Work {
 public:
  // kInvalidArgument for wrong rules of net_allow.
  static Result<std::unique_ptr<Work>> Open(WorkDeps deps, WorkOptions options);
  ~Work();  // as Stop

  void Start();
  // Tells running tasks to end, and waits for them.
  void Stop();

  [[nodiscard]] tasks::Workers& workers() { return *workers_; }
  [[nodiscard]] jobs::Connectors& connectors() { return *connectors_; }
  [[nodiscard]] jobs::KafkaReaders& kafka() { return *kafka_; }
  // What its readers get: for a reader that is stepped by hand.
  [[nodiscard]] jobs::KafkaReaderDeps kafka_deps() { return {*ingest_, *reports_, policy_}; }
  // What goes out uses this; certificates are read when it is first asked for.
  Result<net::ClientDeps> Network();
  void AppendMetrics(std::string& out) const;

 private:
  Work(WorkDeps deps, WorkOptions options);
  void OpenConnectors();
  [[nodiscard]] std::vector<tasks::Kind> Kinds();
  Result<json::value> Ingest(tasks::Run& run, const std::string& job);
  // Makes the job of a METADATA_SYNC.
  Result<std::string> MakeJob(const tasks::Run& run);

  const WorkDeps deps_;
  const WorkOptions options_;
  const ingest::LocalFiles files_;
  net::Policy policy_;
  net::SystemResolver resolver_;
  std::mutex mutex_;
  std::shared_ptr<net::TlsContext> tls_;  // guarded by mutex_
  jobs::IngestMetrics metrics_;
  std::unique_ptr<jobs::IngestDeps> ingest_;
  std::unique_ptr<jobs::ConnectorReports> reports_;
  std::unique_ptr<jobs::Connectors> connectors_;
  std::unique_ptr<jobs::KafkaReaders> kafka_;
  std::unique_ptr<tasks::Workers> workers_;
  std::unique_ptr<Ticker> ticker_;        // of connectors
  std::unique_ptr<Ticker> kafka_ticker_;  // of their readers, which may take a while to end
};

}  // namespace tenon
