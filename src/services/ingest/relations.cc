#include "services/ingest/relations.h"

#include <algorithm>
#include <cstddef>

namespace tenon::ingest {
namespace {

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
// dpkg takes capitals and underscores too, so packages with them exist.
bool IsNameByte(char c) {
  return IsAlphanumeric(c) || c == '+' || c == '-' || c == '.' || c == '_';
}
bool IsVersionByte(char c) {
  return IsAlphanumeric(c) || c == '.' || c == '+' || c == '-' || c == '~' || c == ':';
}
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<RelationGroup>> Groups() {
    std::vector<RelationGroup> groups;
    SkipSpace();
    while (at_ < text_.size()) {
      groups.push_back(TRY(Group()));
      if (at_ == text_.size()) break;
      if (text_[at_] != ',') return Expected("a comma or '|'");
      ++at_;
      SkipSpace();  // a comma at the very end is tolerated
    }
    return groups;
  }

 private:
  Result<RelationGroup> Group() {
    RelationGroup group;
    group.push_back(TRY(Relation()));
    while (Take('|')) {
      SkipSpace();
      group.push_back(TRY(Relation()));
    }
    return group;
  }

  Result<PackageRelation> Relation() {
    PackageRelation relation;
    if (at_ == text_.size() || !IsAlphanumeric(text_[at_]))
      return Expected("the name of a package");
    relation.name = TakeWhile(IsNameByte);
    if (Take(':')) {
      relation.architecture = TakeWhile([](char c) { return IsAlphanumeric(c) || c == '-'; });
      if (relation.architecture.empty()) return Expected("an architecture");
    }
    SkipSpace();
    if (Take('(')) {
      TRY(Version(relation));
      SkipSpace();
    }
    return relation;
  }

  Result<> Version(PackageRelation& relation) {
    SkipSpace();
    relation.relation = TakeWhile([](char c) { return c == '<' || c == '=' || c == '>'; });
    if (relation.relation == "<") relation.relation = "<=";
    if (relation.relation == ">") relation.relation = ">=";
    const std::string& operation = relation.relation;
    if (operation != "<<" && operation != "<=" && operation != "=" && operation != ">=" &&
        operation != ">>") {
      at_ -= operation.size();
      return Expected("<<, <=, =, >= or >>");
    }
    SkipSpace();
    relation.version = TakeWhile(IsVersionByte);
    if (relation.version.empty()) return Expected("a version");
    SkipSpace();
    if (!Take(')')) return Expected("')'");
    return {};
  }

  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  template <typename Predicate>
  std::string TakeWhile(Predicate predicate) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && predicate(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }
  [[nodiscard]] std::unexpected<Error> Expected(std::string_view what) const {
    std::string found = "the end";
    if (at_ < text_.size()) {
      const char c = text_[at_];
      found = c > ' ' && c <= '~' ? std::string("'") + c + "'" : "another character";
    }
    return Fail(Code::kInvalidArgument, "character " + std::to_string(at_ + 1) + ": expected " +
                                            std::string(what) + ", but found " + found);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<RelationGroup>> ParseRelations(std::string_view field) {
  return Parser(field).Groups();
}

Result<std::vector<PackageRelation>> ParseProvides(std::string_view field) {
  std::vector<PackageRelation> provides;
  for (RelationGroup& group : TRY(ParseRelations(field))) {
    if (group.size() > 1) {
      return Fail(Code::kInvalidArgument,
                  "'" + ToString(group) + "' has alternatives, which nothing can provide");
    }
    if (!group[0].relation.empty() && group[0].relation != "=") {
      return Fail(Code::kInvalidArgument,
                  "'" + ToString(group) + "' is not one version; only = is allowed");
    }
    provides.push_back(std::move(group[0]));
  }
  return provides;
}

std::string ToString(const RelationGroup& group) {
  std::string out;
  for (const PackageRelation& relation : group) {
    if (!out.empty()) out += " | ";
    out += relation.name;
    if (!relation.architecture.empty()) out += ":" + relation.architecture;
    if (!relation.relation.empty()) out += " (" + relation.relation + " " + relation.version + ")";
  }
  return out;
}

}  // namespace tenon::ingest
