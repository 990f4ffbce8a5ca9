// A live PostgreSQL database: schemas, tables, views and columns as assets, foreign keys and what
// views read as relationships. Reads the catalogues only, in one read-only transaction.
#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "services/ingest/json_fields.h"
#include "services/ingest/sources.h"

namespace tenon::ingest {
namespace {

constexpr int kColumnsOfListMax = 1600;  // PostgreSQL's own bound for a table

struct Address {
  std::string host = "localhost", port = "5432", database, user, sslmode = "prefer";
};

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { ::PQconninfoFree(options); }
};

// The parts of the URL that an import may name. Others read files of the server or say what libpq
// does by itself; they are refused by name.
Result<Address> ReadUrl(const std::string& url) {
  if (!url.starts_with("postgres://") && !url.starts_with("postgresql://")) {
    return Fail(Code::kInvalidField, "must begin with postgresql://");
  }
  char* said = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> parsed(
      ::PQconninfoParse(url.c_str(), &said));
  const std::unique_ptr<char, void (*)(void*)> problem(said, ::PQfreemem);
  if (!parsed) {
    std::string why = said != nullptr ? said : "it cannot be read";
    while (!why.empty() && why.back() == '\n') why.pop_back();
    return Fail(Code::kInvalidField, Ellipsis(why, 200));
  }
  Address address;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view name = option->keyword;
    if (name == "host") {
      address.host = option->val;
    } else if (name == "port") {
      address.port = option->val;
    } else if (name == "dbname") {
      address.database = option->val;
    } else if (name == "user") {
      address.user = option->val;
    } else if (name == "sslmode") {
      address.sslmode = option->val;
    } else if (name == "password") {
      return Fail(Code::kInvalidField,
                  "must hold no password, which everybody who reads the job would see; give it as "
                  "the job's secret (PGPASSWORD on the command line)");
    } else {
      return Fail(Code::kInvalidField,
                  fmt::format("may name host, port, database, user and sslmode, not {}", name));
    }
  }
  if (address.database.empty()) return Fail(Code::kInvalidField, "names no database");
  if (address.host.find(',') != std::string::npos) {
    return Fail(Code::kInvalidField, "names several hosts; name one");
  }
  return address;
}

