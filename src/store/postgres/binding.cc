#include "store/postgres/binding.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <type_traits>
#include <variant>

#include "base/json.h"

namespace tenon {
namespace {

// Room longer than this is given back, so that one large document does not stay in memory.
constexpr std::size_t kTextKeptBytesMax = 64 << 10;

template <typename Number>
Number Parsed(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

void PgParameters::Clear() {
  if (text_.capacity() > kTextKeptBytesMax) std::string().swap(text_);
  text_.clear();
  slots_.clear();
}

Result<void> PgParameters::Encode(std::span<const Value> values) {
  Clear();
  for (const Value& value : values) slots_.push_back(TRY(EncodeOne(value)));
  return {};
}

Result<void> PgParameters::Append(std::span<const Value> values) {
  const std::size_t slots = slots_.size();
  const std::size_t bytes = text_.size();
  for (const Value& value : values) {
    Result<Slot> slot = EncodeOne(value);
    if (!slot) {
      slots_.resize(slots);
      text_.resize(bytes);
      return Fail(std::move(slot).error());
    }
    if (slot->borrowed != nullptr) {
      const auto offset = static_cast<std::ptrdiff_t>(text_.size());
      text_.append(value.As<std::string>()) += '\0';
      *slot = {nullptr, offset};
    }
    slots_.push_back(*slot);
  }
  return {};
}

// Only now, because text_ moves while it grows.
std::span<const char* const> PgParameters::pointers() {
  pointers_.clear();
  for (const Slot& slot : slots_) {
    pointers_.push_back(slot.offset < 0 ? slot.borrowed : text_.data() + slot.offset);
  }
  return pointers_;
}

Result<PgParameters::Slot> PgParameters::EncodeOne(const Value& value) {
  if (value.IsNull()) return Slot{};
  if (const auto* text = value.If<std::string>()) {
    if (text->find('\0') != std::string::npos) {
      return Fail(Code::kInvalidArgument, "text cannot hold the character NUL");
    }
    return Slot{text->c_str(), -1};
  }
  const auto offset = static_cast<std::ptrdiff_t>(text_.size());
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, bool>) {
          text_ += v ? "true" : "false";
        } else if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, double>) {
          fmt::format_to(std::back_inserter(text_), "{}", v);
        } else if constexpr (std::is_same_v<T, Decimal>) {
          text_ += v.ToString();
        } else if constexpr (std::is_same_v<T, Uuid>) {
          v.AppendTo(text_);
        } else if constexpr (std::is_same_v<T, Time>) {
          AppendTime(v, text_);
        } else if constexpr (std::is_same_v<T, Duration>) {
          text_ += FormatDuration(v);
        } else if constexpr (std::is_same_v<T, boost::json::value>) {
          AppendCanonicalJson(v, text_);
        }
      },
      value.storage());
  text_ += '\0';
  return Slot{nullptr, offset};
}

std::int64_t PgRow::Int(int column) const {
  const std::string_view text = Text(column);
  if (text == "t") return 1;
  return Parsed<std::int64_t>(text);
}

double PgRow::Float(int column) const { return Parsed<double>(Text(column)); }

ColumnView PgRow::View(int column) const {
  ColumnView view;
  if (IsNull(column)) return view;
  view.kind = ColumnValue::Kind::kText;
  view.text = Text(column);
  return view;
}

}  // namespace tenon
