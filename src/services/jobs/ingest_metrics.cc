#include "services/jobs/ingest_metrics.h"

#include <fmt/format.h>

#include <array>

namespace tenon::jobs {
namespace {

constexpr std::string_view kRows = "tenon_ingest_rows_total";
constexpr std::string_view kBytes = "tenon_ingest_bytes_total";
constexpr std::string_view kJobs = "tenon_ingest_jobs_total";
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kHelp = {
    {{kBytes, "Bytes of input that imports read on this node."},
     {kJobs, "Runs of imports that ended on this node, by how they ended."},
     {kRows, "Rows that imports handled on this node: written, unchanged or rejected."}}};

}  // namespace

void IngestMetrics::Count(const std::string& source, const ingest::JobMetrics& before,
                          const ingest::JobMetrics& now) {
  const std::lock_guard lock(mutex_);
  const auto add = [&](std::string_view name, std::string_view outcome, std::int64_t count) {
    std::string labels = fmt::format("source=\"{}\"", source);
    if (!outcome.empty()) labels += fmt::format(",outcome=\"{}\"", outcome);
    counts_[{std::string(name), std::move(labels)}] += count;
  };
  add(kRows, "written", now.rows_written - before.rows_written);
  add(kRows, "unchanged", now.rows_skipped - before.rows_skipped);
  add(kRows, "rejected", now.rows_failed - before.rows_failed);
  add(kBytes, "", now.bytes_read - before.bytes_read);
}

void IngestMetrics::CountEnd(const std::string& source, std::string_view outcome) {
  const std::lock_guard lock(mutex_);
  ++counts_[{std::string(kJobs), fmt::format("source=\"{}\",outcome=\"{}\"", source, outcome)}];
}

void IngestMetrics::Append(std::string& out) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, help] : kHelp) {
    out += fmt::format("# HELP {} {}\n# TYPE {} counter\n", name, help, name);
    for (const auto& [key, count] : counts_) {
      if (key.first == name) out += fmt::format("{}{{{}}} {}\n", name, key.second, count);
    }
  }
}

}  // namespace tenon::jobs