struct FreeConnection {
  void operator()(PGconn* connection) const { ::PQfinish(connection); }
};
struct FreeResult {
  void operator()(PGresult* result) const { ::PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, FreeResult>;

std::string Cell(const PGresult* rows, int row, int column) {
  return ::PQgetisnull(rows, row, column) != 0 ? "" : ::PQgetvalue(rows, row, column);
}
bool Truth(const PGresult* rows, int row, int column) { return Cell(rows, row, column) == "t"; }

constexpr const char* kSchemas =
    "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' "
    "ORDER BY 1";
constexpr const char* kRelations =
    "SELECT c.oid, n.nspname, c.relname, c.relkind, coalesce(obj_description(c.oid, 'pg_class'), "
    "''), pg_get_userbyid(c.relowner), greatest(c.reltuples, 0)::bigint FROM pg_class c JOIN "
    "pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT "
    "c.relispartition AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 2, 3";
constexpr const char* kColumns =
    "SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attnum, "
    "coalesce(col_description(a.attrelid, a.attnum), ''), coalesce(pg_get_expr(d.adbin, "
    "d.adrelid), ''), EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND "
    "i.indisprimary AND a.attnum = ANY (i.indkey)) FROM pg_attribute a JOIN pg_class c ON c.oid = "
    "a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attrdef d ON d.adrelid "
    "= a.attrelid AND d.adnum = a.attnum WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT "
    "c.relispartition AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND a.attnum > "
    "0 AND NOT a.attisdropped ORDER BY 1, a.attnum";
constexpr const char* kForeignKeys =
    "SELECT k.conrelid, k.confrelid, k.conname, (SELECT json_agg(a.attname ORDER BY u.n) FROM "
    "unnest(k.conkey) WITH ORDINALITY u(num, n) JOIN pg_attribute a ON a.attrelid = k.conrelid AND "
    "a.attnum = u.num), (SELECT json_agg(a.attname ORDER BY u.n) FROM unnest(k.confkey) WITH "
    "ORDINALITY u(num, n) JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num) "
    "FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY 1, 2, 3";
constexpr const char* kViewReads =
    "SELECT DISTINCT r.ev_class, d.refobjid, coalesce(a.attname, '') FROM pg_depend d JOIN "
    "pg_rewrite r ON r.oid = d.objid LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND "
    "a.attnum = d.refobjsubid AND d.refobjsubid > 0 WHERE d.classid = 'pg_rewrite'::regclass AND "
    "d.refclassid = 'pg_class'::regclass AND d.deptype = 'n' AND d.refobjid <> r.ev_class ORDER BY "
    "1, 2, 3";

std::string TypeOf(std::string_view kind) {
  if (kind == "v") return "VIEW";
  if (kind == "m") return "MATERIALIZED_VIEW";
  return kind == "f" ? "FOREIGN_TABLE" : "TABLE";
}

class Reader {
 public:
  Reader(SourceContext& context, Address address)
      : context_(context), sink_(context.sink), address_(std::move(address)) {
    for (std::string& name : OptionTexts(context.options, "schema"))
      schemas_.insert(std::move(name));
    space_ = OptionText(context.options, "namespace");
    while (space_.ends_with('/')) space_.pop_back();
    if (space_.empty()) space_ = fmt::format("postgres://{}:{}", address_.host, address_.port);
  }

  Result<> Run() {
    TRY(Connect());
    sink_.Begin(space_ + "/" + address_.database, {"assets", "schemas", "relationships"});
    if (!schemas_.empty()) sink_.Partial("only some schemas are read");
    // One view of the catalogues, whatever is changed meanwhile.
    TRY(Ask("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"));
    TRY(Ask("SET LOCAL search_path = pg_catalog"));
    TRY(Ask("SET LOCAL statement_timeout = '60s'"));
    TRY(CheckSchemas());
    TRY(PutRelations());
    TRY(PutColumns());
    TRY(PutForeignKeys());
    return PutViewReads();
  }

 private:
  // The address is resolved and checked here, and libpq is told to connect to just that one.
  Result<std::string> CheckedAddress() {
    const net::ClientDeps net = TRY(context_.net());
    std::uint16_t port = 0;
    const std::string& digits = address_.port;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (problem != std::errc() || end != digits.data() + digits.size()) {
      return Fail(Code::kInvalidArgument, fmt::format("'{}' is no port", digits));
    }
    // A socket is this machine.
    const bool is_socket = address_.host.starts_with('/');
    const std::string host = is_socket ? "localhost" : address_.host;
    const auto found = is_socket ? std::vector<net::Address>{net::Address::V4({127, 0, 0, 1})}
                                 : TRY(net.resolver.Resolve(host, std::chrono::seconds(10)));
    for (const net::Address& one : found) TRY(net.policy.Check(host, one, port));
    return is_socket ? "" : found.front().ToString();
  }

  Result<> Connect() {
    const std::string pinned = TRY(CheckedAddress());
    std::vector<const char*> names, values;
    const auto add = [&](const char* name, const std::string& value) {
      if (value.empty()) return;
      names.push_back(name);
      values.push_back(value.c_str());
    };
    // No file of the account that we run as is looked at.
    const std::string nowhere = "/dev/null/none", ten = "10", ours = "tenon", thirty = "30000",
                      utf8 = "UTF8", one = "1";
    add("host", address_.host);
    add("hostaddr", pinned);
    add("port", address_.port);
    add("dbname", address_.database);
    add("user", address_.user);
    add("password", context_.secrets.password);
    add("sslmode", address_.sslmode);
    add("passfile", nowhere);
    add("connect_timeout", ten);
    add("tcp_user_timeout", thirty);
    add("keepalives", one);
    add("application_name", ours);
    add("client_encoding", utf8);
    names.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(::PQconnectdbParams(names.data(), values.data(), 0));
    if (::PQstatus(connection_.get()) != CONNECTION_OK) return Fail(Failure(Code::kUnavailable));
    return {};
  }

  Error Failure(Code code) const {
    std::string said = ::PQerrorMessage(connection_.get());
    std::ranges::replace(said, '\n', ' ');
    while (!said.empty() && said.back() == ' ') said.pop_back();
    const auto says = [&said](std::string_view part) {
      return said.find(part) != std::string::npos;
    };
    // libpq gives no SQLSTATE for a connection that is refused. None of these passes by itself.
    if (says("authentication failed") || says("no password supplied") || says("no pg_hba.conf") ||
        says("permission denied")) {
      code = Code::kForbidden;
    } else if (says("does not exist")) {
      code = Code::kNotFound;
    }
    return Error(code, fmt::format("{}/{}: {}", space_, address_.database, Ellipsis(said, 500)));
  }

  Result<ResultPtr> Ask(const char* sql) {
    if (sink_.Cancelled()) return Fail(Code::kUnavailable, "the job was stopped");
    ResultPtr rows(::PQexec(connection_.get(), sql));
    const ExecStatusType status = ::PQresultStatus(rows.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return rows;
    return Fail(Failure(Code::kUnavailable));
  }

  std::string NameOf(std::string_view schema, std::string_view relation) const {
    return fmt::format("{}/{}.{}.{}", space_, address_.database, schema, relation);
  }

  // A schema that is not there would be an import of nothing.
  Result<> CheckSchemas() {
    if (schemas_.empty()) return {};
    const ResultPtr rows = TRY(Ask(kSchemas));
    std::vector<std::string> there;
    for (int i = 0; i < ::PQntuples(rows.get()); ++i) there.push_back(Cell(rows.get(), i, 0));
    for (const std::string& name : schemas_) {
      if (std::ranges::find(there, name) != there.end()) continue;
      const std::string_view nearest =
          Nearest(name, std::vector<std::string_view>(there.begin(), there.end()));
      return Fail(
          Code::kNotFound,
          fmt::format("{}/{} has no schema {}; {}", space_, address_.database, Ellipsis(name, 100),
                      nearest.empty()
                          ? "it has " + Ellipsis(fmt::format("{}", fmt::join(there, ", ")), 300)
                          : fmt::format("did you mean {}?", nearest)));
    }
    return {};
  }

  Result<> PutContainer(const std::string& type, const std::string& name,
                        const std::string& qualified_name, json::object metadata) {
    metadata["database"] = address_.database;
    return sink_.Put(
        {.table = "assets",
         .fields = {{"type", type},
                    {"name", name},
                    {"qualified_name", qualified_name},
                    {"metadata", std::move(metadata)}},
         .ref = qualified_name,
         .where = fmt::format("{} {}", type == "SCHEMA" ? "schema" : "database", name)});
  }

  Result<> PutRelations() {
    const ResultPtr rows = TRY(Ask(kRelations));
    const int count = ::PQntuples(rows.get());
    sink_.Phase("tables", count);
    const std::string database = fmt::format("{}/{}", space_, address_.database);
    TRY(PutContainer("DATABASE", address_.database, database, {}));
    std::set<std::string> put;
    for (int i = 0; i < count; ++i) {
      const std::string schema = Cell(rows.get(), i, 1);
      if (!schemas_.empty() && !schemas_.contains(schema)) continue;
      const std::string container = fmt::format("{}.{}", database, schema);
      if (put.insert(schema).second) {
        TRY(PutContainer("SCHEMA", schema, container, {{"schema", schema}}));
        contains_.emplace_back(database, container);
      }
      const std::string name = Cell(rows.get(), i, 2);
      const std::string qualified = NameOf(schema, name);
      json::object metadata{{"database", address_.database},
                            {"schema", schema},
                            {"relation", name},
                            {"adapter", "postgres"}};
      PutUnlessEmpty(metadata, "database_owner", Cell(rows.get(), i, 5));
      if (Cell(rows.get(), i, 3) == "p") metadata["partitioned"] = true;
      json::object fields{{"type", TypeOf(Cell(rows.get(), i, 3))},
                          {"name", name},
                          {"qualified_name", qualified},
                          {"metadata", std::move(metadata)}};
      PutUnlessEmpty(fields, "description", Cell(rows.get(), i, 4));
      TRY(sink_.Put({.table = "assets",
                     .fields = std::move(fields),
                     .ref = qualified,
                     .where = fmt::format("{}.{}", schema, name)}));
      relations_[Cell(rows.get(), i, 0)] = qualified;
      contains_.emplace_back(container, qualified);
    }
    return {};
  }

  Result<> PutColumns() {
    const ResultPtr rows = TRY(Ask(kColumns));
    const int count = ::PQntuples(rows.get());
    sink_.Phase("columns", count);
    for (int i = 0; i < count; ++i) {
      const auto relation = relations_.find(Cell(rows.get(), i, 0));
      if (relation == relations_.end()) continue;
      json::object metadata;
      PutUnlessEmpty(metadata, "description", Cell(rows.get(), i, 5));
      PutUnlessEmpty(metadata, "default", Cell(rows.get(), i, 6));
      if (Truth(rows.get(), i, 7)) metadata["primary_key"] = true;
      const std::string name = Cell(rows.get(), i, 1);
      const std::string number = Cell(rows.get(), i, 4);
      std::int64_t order = 0;
      std::from_chars(number.data(), number.data() + number.size(), order);
      TRY(sink_.Put({.table = "schemas",
                     .fields = {{"name", name},
                                {"type", Ellipsis(Cell(rows.get(), i, 2), 100)},
                                {"nullable", !Truth(rows.get(), i, 3)},
                                {"order", order},
                                {"metadata", std::move(metadata)}},
                     .references = {{"asset_id", relation->second}},
                     .where = fmt::format("{}, column {}", relation->second, name)}));
    }
    return {};
  }

  Result<> PutRelation(const std::string& source, const std::string& target, std::string_view type,
                       json::object metadata) {
    return sink_.Put({.table = "relationships",
                      .fields = {{"type", type}, {"metadata", std::move(metadata)}},
                      .references = {{"source_asset_id", source}, {"target_asset_id", target}},
                      .where = fmt::format("{} {} {}", source, type, target)});
  }

  Result<> PutForeignKeys() {
    sink_.Phase("relations", 0);
    for (const auto& [container, content] : contains_) {
      TRY(PutRelation(container, content, "CONTAINS", {}));
    }
    const ResultPtr rows = TRY(Ask(kForeignKeys));
    // Of two tables there is one relationship, with all keys between them.
    std::map<std::pair<std::string, std::string>, json::array> keys;
    for (int i = 0; i < ::PQntuples(rows.get()); ++i) {
      const auto source = relations_.find(Cell(rows.get(), i, 0));
      const auto target = relations_.find(Cell(rows.get(), i, 1));
      if (source == relations_.end() || target == relations_.end()) continue;
      const auto names = [&](int column) -> json::value {
        auto list = ParseJson(Cell(rows.get(), i, column));
        return list ? *std::move(list) : json::value(json::array());
      };
      keys[{source->second, target->second}].push_back(json::object{
          {"name", Cell(rows.get(), i, 2)}, {"columns", names(3)}, {"references", names(4)}});
    }
    for (auto& [pair, list] : keys) {
      TRY(PutRelation(pair.first, pair.second, "REFERENCES", {{"foreign_keys", std::move(list)}}));
    }
    return {};
  }

  Result<> PutViewReads() {
    const ResultPtr rows = TRY(Ask(kViewReads));
    std::map<std::pair<std::string, std::string>, json::array> reads;
    for (int i = 0; i < ::PQntuples(rows.get()); ++i) {
      const auto view = relations_.find(Cell(rows.get(), i, 0));
      const auto table = relations_.find(Cell(rows.get(), i, 1));
      if (view == relations_.end() || table == relations_.end()) continue;
      json::array& columns = reads[{view->second, table->second}];
      const std::string column = Cell(rows.get(), i, 2);
      if (!column.empty() && columns.size() < kColumnsOfListMax) columns.emplace_back(column);
    }
    for (auto& [pair, columns] : reads) {
      json::object metadata;
      PutUnlessEmpty(metadata, "reads", std::move(columns));
      TRY(PutRelation(pair.first, pair.second, "DEPENDS_ON", std::move(metadata)));
    }
    return {};
  }

  SourceContext& context_;
  RowSink& sink_;
  const Address address_;
  std::string space_;  // OpenLineage's namespace of the server
  std::set<std::string> schemas_;
  std::unique_ptr<PGconn, FreeConnection> connection_;
  std::unordered_map<std::string, std::string> relations_;  // qualified names by oid
  std::vector<std::pair<std::string, std::string>> contains_;
};

constexpr std::array<std::string_view, 1> kRequired = {"url"};

Result<> Check(const json::object& options) {
  auto checked = CheckOptions(*FindSource("postgres"), options, kRequired);
  Error error = checked ? Error(Code::kInvalidField, "the options of postgres are wrong")
                        : std::move(checked).error();
  if (const std::string url = OptionText(options, "url"); !url.empty()) {
    if (const auto address = ReadUrl(url); !address) {
      error.fields.push_back({"options.url", "format", address.error().message});
    }
  }
  if (error.fields.empty()) return {};
  return Fail(std::move(error));
}

}  // namespace

SourceKind PostgresSource() {
  return {.name = "postgres",
          .summary = "Import a PostgreSQL database's schemas, tables, views, columns and keys",
          .options = {{"url", "URL", "postgresql://USER@HOST:PORT/DATABASE, without a password"},
                      {"schema", "NAME", "only this schema; may be repeated", true},
                      {"namespace", "URL", "name tables so (default postgres://HOST:PORT)"}},
          .fails_on_reject = false,
          .check = Check,
          .read = [](SourceContext& context) -> Result<> {
            return Reader(context, TRY(ReadUrl(OptionText(context.options, "url")))).Run();
          }};
}

}  // namespace tenon::ingest
