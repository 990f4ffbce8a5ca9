// Rows from the store into records, by key or along a relation.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/plan.h"
#include "record/record.h"
#include "store/store.h"

namespace tenon {

// That no row has the key text `id`; of a text that cannot be a key it says what a key is.
Error NoSuchRow(const model::Entity& entity, std::string_view id);

// The row's columns, which must be those of EntityPlan::columns.
Result<Record> RecordOf(const Row& row, const model::Entity& entity);

// Whether a row is loaded to be changed, so that nobody else changes it before the transaction
// ends. SQLite has one writer and locks nothing. A reference to the row may be written meanwhile
// unless it is loaded to be deleted.
enum class Lock { kNone, kUpdate, kDelete };

// The row with this key (values of EntityPlan::key_in_url) in the tenant; nullopt when there is
// none. Softly deleted rows are found too. `tenant` is not looked at for global entities.
Result<std::optional<Record>> LoadRow(Reader& reader, const EntityPlan& plan,
                                      std::span<const Value> key, const Uuid& tenant,
                                      Lock lock = Lock::kNone);
// Says that LoadRow follows (Reader::Expect); so the other Expects of this file.
void ExpectRow(Reader& reader, const EntityPlan& plan, std::span<const Value> key,
               const Uuid& tenant, Lock lock = Lock::kNone);

// Rows where all `fields` equal `values`, in the tenant, in no order; at most `limit`.
Result<std::vector<Record>> LoadWhere(Reader& reader, const EntityPlan& plan,
                                      std::span<const model::Field* const> fields,
                                      std::span<const Value> values, const Uuid& tenant,
                                      std::int64_t limit);
void ExpectWhere(Reader& reader, const EntityPlan& plan,
                 std::span<const model::Field* const> fields, std::span<const Value> values,
                 const Uuid& tenant, std::int64_t limit);

// Rows of the tenant whose `field` is one of `values`, of any number; softly deleted ones too.
// Looks each value up by itself (EntityPlan's LookUpEach says why), so the field should have an
// index.
Result<std::vector<Record>> LoadMany(Reader& reader, const EntityPlan& plan,
                                     const model::Field& field, std::span<const Value> values,
                                     const Uuid& tenant);

// Some of those that are not softly deleted, by the fields of a unique key or of the computed one:
// one, unless the key is unique among some rows only.
Result<std::vector<Record>> LoadSame(Reader& reader, const EntityPlan& plan,
                                     std::span<const model::Field* const> fields,
                                     std::span<const Value> values, const Uuid& tenant);
void ExpectSame(Reader& reader, const EntityPlan& plan, std::span<const model::Field* const> fields,
                std::span<const Value> values, const Uuid& tenant);

// Rows at the other end of a relation; softly deleted ones left out.
Result<std::vector<Record>> Follow(Reader& reader, const Plans& plans,
                                   const model::Relation& relation, const Record& from);

// What a write of `row`, which becomes or was so, changes of what ExpectRow, ExpectLive and
// ExpectSame foretold; added to `topics`.
void AddTopics(const EntityPlan& plan, const Record& row, std::vector<Topic>& topics);

// Whether a row is there and not softly deleted, without reading all of it. In a transaction it
// stays so until the end.
Result<bool> IsLive(Reader& reader, const EntityPlan& plan, const Value& key, const Uuid& tenant);
void ExpectLive(Reader& reader, const EntityPlan& plan, const Value& key, const Uuid& tenant);

// The key values of a row as EntityPlan::key_in_url has them.
std::vector<Value> KeyValues(const EntityPlan& plan, const Record& record);

// The tenant of a row; nil for global entities.
Uuid TenantOf(const Record& record);

// True when the row is softly deleted.
bool IsDeleted(const Record& record);

}  // namespace tenon
