// Local files for sources: any of them, or those under the import roots.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/ingest/source.h"

namespace tenon::ingest {

// Immutable, so thread-safe.
class LocalFiles final : public Files {
 public:
  // For the command line: whatever its user may read.
  LocalFiles() = default;
  // For the server: only regular files that lie, with all links resolved, in one of the folders.
  // No folder: none.
  explicit LocalFiles(std::vector<std::string> roots) : bound_(true), roots_(std::move(roots)) {}

  Result<std::vector<FoundFile>> Find(const std::string& path,
                                      std::string_view suffix) const override;
  Result<std::unique_ptr<InputSource>> Open(const FoundFile& file) const override;

  static constexpr std::size_t kFilesMax = 100000;  // YouTube-8M has 3,844 shards a partition

 private:
  Result<> CheckRoot(const std::string& path) const;

  bool bound_ = false;
  std::vector<std::string> roots_;
};

}  // namespace tenon::ingest
