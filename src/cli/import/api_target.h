// An import's rows to a server, over its API.
#pragma once

#include "cli/api.h"
#include "services/ingest/target.h"

namespace tenon::cli {

class ApiTarget final : public ingest::Target {
 public:
  // `job`: id of the job that the rows belong to; may be empty.
  ApiTarget(Api& api, std::string job) : api_(api), job_(std::move(job)) {}

  Result<std::vector<Result<ingest::Written>>> Apply(
      const std::string& table, const std::vector<ingest::Write>& writes) override;
  Result<json::object> List(const std::string& table, const std::string& filter,
                            const std::string& fields, const std::string& page_token) override;

 private:
  Result<json::array> Rows(const std::string& table, const std::vector<ingest::Write>& writes,
                           std::size_t begin, std::size_t end);
  Result<json::array> Commands(const std::string& table, const std::vector<ingest::Write>& writes,
                               std::size_t begin, std::size_t end);
  Result<json::array> Post(const cli::Target& target, json::object body, std::size_t count);

  Api& api_;
  const std::string job_;
};

}  // namespace tenon::cli
