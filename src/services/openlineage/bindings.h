// What the inlet writes: the entities and fields of the model that it binds to.
#pragma once

#include "base/result.h"
#include "model/model.h"

namespace tenon::openlineage {

struct Bindings {
  const model::Entity* assets = nullptr;
  const model::Entity* relationships = nullptr;
  const model::Entity* schemas = nullptr;
  const model::Entity* tags = nullptr;
  const model::Entity* asset_tags = nullptr;
  const model::Entity* runs = nullptr;  // workflow_executions

  // kInvalidArgument, naming what is missing, when the loaded models do not have them.
  static Result<Bindings> In(const model::Model& model);
};

// Kinds of relationships. What flows where: docs/lineage.md.
inline constexpr std::string_view kUses = "USES";          // job -> dataset that it reads
inline constexpr std::string_view kProduces = "PRODUCES";  // job -> dataset that it writes
inline constexpr std::string_view kFeeds = "FEEDS";        // dataset -> dataset, with its columns
inline constexpr std::string_view kContains = "CONTAINS";  // parent job -> job
// Of the `lineage` facet, where it joins two of a kind.
inline constexpr std::string_view kDerivedFrom = "DERIVED_FROM";  // dataset -> its source
inline constexpr std::string_view kDependsOn = "DEPENDS_ON";      // job -> what it waits for

// In metadata.source of relationships and columns: the inlet may change and delete them.
inline constexpr std::string_view kSource = "openlineage";

}  // namespace tenon::openlineage
