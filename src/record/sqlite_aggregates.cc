// Aggregates for SQLite, and the values that pass between it and our functions.
#include <charconv>
#include <memory>
#include <vector>

#include "base/json.h"
#include "record/accumulate.h"
#include "record/column.h"
#include "record/decode.h"
#include "record/sqlite_values.h"

namespace tenon {
namespace {

constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
// What one list or one set of nested rows may hold: an answer, not a dump.
constexpr std::size_t kListBytesMax = 16u << 20;
constexpr std::size_t kListValuesMax = 100'000;

// SQLite gives zeroed memory and no destructor: the state lives behind a pointer that final frees.
template <typename State>
State* StateOf(sqlite3_context* context, bool create) {
  auto** slot = static_cast<State**>(
      sqlite3_aggregate_context(context, create ? static_cast<int>(sizeof(State*)) : 0));
  if (slot == nullptr) return nullptr;
  if (*slot == nullptr && create) *slot = new (std::nothrow) State();
  return *slot;
}

template <typename State, auto kStep>
void Step(sqlite3_context* context, int count, sqlite3_value** args) {
  State* state = StateOf<State>(context, true);
  if (state == nullptr) return sqlite3_result_error_nomem(context);
  try {
    kStep(context, *state, count, args);
  } catch (const std::exception&) {
    sqlite3_result_error_nomem(context);
  }
}

template <typename State, auto kFinal>
void Final(sqlite3_context* context) {
  const std::unique_ptr<State> state(StateOf<State>(context, false));
  try {
    const State empty{};
    kFinal(context, state ? *state : empty);
  } catch (const std::exception&) {
    sqlite3_result_error_nomem(context);
  }
}

void AddNumber(sqlite3_context*, Accumulator& state, int, sqlite3_value** args) {
  state.Add(SqliteValue(args[0]));
}

void AddDuration(sqlite3_context*, Accumulator& state, int, sqlite3_value** args) {
  if (sqlite3_value_type(args[0]) != SQLITE_INTEGER) return;
  state.Add(Value(Duration(sqlite3_value_int64(args[0]))));
}

void FinishSum(sqlite3_context* context, const Accumulator& state) {
  SetResult(context, state.Sum());
}

void FinishAverage(sqlite3_context* context, const Accumulator& state) {
  SetResult(context, state.Average());
}

void FinishDurationAverage(sqlite3_context* context, const Accumulator& state) {
  const Computed average = state.Average();
  if (!average || !average->Is<Duration>()) return sqlite3_result_null(context);
  sqlite3_result_int64(context, average->As<Duration>().count());
}

struct List {
  std::vector<Value> values;
  std::size_t bytes = 0;
  bool distinct = false;
};

void AddToList(sqlite3_context* context, List& state, int, sqlite3_value** args) {
  state.distinct = sqlite3_value_int(args[2]) != 0;
  if (sqlite3_value_type(args[0]) == SQLITE_NULL) return;
  state.bytes += static_cast<std::size_t>(sqlite3_value_bytes(args[0])) + sizeof(Value);
  if (state.bytes > kListBytesMax || state.values.size() >= kListValuesMax) {
    return sqlite3_result_error_toobig(context);
  }
  state.values.push_back(SqliteValueAs(args[0], SqliteText(args[1])));
}

void FinishList(sqlite3_context* context, const List& state) {
  std::vector<Value> values = state.values;
  ArrangeList(values, state.distinct);
  std::string out = "[";
  for (const Value& value : values) {
    if (out.size() > 1) out += ',';
    AppendCanonicalJson(JsonOfValue(value), out);
  }
  out += ']';
  sqlite3_result_text64(context, out.data(), out.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

// Objects as JSON text. `columns` is [["name","letter"],...], the same for every row.
struct Rows {
  std::vector<std::pair<std::string, std::string>> columns;  // `"name":` and the letter
  std::string out = "[";
};

void ReadColumns(std::string_view text, Rows& state) {
  const auto columns = ParseJson(text);
  if (!columns || !columns->is_array()) return;
  for (const json::value& column : columns->get_array()) {
    if (!column.is_array() || column.get_array().size() != 2) continue;
    const json::array& pair = column.get_array();
    if (!pair[0].is_string() || !pair[1].is_string()) continue;
    std::string name;
    AppendJsonString(std::string(pair[0].get_string()), name);
    state.columns.emplace_back(name + ":", std::string(pair[1].get_string()));
  }
}

void AppendCell(sqlite3_value* cell, std::string_view letter, std::string& out) {
  if (sqlite3_value_type(cell) == SQLITE_NULL) {
    out += "null";
  } else if (letter == "s") {
    AppendJsonString(kSealedMark, out);
  } else if (letter == "j") {
    out += SqliteText(cell);
  } else if (letter == "t") {
    AppendJsonString(SqliteText(cell), out);
  } else {
    AppendCanonicalJson(JsonOfValue(SqliteValueAs(cell, letter)), out);
  }
}

void AddRow(sqlite3_context* context, Rows& state, int count, sqlite3_value** args) {
  if (state.columns.empty()) ReadColumns(SqliteText(args[0]), state);
  if (state.columns.size() + 1 != static_cast<std::size_t>(count)) {
    return sqlite3_result_error(context, "tenon_rows: columns and values differ in number", -1);
  }
  if (state.out.size() > kListBytesMax) return sqlite3_result_error_toobig(context);
  state.out += state.out.size() > 1 ? ",{" : "{";
  for (int i = 1; i < count; ++i) {
    const auto& [name, letter] = state.columns[static_cast<std::size_t>(i - 1)];
    if (i > 1) state.out += ',';
    state.out += name;
    AppendCell(args[i], letter, state.out);
  }
  state.out += '}';
}

void FinishRows(sqlite3_context* context, const Rows& state) {
  const std::string out = state.out + "]";
  sqlite3_result_text64(context, out.data(), out.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

}  // namespace

std::string_view SqliteText(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

Value SqliteValue(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(sqlite3_value_int64(value));
    case SQLITE_FLOAT:
      return sqlite3_value_double(value);
    case SQLITE_TEXT:
      return SqliteText(value);
    default:
      return {};
  }
}

Value SqliteValueAs(sqlite3_value* value, std::string_view letter) {
  const int type = sqlite3_value_type(value);
  if (letter.empty() || type == SQLITE_NULL) return {};
  switch (letter.front()) {
    case 'b':
      if (type != SQLITE_INTEGER) return {};
      return sqlite3_value_int64(value) != 0;
    case 'd': {
      int scale = 0;
      std::from_chars(letter.data() + 1, letter.data() + letter.size(), scale);
      if (type != SQLITE_INTEGER) return SqliteValue(value);
      return Decimal{sqlite3_value_int64(value), scale};
    }
    case 'p': {
      if (type == SQLITE_INTEGER) return Duration(sqlite3_value_int64(value));
      auto duration = DurationFromColumn(SqliteText(value));
      if (!duration) duration = ParseDuration(SqliteText(value));
      return duration ? Value(*duration) : Value();
    }
    case 'j': {
      auto document = ParseJson(SqliteText(value));
      return document ? Value::Json(std::move(*document)) : Value();
    }
    case 'm': {  // a moment; only inside our functions, its text is its form elsewhere
      const auto time = ParseTime(SqliteText(value));
      return time ? Value(*time) : Value();
    }
    default:
      return SqliteValue(value);
  }
}

void SetResult(sqlite3_context* context, const Value& value) {
  if (const auto* flag = value.If<bool>()) return sqlite3_result_int(context, *flag ? 1 : 0);
  if (const auto* whole = value.If<std::int64_t>()) return sqlite3_result_int64(context, *whole);
  if (const auto* number = value.If<double>()) return sqlite3_result_double(context, *number);
  if (value.IsNull()) return sqlite3_result_null(context);
  const std::string text = TextOf(value);
  sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void SetResult(sqlite3_context* context, const Computed& computed) {
  if (!computed) return sqlite3_result_null(context);
  SetResult(context, *computed);
}

int RegisterSqlAggregates(sqlite3* connection) {
  struct Entry {
    const char* name;
    int args;
    void (*step)(sqlite3_context*, int, sqlite3_value**);
    void (*final)(sqlite3_context*);
  };
  static constexpr Entry kEntries[] = {
      {"tenon_sum", 1, Step<Accumulator, AddNumber>, Final<Accumulator, FinishSum>},
      {"tenon_avg", 1, Step<Accumulator, AddNumber>, Final<Accumulator, FinishAverage>},
      {"tenon_avg_us", 1, Step<Accumulator, AddDuration>,
       Final<Accumulator, FinishDurationAverage>},
      {"tenon_list", 3, Step<List, AddToList>, Final<List, FinishList>},
      {"tenon_rows", -1, Step<Rows, AddRow>, Final<Rows, FinishRows>},
  };
  for (const Entry& entry : kEntries) {
    const int code = sqlite3_create_function_v2(connection, entry.name, entry.args, kFlags, nullptr,
                                                nullptr, entry.step, entry.final, nullptr);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

}  // namespace tenon
