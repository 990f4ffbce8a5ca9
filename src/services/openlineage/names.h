// How jobs and datasets are called in the catalog, and JSON that both halves of the inlet need.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "base/json.h"
#include "services/openlineage/event.h"

namespace tenon::openlineage {

// Namespaces of one PostgreSQL server in one form, the one of the spec's naming and of the postgres
// source: "postgres://host:5432". Clients also write "postgresql://", leave out the port that is
// the usual one, or capitals in the host. Others come out as they are.
std::string CanonicalSpace(std::string space);

// assets.qualified_name. Of a dataset the URI that OpenLineage's naming gives it,
// "postgres://db:5432/shop.public.orders", which other sources of the same table use too; of a job
// "job:NAMESPACE/NAME".
std::string QualifiedName(const Name& name, bool is_job);

// At most `max` code points; a longer text keeps its beginning and ends in ~ and 16 hex digits of
// its hash, so that two long names stay two.
std::string Shortened(const std::string& text, std::size_t max);

// The merge patch (RFC 7396) that makes `to` of `from`: a null for each member that goes.
json::object PatchBetween(const json::object& from, const json::object& to);

// The member when it is an object, else an empty one.
const json::object& ObjectIn(const json::object& object, std::string_view member);

}  // namespace tenon::openlineage
