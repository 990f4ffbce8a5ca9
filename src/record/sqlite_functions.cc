#include "record/sqlite_functions.h"

#include <new>

#include "base/json.h"
#include "base/text.h"
#include "record/functions.h"
#include "record/sqlite_values.h"
#include "record/text_case.h"

namespace tenon {
namespace {

constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

using Args = sqlite3_value**;

bool AnyNull(int count, Args args) {
  for (int i = 0; i < count; ++i) {
    if (sqlite3_value_type(args[i]) == SQLITE_NULL) return true;
  }
  return false;
}

// Null in, null out; and no exception may pass through SQLite's C code.
template <auto kBody>
void Call(sqlite3_context* context, int count, Args args) {
  if (AnyNull(count, args)) return sqlite3_result_null(context);
  try {
    SetResult(context, kBody(count, args));
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  } catch (const std::exception& e) {
    sqlite3_result_error(context, e.what(), -1);
  }
}

Value Micros(sqlite3_value* value) {
  if (sqlite3_value_type(value) != SQLITE_INTEGER) return {};
  return Duration(sqlite3_value_int64(value));
}

Value TimeOf(sqlite3_value* value) { return SqliteValueAs(value, "m"); }

// Durations leave as microseconds (sql_compiler.h).
Computed AsMicros(Computed computed) {
  if (!computed) return computed;
  const auto* duration = computed->If<Duration>();
  if (duration == nullptr) return computed;
  return Value(static_cast<std::int64_t>(duration->count()));
}

int ScaleOf(sqlite3_value* value) {
  const int scale = sqlite3_value_int(value);
  return scale < 0 ? 0 : scale > 18 ? 18 : scale;
}

// Units at a scale; a REAL stays what it is.
Value DecimalOf(sqlite3_value* value, sqlite3_value* scale) {
  if (sqlite3_value_type(value) != SQLITE_INTEGER) return SqliteValue(value);
  const int places = ScaleOf(scale);
  const std::int64_t units = sqlite3_value_int64(value);
  if (places == 0) return Value(units);
  return Value(Decimal{units, places});
}

Computed UnitsOf(Computed computed) {
  if (!computed) return computed;
  const auto* decimal = computed->If<Decimal>();
  return decimal == nullptr ? computed : Computed(Value(decimal->units));
}

Computed FoldText(int, Args a) { return Value(Fold(SqliteText(a[0]))); }
Computed LowerText(int, Args a) { return Value(ToLower(SqliteText(a[0]))); }
Computed UpperText(int, Args a) { return Value(ToUpper(SqliteText(a[0]))); }
Computed LikeText(int, Args a) { return Value(Like(SqliteText(a[0]), SqliteText(a[1]))); }
Computed StartsWith(int, Args a) { return Value(SqliteText(a[0]).starts_with(SqliteText(a[1]))); }

Computed Substr(int count, Args a) {
  const Value from = SqliteValue(a[1]);
  if (!from.Is<std::int64_t>()) return Value();
  if (count < 3) return Value(Substring(SqliteText(a[0]), from.As<std::int64_t>(), std::nullopt));
  const Value length = SqliteValue(a[2]);
  if (!length.Is<std::int64_t>()) return Value();
  return Value(Substring(SqliteText(a[0]), from.As<std::int64_t>(), length.As<std::int64_t>()));
}

Computed AddNumbers(int, Args a) { return Add(SqliteValue(a[0]), SqliteValue(a[1])); }
Computed SubNumbers(int, Args a) { return Subtract(SqliteValue(a[0]), SqliteValue(a[1])); }
Computed MulNumbers(int, Args a) { return Multiply(SqliteValue(a[0]), SqliteValue(a[1])); }
Computed DivNumbers(int, Args a) { return DivideWhole(SqliteValue(a[0]), SqliteValue(a[1])); }
Computed FdivNumbers(int, Args a) { return DivideFloat(SqliteValue(a[0]), SqliteValue(a[1])); }
Computed NegNumber(int, Args a) { return Negate(SqliteValue(a[0])); }
Computed AbsNumber(int, Args a) { return Absolute(SqliteValue(a[0])); }

Computed FloorDiv(int, Args a) {
  const std::int64_t x = sqlite3_value_int64(a[0]);
  const std::int64_t y = sqlite3_value_int64(a[1]);
  if (y <= 0) return Value();
  return Value(x / y - (x % y < 0 ? 1 : 0));
}

Computed RoundNumber(int count, Args a) {
  const Value digits = SqliteValue(a[1]);
  if (!digits.Is<std::int64_t>()) return Value();
  const Value number = count > 2 ? DecimalOf(a[0], a[2]) : SqliteValue(a[0]);
  return UnitsOf(Round(number, digits.As<std::int64_t>()));
}

Computed TimeAdd(int, Args a) { return AddToTime(TimeOf(a[0]), Micros(a[1])); }
Computed TimeDiff(int, Args a) { return AsMicros(Between(TimeOf(a[1]), TimeOf(a[0]))); }
Computed TimeBucket(int, Args a) { return BucketOf(TimeOf(a[0]), Micros(a[1])); }
Computed DurationScale(int, Args a) {
  return AsMicros(ScaleDuration(Micros(a[0]), SqliteValue(a[1]), sqlite3_value_int(a[2]) != 0));
}

Computed UuidText(int, Args a) { return ReadValueAs(Value(SqliteText(a[0])), {Kind::kUuid}); }
Computed TimeText(int, Args a) { return ReadValueAs(Value(SqliteText(a[0])), {Kind::kTime}); }
Computed NumberText(int, Args a) { return NumberOfText(SqliteText(a[0])); }

Computed MicrosText(int, Args a) {
  if (sqlite3_value_type(a[0]) == SQLITE_INTEGER) return SqliteValue(a[0]);
  return AsMicros(SqliteValueAs(a[0], "p"));
}

Computed DecimalCompare(int, Args a) {
  const auto order = CompareNumeric(DecimalOf(a[0], a[1]), DecimalOf(a[2], a[3]));
  if (!order) return Value();
  return Value(*order < 0 ? -1 : *order > 0 ? 1 : 0);
}

Computed DecimalOp(int, Args a) {
  const std::string_view sign = SqliteText(a[0]);
  const model::Op op = sign == "+"   ? model::Op::kAdd
                       : sign == "-" ? model::Op::kSub
                       : sign == "*" ? model::Op::kMul
                                     : model::Op::kDiv;
  return UnitsOf(DecimalOperation(op, DecimalOf(a[1], a[2]), DecimalOf(a[3], a[4]), ScaleOf(a[5])));
}

Computed DecimalFloat(int, Args a) {
  const Value number = DecimalOf(a[0], a[1]);
  if (const auto* decimal = number.If<Decimal>()) return Value(decimal->ToDouble());
  if (const auto* whole = number.If<std::int64_t>()) return Value(static_cast<double>(*whole));
  return number;
}

Computed JsonGet(int, Args a) {
  const auto document = ParseJson(SqliteText(a[0]));
  const auto keys = ParseJson(SqliteText(a[1]));
  if (!document || !keys || !keys->is_array()) return Value();
  std::vector<std::string> path;
  for (const json::value& key : keys->get_array()) {
    if (!key.is_string()) return Value();
    path.emplace_back(key.get_string());
  }
  const json::value* at = FindStep(*document, path);
  return at == nullptr ? Value() : Value(CanonicalJson(*at));
}

Computed Member(int, Args a) {
  const auto document = ParseJson(SqliteText(a[0]));
  if (!document || !document->is_array()) return Value(false);
  const std::string_view letter = SqliteText(a[2]);
  const Value wanted = SqliteValueAs(a[1], letter);
  for (const json::value& element : document->get_array()) {
    OperandKind kind{Kind::kText};
    if (wanted.Is<bool>()) kind = {Kind::kBool};
    if (wanted.Is<std::int64_t>() || wanted.Is<double>() || wanted.Is<Decimal>()) {
      kind = {Kind::kNumber};
    }
    if (wanted.Is<Duration>()) kind = {Kind::kDuration};
    if (wanted.Is<Time>()) kind = {Kind::kTime};
    if (wanted.Is<Uuid>()) kind = {Kind::kUuid};
    if (wanted.Is<json::value>()) kind = {Kind::kJson};
    const auto order = CompareMet(wanted, ReadValueAs(Value::Json(element), kind));
    if (order && *order == std::strong_ordering::equal) return Value(true);
  }
  return Value(false);
}

// Unlike the others it takes null: as nothing.
void Text(sqlite3_context* context, int, Args a) {
  if (sqlite3_value_type(a[0]) == SQLITE_NULL) {
    return sqlite3_result_text(context, "", 0, SQLITE_STATIC);
  }
  try {
    SetResult(context, Value(TextOf(SqliteValueAs(a[0], SqliteText(a[1])))));
  } catch (const std::exception& e) {
    sqlite3_result_error(context, e.what(), -1);
  }
}

struct Entry {
  const char* name;
  int args;
  void (*call)(sqlite3_context*, int, Args);
};

constexpr Entry kEntries[] = {
    {"tenon_fold", 1, Call<FoldText>},
    {"tenon_lower", 1, Call<LowerText>},
    {"tenon_upper", 1, Call<UpperText>},
    {"tenon_like", 2, Call<LikeText>},
    {"tenon_starts_with", 2, Call<StartsWith>},
    {"tenon_substr", 2, Call<Substr>},
    {"tenon_substr", 3, Call<Substr>},
    {"tenon_add", 2, Call<AddNumbers>},
    {"tenon_sub", 2, Call<SubNumbers>},
    {"tenon_mul", 2, Call<MulNumbers>},
    {"tenon_div", 2, Call<DivNumbers>},
    {"tenon_fdiv", 2, Call<FdivNumbers>},
    {"tenon_floor_div", 2, Call<FloorDiv>},
    {"tenon_neg", 1, Call<NegNumber>},
    {"tenon_abs", 1, Call<AbsNumber>},
    {"tenon_round", 2, Call<RoundNumber>},
    {"tenon_round", 3, Call<RoundNumber>},
    {"tenon_time_add", 2, Call<TimeAdd>},
    {"tenon_time_diff", 2, Call<TimeDiff>},
    {"tenon_bucket", 2, Call<TimeBucket>},
    {"tenon_duration_scale", 3, Call<DurationScale>},
    {"tenon_uuid", 1, Call<UuidText>},
    {"tenon_time", 1, Call<TimeText>},
    {"tenon_number", 1, Call<NumberText>},
    {"tenon_micros", 1, Call<MicrosText>},
    {"tenon_decimal_cmp", 4, Call<DecimalCompare>},
    {"tenon_decimal_op", 6, Call<DecimalOp>},
    {"tenon_decimal_float", 2, Call<DecimalFloat>},
    {"tenon_json_get", 2, Call<JsonGet>},
    {"tenon_member", 3, Call<Member>},
    {"tenon_text", 2, Text},
};

}  // namespace

Result<void> RegisterSqlFunctions(sqlite3* connection) {
  int code = SQLITE_OK;
  for (const Entry& entry : kEntries) {
    code = sqlite3_create_function_v2(connection, entry.name, entry.args, kFlags, nullptr,
                                      entry.call, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) break;
  }
  if (code == SQLITE_OK) code = RegisterSqlAggregates(connection);
  if (code == SQLITE_OK) return {};
  return Fail(Code::kInternal,
              std::string("SQLite does not take our functions: ") + sqlite3_errstr(code));
}

}  // namespace tenon
