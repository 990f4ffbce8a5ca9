#include "cli/test_support.h"

namespace tenon::cli {

void ServeModels(FakeServer& server) {
  server.On("GET /v1/models", 200, R"({"items": [{"name": "demo", "description": "", "entities": [
    {"name": "Asset", "table": "assets", "description": "Anything"},
    {"name": "Run", "table": "runs", "description": "A run"},
    {"name": "AssetTag", "table": "asset_tags", "description": ""}]}]})");
  server.On("GET /v1/views", 200, R"({"items": [{"name": "recent", "description": "The last ones",
    "parameters": [{"name": "rows", "type": "int"}]}]})");
  server.On("GET /v1/models/demo", 200, R"json({"entities": [
    {"name": "Asset", "table": "assets", "model": "demo", "soft_delete": "deleted_at",
     "key": ["id"], "indexes": [{"name": "u", "columns": ["tenant_id", "qualified_name"], "unique": true}],
     "fields": [
      {"name": "id", "type": {"kind": "uuid", "text": "uuid"}, "key": true},
      {"name": "tenant_id", "type": {"kind": "uuid", "text": "uuid"}, "tenant": true},
      {"name": "type", "type": {"kind": "text", "text": "text(50)"}},
      {"name": "name", "type": {"kind": "text", "text": "text(255)"}},
      {"name": "qualified_name", "type": {"kind": "text", "text": "text(500)"}, "unique": true},
      {"name": "description", "type": {"kind": "text", "text": "text?", "nullable": true}},
      {"name": "metadata", "type": {"kind": "json", "text": "json"}},
      {"name": "cost", "type": {"kind": "decimal", "text": "decimal(10,2)?", "nullable": true}},
      {"name": "token", "type": {"kind": "secret", "text": "secret?", "nullable": true}, "write_only": true},
      {"name": "version", "type": {"kind": "int", "text": "int"}, "lock": true},
      {"name": "created_at", "type": {"kind": "time", "text": "time"}, "auto": "created"},
      {"name": "seen_at", "type": {"kind": "time", "text": "time?", "nullable": true}},
      {"name": "deleted_at", "type": {"kind": "time", "text": "time?", "nullable": true}}]},
    {"name": "Run", "table": "runs", "model": "demo", "key": ["id"],
     "lifecycle": {"field": "state", "initial": "PENDING", "states": ["PENDING", "DONE"]},
     "events": [{"name": "finish", "from": ["PENDING"], "to": "DONE",
                 "takes": [{"name": "result", "optional": true}]}],
     "fields": [
      {"name": "id", "type": {"kind": "uuid", "text": "uuid"}, "key": true},
      {"name": "state", "type": {"kind": "enum", "text": "enum(PENDING, DONE)",
       "values": [{"name": "PENDING"}, {"name": "DONE"}]}},
      {"name": "result", "type": {"kind": "json", "text": "json?", "nullable": true}}]},
    {"name": "AssetTag", "table": "asset_tags", "model": "demo", "key": ["asset_id", "tag_id"],
     "fields": [
      {"name": "asset_id", "type": {"kind": "uuid", "text": "uuid"}, "key": true},
      {"name": "tag_id", "type": {"kind": "uuid", "text": "uuid"}, "key": true}]}]})json");
}

}  // namespace tenon::cli
