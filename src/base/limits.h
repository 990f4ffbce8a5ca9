// Every bound of the server in one place, each with its reason. Configuration may lower the ones
// marked (config); none is unbounded.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tenon::limits {

// A request body: the largest real dbt manifest slice and canvas we know are under 6 MB. (config)
inline constexpr std::size_t kBodyBytesMax = 8u << 20;
// All header lines together; browsers and proxies stay under 8 KiB.
inline constexpr std::size_t kHeaderBytesMax = 16u << 10;
// Nesting of JSON: deeper documents are attacks, or trees that belong in rows.
inline constexpr std::size_t kJsonDepthMax = 64;
// A list page: 50 by default; 1,000 rows keep an answer under a few MB.
inline constexpr int kPageSizeDefault = 50;
inline constexpr int kPageSizeMax = 1000;
// A filter in bytes, its nesting and its nodes: far above what a person writes.
inline constexpr std::size_t kExpressionBytesMax = 8u << 10;
inline constexpr int kExpressionDepthMax = 64;
inline constexpr int kExpressionNodesMax = 512;
// An atomic batch; beyond it the writer would be held too long.
inline constexpr std::size_t kBatchCommandsMax = 1000;
// Rows that one delete may take with it before it must be a task.
inline constexpr std::size_t kCascadeRowsMax = 1000;
// A read on the pool: lists, views, search.
inline constexpr std::chrono::milliseconds kReadDeadline{5000};
// Commands waiting for the writer; at 20,000/s this is half a second of work. Over it: 429.
inline constexpr std::size_t kWriteQueueMax = 10000;
inline constexpr std::size_t kWriteQueuePerTenantMax = 5000;
// One group commit takes at most this many commands and this long.
inline constexpr std::size_t kGroupCommandsMax = 512;
inline constexpr std::chrono::milliseconds kBulkSlice{5};
// Idempotency answers are kept for a day (DESIGN, "Replay").
inline constexpr std::chrono::hours kIdempotencyTtl{24};
// A read snapshot older than this keeps the WAL from being checkpointed.
inline constexpr std::chrono::seconds kSnapshotMax{10};
// Model sources: a file, and all of them together.
inline constexpr std::size_t kModelFileBytesMax = 4u << 20;
inline constexpr int kModelErrorsMax = 100;  // reported; more only says how many
inline constexpr std::size_t kEnumValuesMax = 1000;
inline constexpr int kModelNestingMax = 64;
// Fields and clauses of one entity, fields of one shape: SQLite allows 2,000 columns, a person
// reads 100.
inline constexpr std::size_t kModelItemsMax = 1000;
// Parts of one file (fields, values, terms of expressions): the five shipped models have 10,000
// together; the bound keeps a hostile file of 4 MB under 200 MB of memory.
inline constexpr int kModelNodesMax = 150000;
// Streams a tenant may hold open, and how many events one may lag in memory.
inline constexpr int kStreamsPerTenantMax = 100;
// Kafka connectors of one node, each with a few threads and some MB of messages fetched ahead.
inline constexpr std::size_t kKafkaReadersMax = 64;
// Import formats. An NDJSON line or a CSV row becomes one command, so it is bounded as a body is.
inline constexpr std::size_t kImportRowBytesMax = 8u << 20;
inline constexpr std::size_t kCsvFieldBytesMax = 4u << 20;
inline constexpr std::size_t kCsvFieldsMax = 4096;
// A Debian control paragraph: the longest in Debian (a kernel image's) is under 100 KB.
inline constexpr std::size_t kDeb822ParagraphBytesMax = 4u << 20;
inline constexpr std::size_t kDeb822FieldsMax = 512;

}  // namespace tenon::limits
