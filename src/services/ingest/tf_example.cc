#include "services/ingest/tf_example.h"

#include <fmt/format.h>

#include <bit>

#include "services/ingest/wire.h"

namespace tenon::ingest {
namespace {

using Type = WireField::Type;

class Decoder {
 public:
  explicit Decoder(const TfExampleLimits& limits)
      : limits_(limits), values_left_(limits.values_max) {}

  Result<TfExample> Example(std::string_view message) {
    TfExample example;
    WireReader reader(message);
    WireField field;
    while (TRY(reader.Next(field))) {
      if (field.type != Type::kBytes) continue;
      if (field.number == 1) TRY(Features(field.bytes, example));
      if (field.number == 2) TRY(Lists(field.bytes, example));
    }
    return example;
  }

 private:
  // map<string, V> is a repeated message of key and value.
  template <typename V, typename DecodeValue>
  Result<> Map(std::string_view message, std::vector<std::pair<std::string_view, V>>& out,
               DecodeValue decode) {
    WireReader reader(message);
    WireField entry;
    while (TRY(reader.Next(entry))) {
      if (entry.number != 1 || entry.type != Type::kBytes) continue;
      std::string_view name;
      V value;
      WireReader parts(entry.bytes);
      WireField part;
      while (TRY(parts.Next(part))) {
        if (part.type != Type::kBytes) continue;
        if (part.number == 1) name = part.bytes;
        if (part.number == 2) TRY(decode(part.bytes, value));
      }
      bool replaced = false;
      for (auto& [known, present] : out) {
        if (known != name) continue;
        present = std::move(value);
        replaced = true;
        break;
      }
      if (replaced) continue;
      if (out.size() >= limits_.features_max) {
        return Fail(Code::kTooLarge,
                    fmt::format("the record has over {} features", limits_.features_max));
      }
      out.emplace_back(name, std::move(value));
    }
    return {};
  }

  Result<> Features(std::string_view message, TfExample& example) {
    return Map(message, example.features,
               [this](std::string_view bytes, TfFeature& value) { return Feature(bytes, value); });
  }

  Result<> Lists(std::string_view message, TfExample& example) {
    return Map(message, example.lists,
               [this](std::string_view bytes, std::vector<TfFeature>& steps) -> Result<> {
                 WireReader reader(bytes);
                 WireField field;
                 while (TRY(reader.Next(field))) {
                   if (field.number != 1 || field.type != Type::kBytes) continue;
                   TRY(TakeValue());
                   TRY(Feature(field.bytes, steps.emplace_back()));
                 }
                 return {};
               });
  }

  Result<> Feature(std::string_view message, TfFeature& out) {
    WireReader reader(message);
    WireField field;
    while (TRY(reader.Next(field))) {
      if (field.type != Type::kBytes) continue;
      if (field.number == 1) TRY(Bytes(field.bytes, out));
      if (field.number == 2) TRY(Floats(field.bytes, out));
      if (field.number == 3) TRY(Ints(field.bytes, out));
    }
    return {};
  }

  Result<> Bytes(std::string_view message, TfFeature& out) {
    WireReader reader(message);
    WireField field;
    while (TRY(reader.Next(field))) {
      if (field.number != 1 || field.type != Type::kBytes) continue;
      TRY(TakeValue());
      out.bytes.push_back(field.bytes);
    }
    return {};
  }

  // Packed, as everything of the last ten years is, or one by one.
  Result<> Floats(std::string_view message, TfFeature& out) {
    WireReader reader(message);
    WireField field;
    while (TRY(reader.Next(field))) {
      if (field.number != 1) continue;
      if (field.type == Type::kFixed32) {
        TRY(TakeValue());
        out.floats.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(field.number_value)));
      } else if (field.type == Type::kBytes) {
        if (field.bytes.size() % 4 != 0) {
          return Fail(Code::kInvalidArgument, "a list of floats has an odd length");
        }
        TRY(TakeValues(field.bytes.size() / 4));
        out.floats.reserve(out.floats.size() + field.bytes.size() / 4);
        for (std::size_t i = 0; i < field.bytes.size(); i += 4) {
          std::uint32_t bits = 0;
          for (std::size_t b = 4; b > 0; --b) {
            bits = bits << 8 | static_cast<std::uint8_t>(field.bytes[i + b - 1]);
          }
          out.floats.push_back(std::bit_cast<float>(bits));
        }
      }
    }
    return {};
  }

  Result<> Ints(std::string_view message, TfFeature& out) {
    WireReader reader(message);
    WireField field;
    while (TRY(reader.Next(field))) {
      if (field.number != 1) continue;
      if (field.type == Type::kVarint) {
        TRY(TakeValue());
        out.ints.push_back(static_cast<std::int64_t>(field.number_value));
      } else if (field.type == Type::kBytes) {
        std::string_view rest = field.bytes;
        while (!rest.empty()) {
          std::uint64_t value = 0;
          TRY(TakeValue());
          if (!WireReader::TakeVarint(rest, value)) {
            return Fail(Code::kInvalidArgument, "a list of whole numbers is cut off");
          }
          out.ints.push_back(static_cast<std::int64_t>(value));
        }
      }
    }
    return {};
  }

  Result<> TakeValue() { return TakeValues(1); }
  Result<> TakeValues(std::size_t count) {
    if (count > values_left_) {
      return Fail(Code::kTooLarge,
                  fmt::format("the record has over {} values", limits_.values_max));
    }
    values_left_ -= count;
    return {};
  }

  const TfExampleLimits& limits_;
  std::size_t values_left_;
};

}  // namespace

const TfFeature* TfExample::Find(std::string_view name) const {
  for (const auto& [known, feature] : features) {
    if (known == name) return &feature;
  }
  return nullptr;
}

const std::vector<TfFeature>* TfExample::FindList(std::string_view name) const {
  for (const auto& [known, steps] : lists) {
    if (known == name) return &steps;
  }
  return nullptr;
}

Result<TfExample> DecodeTfExample(std::string_view message, const TfExampleLimits& limits) {
  return Decoder(limits).Example(message);
}

}  // namespace tenon::ingest
