#include "search/facet_terms.h"

#include <optional>
#include <string>

namespace tenon::search {
namespace {

// A literal as facet values are kept; nullopt for what is kept otherwise or cut.
std::optional<std::string> FacetText(const model::Expression& literal) {
  if (literal.op != model::Op::kLiteral) return std::nullopt;
  if (const std::string* text = literal.value.If<std::string>()) {
    if (text->empty() || text->size() >= kFacetValueBytesMax) return std::nullopt;
    return *text;
  }
  if (const bool* truth = literal.value.If<bool>()) return *truth ? "true" : "false";
  return std::nullopt;
}

const SearchFacet* FacetOf(const model::Expression& path, const SearchPlan& plan) {
  if (path.op != model::Op::kPath || !path.path.hops.empty() || !path.path.json_path.empty() ||
      path.path.root != model::Root::kRow || path.path.field == nullptr) {
    return nullptr;
  }
  const model::Type& type = path.path.field->type;
  if (!type.IsTextLike() && type.kind != model::TypeKind::kBool) return nullptr;
  return plan.FindFacet(path.path.field->name);
}

bool AddTerm(const model::Expression& condition, const SearchPlan& plan, FacetTerms& out) {
  const bool equals = condition.op == model::Op::kEq;
  if (!equals && condition.op != model::Op::kIn) return false;
  if (condition.args.size() < 2) return false;
  const SearchFacet* facet = FacetOf(*condition.args[0], plan);
  if (facet == nullptr) return false;
  FacetTerm term{facet->name, {}};
  for (std::size_t i = 1; i < condition.args.size(); ++i) {
    auto value = FacetText(*condition.args[i]);
    if (!value) return false;
    term.values.push_back(*std::move(value));
  }
  out.terms.push_back(std::move(term));
  return true;
}

void Gather(const model::Expression& filter, const SearchPlan& plan, FacetTerms& out) {
  if (filter.op == model::Op::kAnd) {
    for (const model::ExpressionPtr& part : filter.args) Gather(*part, plan, out);
  } else if (!AddTerm(filter, plan, out)) {
    out.whole = false;
  }
}

}  // namespace

FacetTerms FacetTermsOf(const model::Expression& filter, const SearchPlan& plan) {
  FacetTerms terms;
  Gather(filter, plan, terms);
  return terms;
}

}  // namespace tenon::search
