// The OpenAPI 3.1.0 document of a model: every entity, event, view, field, enum and error.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/json.h"
#include "model/model.h"

namespace tenon {

// The whole document. Pure: the same model gives the same bytes.
json::object MakeOpenApi(const model::Model& model, std::string_view version);

// Made when it is first asked for, then kept. Thread-safe.
class OpenApiDocument {
 public:
  OpenApiDocument(const model::Model& model, std::string version)
      : model_(model), version_(std::move(version)) {}
  std::shared_ptr<const std::string> Text();
  std::string ETag();

 private:
  const model::Model& model_;
  const std::string version_;
  std::mutex mutex_;
  std::shared_ptr<const std::string> text_;  // guarded by mutex_; shared with answers on their way
  std::string etag_;                         // guarded by mutex_
};

}  // namespace tenon
