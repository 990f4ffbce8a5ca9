// Fields, keys, the tenant column, defaults.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "model/builder.h"

namespace tenon::model {

void Builder::BuildFields(Work& work) {
  EachItem(work, [&](const ast::Item& item, bool extends) {
    if (const auto* field = std::get_if<ast::Field>(&item)) AddField(work, *field, extends);
  });
  BuildKey(work);
  AddTenant(work);
  Entity& entity = *work.entity;
  // From here on the fields stay where they are, and pointers to them hold.
  for (std::size_t i = 0; i < entity.fields.size(); ++i)
    entity.fields[i].index = static_cast<int>(i);
  for (Field& field : entity.fields) {
    if (field.tenant) entity.tenant = &field;
    if (field.namespace_label) entity.namespace_label = &field;
    if (field.lock) entity.lock = &field;
  }
  std::vector<std::string> names;
  bool clause = false;
  for (const ast::Item& item : work.parts[0].ast->items) {
    const auto* key = std::get_if<ast::KeyClause>(&item);
    if (key == nullptr || clause) continue;
    clause = true;
    for (const ast::Name& name : key->columns) names.push_back(name.text);
  }
  for (const Field& field : entity.fields) {
    if (field.key && !clause) entity.key.push_back(&field);
  }
  for (const std::string& name : names) {
    if (const Field* field = entity.FindField(name)) entity.key.push_back(field);
  }
  const bool broken = std::any_of(work.field_asts.begin(), work.field_asts.end(),
                                  [](const ast::Field* field) { return field && field->broken; });
  if (entity.key.empty() && !clause && !broken) {
    Report(entity.span, fmt::format("{} has no key", entity.name), "id uuid key");
  }
  CheckBy(work);
}

void Builder::AddField(Work& work, const ast::Field& field, bool extends) {
  Entity& entity = *work.entity;
  if (!Room(entity.fields.size(), "fields", field.name.span)) return;
  const char first = field.name.text.front();
  if (first >= 'A' && first <= 'Z') {
    Report(field.name.span, "the name of a column begins with a small letter");
  }
  CheckLength(field.name);
  // Databases take names as equal that differ in their case alone.
  const auto [known, fresh] = work.field_names.emplace(LowerName(field.name.text), field.name.span);
  if (!fresh) {
    ReportClash(field.name.span, "field", field.name.text, known->second);
    return;
  }
  Field out;
  out.name = field.name.text;
  out.span = field.name.span;
  if (field.broken) {
    out.type.kind = TypeKind::kNull;
    out.type.nullable = true;
  } else {
    out.type = BuildType(field.type);
  }
  out.description = field.description ? field.description->text : "";
  out.key = field.key.length > 0;
  out.tenant = field.tenant.length > 0;
  out.namespace_label = field.namespace_label.length > 0;
  out.unique = field.unique.length > 0;
  out.unique_globally = field.globally.length > 0;
  out.lock = field.lock.length > 0;
  out.search = field.search.length > 0;
  out.facet = field.facet.length > 0;
  out.once = field.once.length > 0;
  out.hidden = field.hidden.length > 0;
  out.redact = field.redact.length > 0;
  out.was = field.was.text;
  BuildAutomatic(out, field);
  if (field.example) {
    const auto example = ToJson(*field.example);
    if (!example) {
      Report(field.example->span, "an example is a literal or JSON");
    } else {
      out.example = example->is_string() ? std::string(example->get_string())
                                         : std::string(boost::json::serialize(*example));
    }
  }
  if (extends) {
    if (out.key || out.tenant || out.lock || out.namespace_label) {
      Report(field.name.span, "an extension cannot add a key, tenant, namespace or lock field");
    } else if (!out.type.nullable && !field.default_value && out.automatic == Auto::kNone) {
      Report(field.name.span,
             fmt::format("rows exist already: '{}' needs a ? or a default", out.name));
    }
  }
  if (!field.broken) CheckModifiers(work, out, field);
  entity.fields.push_back(std::move(out));
  work.field_asts.push_back(&field);
}

void Builder::BuildAutomatic(Field& out, const ast::Field& field) {
  if (!field.automatic) return;
  struct Row {
    std::string_view word;
    Auto automatic;
    std::string_view types;  // for the message
    bool fits;
  };
  const TypeKind kind = out.type.kind;
  const bool id = kind == TypeKind::kUuid || kind == TypeKind::kText;
  const Row rows[] = {
      {"created", Auto::kCreated, "time", kind == TypeKind::kTime},
      {"updated", Auto::kUpdated, "time", kind == TypeKind::kTime},
      {"creator", Auto::kCreator, "uuid or text", id},
      {"updater", Auto::kUpdater, "uuid or text", id},
      {"agent", Auto::kAgent, "text", kind == TypeKind::kText},
      {"address", Auto::kAddress, "ip or text", kind == TypeKind::kIp || kind == TypeKind::kText},
      {"job", Auto::kJob, "ulid or text", kind == TypeKind::kUlid || kind == TypeKind::kText},
  };
  std::vector<std::string_view> words;
  for (const Row& row : rows) {
    words.push_back(row.word);
    if (row.word != field.automatic.text) continue;
    out.automatic = row.automatic;
    if (!row.fits) {
      Report(field.automatic.span, fmt::format("'auto {}' needs a field of type {}, this is {}",
                                               row.word, row.types, ToString(out.type)));
    }
    return;
  }
  std::string hint = DidYouMean(field.automatic.text, words);
  if (hint.empty()) hint = "expected " + OneOf(words);
  Report(field.automatic.span, fmt::format("the engine has no '{}'", field.automatic.text), hint);
}

void Builder::CheckModifiers(const Work& work, const Field& field, const ast::Field& ast) {
  const Type& type = field.type;
  const auto need = [&](Span at, bool fits, std::string_view modifier, std::string_view types) {
    if (at.length > 0 && !fits) {
      Report(at, fmt::format("'{}' needs {}, this is {}", modifier, types, ToString(type)));
    }
  };
  const bool text_list = type.kind == TypeKind::kList || type.kind == TypeKind::kMap;
  const bool is_text = type.IsTextLike() && type.kind != TypeKind::kSecret;
  need(ast.tenant, type.kind == TypeKind::kUuid && !type.nullable, "tenant", "uuid");
  need(ast.namespace_label, type.kind == TypeKind::kText && !type.nullable, "namespace", "text");
  need(ast.lock, type.kind == TypeKind::kInt && !type.nullable, "lock", "int");
  need(ast.key,
       !type.IsJson() && type.kind != TypeKind::kSecret && !type.nullable &&
           type.kind != TypeKind::kFloat,
       "key", "a plain type without ?");
  need(ast.unique, !type.IsJson() && type.kind != TypeKind::kSecret, "unique", "a plain type");
  need(ast.search, is_text || type.IsJson(), "search", "text, a list of text, or json");
  need(ast.facet,
       is_text || type.kind == TypeKind::kBool || type.kind == TypeKind::kInt || text_list, "facet",
       "text, an enum, int, bool or a list");
  if (field.hidden && (field.search || field.facet)) {
    Report(field.search ? ast.search : ast.facet, "a hidden field cannot be searched");
  }
  if (field.tenant && work.entity->global) {
    Report(ast.tenant, "a global entity has no tenant");
  }
  for (const Field& known : work.entity->fields) {
    if (field.tenant && known.tenant) ReportClash(ast.tenant, "modifier", "tenant", known.span);
    if (field.lock && known.lock) ReportClash(ast.lock, "modifier", "lock", known.span);
    if (field.namespace_label && known.namespace_label) {
      ReportClash(ast.namespace_label, "modifier", "namespace", known.span);
    }
    if (!field.was.empty() && field.was == known.name) {
      Report(ast.was.span,
             fmt::format("'{}' is a field now, it cannot be an earlier name", field.was));
    }
  }
  if (field.was == field.name) Report(ast.was.span, "this is its present name");
  if (type.kind == TypeKind::kLiteral) {
    Report(ast.type.span, "one exact text is a type for shapes only", "enum(" + type.literal + ")");
  }
}

// `key (a, b)` marks the fields; both ways of writing a key at once are an error.
void Builder::BuildKey(Work& work) {
  Entity& entity = *work.entity;
  const ast::KeyClause* clause = nullptr;
  EachItem(work, [&](const ast::Item& item, bool extends) {
    const auto* key = std::get_if<ast::KeyClause>(&item);
    if (key == nullptr) return;
    if (extends) {
      Report(key->span, "an extension cannot change the key");
    } else if (clause != nullptr) {
      ReportClash(key->span, "clause", "key", clause->span);
    } else {
      clause = key;
    }
  });
  if (clause == nullptr) return;
  for (const Field& field : entity.fields) {
    if (field.key) {
      Report(clause->span, fmt::format("the key is written twice: here, and at '{}'", field.name));
      return;
    }
  }
  for (const ast::Name& name : clause->columns) {
    const Field* found = FindField(entity, name);
    if (found == nullptr) continue;
    Field& field = entity.fields[static_cast<std::size_t>(found - entity.fields.data())];
    if (field.key) Report(name.span, fmt::format("'{}' is in the key twice", name.text));
    if (field.type.nullable || field.type.IsJson() || field.IsSecret()) {
      Report(name.span,
             fmt::format("'{}' is {}, which cannot be in a key", name.text, ToString(field.type)));
    }
    field.key = true;
  }
}

void Builder::AddTenant(Work& work) {
  Entity& entity = *work.entity;
  if (entity.global) return;
  std::size_t after_key = 0;
  for (std::size_t i = 0; i < entity.fields.size(); ++i) {
    const Field& field = entity.fields[i];
    if (field.tenant) return;
    if (field.name == "tenant_id") {
      Report(field.span, "tenant_id is the name of the partition column", "tenant_id uuid tenant");
      return;
    }
    if (field.key) after_key = i + 1;
  }
  Field tenant;
  tenant.name = "tenant_id";
  tenant.span = entity.span;
  tenant.description = "The tenant that the row belongs to";
  tenant.type.kind = TypeKind::kUuid;
  tenant.tenant = true;
  tenant.implicit = true;
  const auto at = static_cast<std::ptrdiff_t>(after_key);
  entity.fields.insert(entity.fields.begin() + at, std::move(tenant));
  work.field_asts.insert(work.field_asts.begin() + at, nullptr);
}

// The field of `json by F` is an enum of the same entity that has the values.
void Builder::CheckBy(const Work& work) {
  const Entity& entity = *work.entity;
  for (std::size_t i = 0; i < entity.fields.size(); ++i) {
    const auto& by = entity.fields[i].type.by;
    if (!by) continue;
    const ast::TypeExpr& ast = work.field_asts[i]->type;
    const Field* field = FindField(entity, ast.by);
    if (field == nullptr) continue;
    if (field->type.kind != TypeKind::kEnum) {
      Report(ast.by.span, fmt::format("'{}' is {}, an enum says which shape", field->name,
                                      ToString(field->type)));
      continue;
    }
    std::vector<std::string_view> names;
    for (const EnumValue& value : field->type.enumeration->values) names.push_back(value.name);
    for (const auto& [value, shape] : ast.cases) {
      if (field->type.enumeration->Has(value.text)) continue;
      Report(value.span, fmt::format("'{}' has no value {}", field->name, value.text),
             DidYouMean(value.text, names));
    }
  }
}

void Builder::BuildDefaults(Work& work) {
  for (std::size_t i = 0; i < work.entity->fields.size(); ++i) {
    const ast::Field* ast = work.field_asts[i];
    if (ast != nullptr && ast->default_value) BuildDefault(work, work.entity->fields[i], *ast);
  }
}

void Builder::BuildDefault(Work& work, Field& field, const ast::Field& ast) {
  Entity& entity = *work.entity;
  const Span span = ast.default_value->span;
  if (field.automatic != Auto::kNone || field.tenant || field.lock) {
    Report(span, fmt::format("'{}' is the engine's, it takes no default", field.name));
    return;
  }
  const bool own_lifecycle =
      entity.lifecycle && entity.lifecycle->field == &field && entity.lifecycle->json_path.empty();
  if (field.IsSecret()) {
    Report(span, "a secret cannot have a default: everybody could read it here");
    return;
  }
  Scope scope;
  scope.row = &entity;
  scope.place = Place::kDefault;
  scope.fields_before = field.index;
  const ExpressionPtr value =
      ExpressionChecker(scope, sink_)
          .CheckValue(*ast.default_value, field.type, fmt::format("'{}'", field.name));
  if (!value) return;
  if (own_lifecycle) {
    const auto* text = value->value.If<std::string>();
    if (text == nullptr || *text != entity.lifecycle->initial) {
      Report(span, fmt::format("its lifecycle begins with {}", entity.lifecycle->initial),
             "the default can be left out");
    }
    return;
  }
  if (const auto* json = value->value.If<boost::json::value>()) {
    if (const std::string why = WhyNotOfType(*json, field.type); !why.empty()) Report(span, why);
  }
  field.default_value = value;
}

}  // namespace tenon::model
