#include "engine/projection.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "record/encode.h"

namespace tenon {
namespace {

// Rows of one relation shown with one row; more are had by listing them.
constexpr std::size_t kExpandedRowsMax = 100;

std::string Hint(std::string_view name, const std::vector<std::string_view>& candidates) {
  const std::string_view nearest = Nearest(name, candidates);
  return nearest.empty() ? std::string() : fmt::format("; did you mean {}?", nearest);
}

void AppendIn(const std::vector<Value>& values, SqlBuilder& sql) {
  sql << " IN (";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) sql << ", ";
    sql.Bind(values[i]);
  }
  sql << ")";
}

// Rows of `entity` whose `field` is one of `values`, in one of the tenants.
Result<std::vector<Record>> LoadIn(Reader& reader, const EntityPlan& plan,
                                   const model::Field& field, const std::vector<Value>& values,
                                   const std::vector<Value>& tenants) {
  std::vector<Record> found;
  if (values.empty()) return found;
  SqlBuilder sql(reader.dialect());
  sql << plan.select << " AS t WHERE ";
  if (plan.entity->tenant != nullptr) {
    (sql << "t.").Name(plan.entity->tenant->name);
    AppendIn(tenants, sql);
    sql << " AND ";
  }
  (sql << "t.").Name(field.name);
  AppendIn(values, sql);
  if (plan.entity->soft_delete) {
    sql << " AND ";
    AppendLive(*plan.entity, "t", sql);
  }
  for (const model::Field* key : plan.key_in_url) {
    sql << (key == plan.key_in_url.front() ? " ORDER BY t." : ", t.");
    sql.Name(key->name);
  }
  TRY(reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
    found.push_back(TRY(RecordOf(row, *plan.entity)));
    return true;
  }));
  return found;
}

std::string TextOf(const Value& value) {
  std::string text;
  model::Type type;
  type.kind = value.Is<Uuid>()           ? model::TypeKind::kUuid
              : value.Is<std::int64_t>() ? model::TypeKind::kInt
                                         : model::TypeKind::kText;
  AppendValue(value, type, EncodeFor::kAnswer, text);
  return text;
}

// Values of a field over the page, each once.
std::vector<Value> Distinct(const std::vector<Record>& rows, const model::Field& field) {
  std::map<std::string, Value> distinct;
  for (const Record& row : rows) {
    const Value& value = row.at(field);
    if (!value.IsNull()) distinct.emplace(TextOf(value), value);
  }
  std::vector<Value> values;
  for (auto& [text, value] : distinct) values.push_back(std::move(value));
  return values;
}

std::vector<Value> TenantsOf(const std::vector<Record>& rows) {
  std::vector<Value> tenants;
  for (const Record& row : rows) {
    const Value tenant(TenantOf(row));
    if (std::ranges::find(tenants, tenant) == tenants.end()) tenants.push_back(tenant);
  }
  return tenants;
}

// Where rows of two entities meet: the same value in the same tenant, so that a page over many
// tenants never joins two of them. A side without a tenant is everyone's.
struct Meeting {
  bool with_tenant;
  std::string operator()(const Record& row, const Value& value) const {
    return with_tenant ? TenantOf(row).ToString() + TextOf(value) : TextOf(value);
  }
};

struct Related {
  std::vector<const Record*> rows;
};

void AppendRelated(const model::Relation& relation, const Related* related, std::string& out) {
  out += ',';
  AppendJsonString(relation.name, out);
  out += ':';
  if (!relation.IsToMany()) {
    if (related == nullptr || related->rows.empty()) {
      out += "null";
    } else {
      AppendRecord(*related->rows.front(), EncodeFor::kAnswer, out);
    }
    return;
  }
  out += '[';
  if (related != nullptr) {
    std::size_t count = 0;
    for (const Record* row : related->rows) {
      if (count == kExpandedRowsMax) break;
      if (count++ > 0) out += ',';
      AppendRecord(*row, EncodeFor::kAnswer, out);
    }
  }
  out += ']';
}

}  // namespace

