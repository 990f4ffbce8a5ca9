// An import's rows into the engine of this process.
#pragma once

#include "engine/engine.h"
#include "services/ingest/target.h"

namespace tenon::jobs {

class EngineTarget final : public ingest::Target {
 public:
  // Writes and reads as `caller`, whose job its rows carry.
  EngineTarget(Engine& engine, Caller caller) : engine_(engine), caller_(std::move(caller)) {}

  Result<std::vector<Result<ingest::Written>>> Apply(
      const std::string& table, const std::vector<ingest::Write>& writes) override;
  Result<json::object> List(const std::string& table, const std::string& filter,
                            const std::string& fields, const std::string& page_token) override;

 private:
  Engine& engine_;
  const Caller caller_;
};

}  // namespace tenon::jobs
