#include "http/message.h"

#include <algorithm>

namespace tenon::http {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

bool EqualFold(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return x == y || Lower(x) == Lower(y);
         });
}

void Headers::Set(std::string name, std::string value) {
  Remove(name);
  Add(std::move(name), std::move(value));
}

void Headers::Add(std::string name, std::string value) {
  entries_.emplace_back(std::move(name), std::move(value));
}

void Headers::Remove(std::string_view name) {
  std::erase_if(entries_, [&](const auto& entry) { return EqualFold(entry.first, name); });
}

std::string_view Headers::Get(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (EqualFold(key, name)) return value;
  }
  return {};
}

bool Headers::Has(std::string_view name) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const auto& entry) { return EqualFold(entry.first, name); });
}

std::optional<std::string_view> Request::Query(std::string_view name) const {
  for (auto entry = query.rbegin(); entry != query.rend(); ++entry) {
    if (entry->first == name) return entry->second;
  }
  return std::nullopt;
}

}  // namespace tenon::http