Result<std::vector<const model::Field*>> Project(const model::Entity& entity,
                                                 const std::vector<std::string>& names) {
  std::vector<const model::Field*> fields;
  if (names.empty()) {
    for (const model::Field& field : entity.fields) {
      if (!field.hidden) fields.push_back(&field);
    }
    return fields;
  }
  for (const std::string& name : names) {
    const model::Field* field = entity.FindField(name);
    if (field == nullptr || field->hidden) {
      std::vector<std::string_view> candidates;
      for (const model::Field& known : entity.fields) {
        if (!known.hidden) candidates.push_back(known.name);
      }
      return Fail(Code::kInvalidArgument,
                  fmt::format("fields: {} has no field '{}'{}", entity.table, Ellipsis(name, 60),
                              Hint(name, candidates)));
    }
    fields.push_back(field);
  }
  return fields;
}

Result<std::vector<const model::Relation*>> Expansions(const model::Entity& entity,
                                                       const std::vector<std::string>& names) {
  std::vector<const model::Relation*> relations;
  for (const std::string& name : names) {
    const model::Relation* relation = entity.FindRelation(name);
    if (relation == nullptr || relation->target->written_by_engine) {
      std::vector<std::string_view> candidates;
      std::string all;
      for (const model::Relation& known : entity.relations) {
        // The engine's own tables have lists of their own, with pages.
        if (known.target->written_by_engine) continue;
        candidates.push_back(known.name);
        all += (all.empty() ? "" : ", ") + known.name;
      }
      return Fail(Code::kInvalidArgument,
                  fmt::format("expand: {} has no relation '{}'{}; it has: {}", entity.table,
                              Ellipsis(name, 60), Hint(name, candidates), all));
    }
    relations.push_back(relation);
  }
  return relations;
}

void AppendOpenObject(const Row& row, const std::vector<const model::Field*>& fields,
                      std::string& out) {
  out += '{';
  int column = 0;
  for (const model::Field* field : fields) {
    if (column > 0) out += ',';
    out += '"';
    out += field->name;
    out += "\":";
    row.AppendJson(column++, field->type, out);
  }
}

Result<std::vector<std::string>> Expand(Reader& reader, const Plans& plans,
                                        const std::vector<Record>& rows,
                                        const std::vector<const model::Relation*>& relations) {
  std::vector<std::string> texts(rows.size());
  if (rows.empty()) return texts;
  const std::vector<Value> tenants = TenantsOf(rows);
  for (const model::Relation* relation : relations) {
    const EntityPlan& target = plans.Of(*relation->target);
    const model::Field* own_key = plans.Of(*relation->source).key_in_url.front();
    std::vector<Record> found;
    std::map<std::string, Related> by_own;  // by the value on this side
    const model::Field* own = own_key;
    const Meeting meeting{relation->source->tenant != nullptr &&
                          relation->target->tenant != nullptr};
    std::vector<Record> links;
    switch (relation->kind) {
      case model::Relation::Kind::kForward: {
        own = relation->field;
        const model::Field* key = target.key_in_url.front();
        found = TRY(LoadIn(reader, target, *key, Distinct(rows, *own), tenants));
        for (const Record& row : found) by_own[meeting(row, row.at(*key))].rows.push_back(&row);
        break;
      }
      case model::Relation::Kind::kBackward: {
        found = TRY(LoadIn(reader, target, *relation->field, Distinct(rows, *own), tenants));
        for (const Record& row : found) {
          by_own[meeting(row, row.at(*relation->field))].rows.push_back(&row);
        }
        break;
      }
      case model::Relation::Kind::kThrough: {
        links = TRY(LoadIn(reader, plans.Of(*relation->through), *relation->near,
                           Distinct(rows, *own), tenants));
        const model::Field* key = target.key_in_url.front();
        found = TRY(LoadIn(reader, target, *key, Distinct(links, *relation->far), tenants));
        std::map<std::string, const Record*> by_key;
        for (const Record& row : found) by_key[meeting(row, row.at(*key))] = &row;
        for (const Record& link : links) {
          const auto at = by_key.find(meeting(link, link.at(*relation->far)));
          if (at != by_key.end()) {
            by_own[meeting(link, link.at(*relation->near))].rows.push_back(at->second);
          }
        }
        break;
      }
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto at = by_own.find(meeting(rows[i], rows[i].at(*own)));
      AppendRelated(*relation, at == by_own.end() ? nullptr : &at->second, texts[i]);
    }
  }
  return texts;
}

}  // namespace tenon
