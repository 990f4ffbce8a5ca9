// The index's file: DIR/search.db, a SQLite file of its own. Tables:
//
//   meta          position, digest of the plans, format
//   parts         one for each tenant and entity: number, documents, next document number
//   docs          words (for ranking) and texts (for marking), by document number
//   doc_keys      the row's key -> document number
//   words         FTS5 over tokens: `tok`, `=tok` (of the label), `@7` (of facet value 7)
//   names         folded whole names -> document number
//   terms, grams  the words of each part with the number of documents; their trigrams
//   doc_facets, facet_values
//
// A document number is the part's number * 2^34 + a number of its own, so the documents of one
// tenant's entity are one range of row ids: a query walks that range and no other tenant's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "search/index.h"
#include "store/sqlite/connection.h"

namespace tenon::search {

inline constexpr int kPartShift = 34;
inline constexpr std::int64_t FirstOf(std::int64_t part) { return part << kPartShift; }
inline constexpr std::int64_t LastOf(std::int64_t part) { return ((part + 1) << kPartShift) - 1; }

// Makes a new, empty file for a rebuild; what stood there is gone. Not durable until Seal.
Result<std::unique_ptr<Connection>> CreateFile(const std::string& path, const std::string& digest);
// Makes a file of CreateFile durable, to be renamed into its place. Closes the connection.
Result<void> SealFile(std::unique_ptr<Connection> connection, const std::string& path);

// Opens for writing; null when there is no file, or one of another format, of other plans, not
// finished, or damaged: it is to be built anew.
Result<std::unique_ptr<Connection>> OpenFile(const std::string& path, const std::string& digest);
Result<std::unique_ptr<Connection>> OpenReader(const std::string& path);

Result<LogPlace> ReadPlace(Connection& connection);
Result<void> WritePlace(Connection& connection, const LogPlace& place);

// The file and what SQLite keeps beside it.
void RemoveFile(const std::string& path);

}  // namespace tenon::search
