// An import that runs in the server: a migration_jobs row, from its source to its rows. What a
// BULK_INGESTION task does.
#pragma once

#include <functional>
#include <string>

#include "auth/directory.h"
#include "base/random.h"
#include "base/seal.h"
#include "engine/engine.h"
#include "services/ingest/source.h"
#include "services/jobs/ingest_metrics.h"

namespace tenon::jobs {

// Shared by all jobs of a node; all thread-safe, and must outlive them.
struct IngestDeps {
  Engine& engine;
  const Directory& directory;
  const Vault* vault;  // null: jobs with secrets fail
  const ingest::Files& files;
  std::function<Result<net::ClientDeps>()> net;
  Random& random;
  IngestMetrics& stats;
  std::string image_digest;  // of the program that runs; kept with the job
};

// One attempt.
struct IngestRequest {
  Uuid tenant;
  std::string job;
  std::function<void(int percent)> progress;
  std::function<bool()> cancelled;
  std::function<bool()> stopping;  // cancelled only because the server stops
};

// Runs the job, from its checkpoint when it has one. Rows are written as the user who made the
// job, with the role writer at most. The metrics when it succeeded. The errors are those of the
// source and the engine; before the error comes back, the job is `failed` with its message (or
// queued again, when only the server stops), and its edges stay pending. kConflict when the job has
// succeeded already or runs elsewhere.
Result<json::value> RunIngestJob(const IngestDeps& deps, const IngestRequest& request);

}  // namespace tenon::jobs
