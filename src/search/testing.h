// Helpers of this folder's tests: a small model and documents made by hand.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "model/check.h"
#include "search/index.h"
#include "search/plan.h"

namespace tenon::search::testing {

inline std::shared_ptr<const model::Model> CheckedModel(const std::string& text) {
  model::Sources sources;
  sources.Add("test.tenon", text);
  auto checked = model::Check(sources);
  if (checked) return *checked;
  for (const auto& diagnostic : checked.error())
    ADD_FAILURE() << model::Render(sources, diagnostic);
  return nullptr;
}

inline constexpr const char* kModel = R"(model test "Test"
entity Tenant in tenants {
  id uuid key
  name text(255) search
}
entity Label in labels {
  id uuid key
  tenant_id uuid tenant -> Tenant as labels
  name text(255) search
  many things -> Thing through ThingLabel
}
entity Thing in things {
  id uuid key
  tenant_id uuid tenant -> Tenant as things
  kind text(50) facet
  name text(255) search
  qualified_name text(500) unique search
  description text? search
  password secret?
  token text? hidden
  notes text? search redact
  deleted_at time?
  soft delete by deleted_at
  many labels -> Label through ThingLabel
  search labels.name
}
entity ThingLabel in thing_labels {
  thing_id uuid -> Thing as thing_labels on delete cascade
  label_id uuid -> Label as thing_labels on delete cascade
  key (thing_id, label_id)
}
)";

inline Uuid TenantId(std::uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}

// A thing: name, qualified name, description, labels joined by lines.
struct Thing {
  std::string key, name, qualified_name;
  std::string description = {}, labels = {}, kind = "TABLE";
};

inline Change MakeThing(const SearchPlans& plans, const Uuid& tenant, const Thing& thing) {
  const SearchPlan* plan = plans.FindTable("things");
  Change change{plan, tenant, thing.key, false, {}};
  Document& document = change.document;
  document.plan = plan;
  document.tenant = tenant;
  document.key = thing.key;
  for (const SearchField& field : plan->fields) {
    document.texts.push_back(field.name == "name"             ? thing.name
                             : field.name == "qualified_name" ? thing.qualified_name
                             : field.name == "description"    ? thing.description
                                                              : thing.labels);
  }
  for (std::size_t f = 0; f < plan->facets.size(); ++f) {
    const std::string& value = plan->facets[f].name == "kind" ? thing.kind : thing.labels;
    if (!value.empty()) document.facets.emplace_back(static_cast<std::uint8_t>(f), value);
  }
  return change;
}

inline Change Removed(const SearchPlans& plans, const Uuid& tenant, const std::string& key) {
  return {plans.FindTable("things"), tenant, key, true, {}};
}

}  // namespace tenon::search::testing
