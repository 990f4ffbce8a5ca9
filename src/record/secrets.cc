#include "record/secrets.h"

#include <set>

#include "record/decode.h"

namespace tenon {
namespace {

using model::Shape;
using model::Type;
using model::TypeKind;

// Shapes may hold themselves, so each is looked at once.
class SecretFinder {
 public:
  bool In(const Type& type) {
    if (type.kind == TypeKind::kSecret) return true;
    if (type.element && In(*type.element)) return true;
    if (type.shape != nullptr && In(*type.shape)) return true;
    if (type.union_ != nullptr) {
      for (const auto& [name, shape] : type.union_->cases) {
        if (In(*shape)) return true;
      }
    }
    if (type.by != nullptr) {
      for (const auto& [name, shape] : type.by->cases) {
        if (In(*shape)) return true;
      }
    }
    return false;
  }

 private:
  bool In(const Shape& shape) {
    if (!seen_.insert(&shape).second) return false;
    for (const model::ShapeField& field : shape.fields) {
      if (In(field.type)) return true;
    }
    return shape.rest && In(*shape.rest);
  }

  std::set<const Shape*> seen_;
};

void Mask(json::value& document, const Type& type, const json::object* siblings);

void MaskShape(json::object& object, const Shape& shape) {
  for (auto& member : object) {
    const model::ShapeField* field = shape.Find(member.key());
    if (field != nullptr) {
      Mask(member.value(), field->type, &object);
    } else if (shape.rest) {
      Mask(member.value(), *shape.rest, &object);
    }
  }
}

void Mask(json::value& document, const Type& type, const json::object* siblings) {
  if (document.is_null()) return;
  if (type.kind == TypeKind::kSecret) {
    document = json::value(json::string(kSealedMark));
    return;
  }
  if (type.kind == TypeKind::kList && document.is_array()) {
    for (json::value& element : document.get_array()) Mask(element, *type.element, nullptr);
    return;
  }
  if (!document.is_object()) return;
  json::object& object = document.get_object();
  if (type.kind == TypeKind::kMap) {
    for (auto& member : object) Mask(member.value(), *type.element, nullptr);
    return;
  }
  if (const Shape* shape = ShapeOf(type, document, siblings)) return MaskShape(object, *shape);
  // It cannot be told which shape it has: what is secret in any of them is masked.
  if (type.union_ != nullptr) {
    for (const auto& [name, shape] : type.union_->cases) MaskShape(object, *shape);
  }
  if (type.by != nullptr && siblings == nullptr) {
    for (const auto& [name, shape] : type.by->cases) MaskShape(object, *shape);
  }
}

}  // namespace

bool HoldsSecret(const Type& type) {
  switch (type.kind) {
    case TypeKind::kSecret:
      return true;
    case TypeKind::kJson:
    case TypeKind::kList:
    case TypeKind::kMap:
      return SecretFinder().In(type);
    default:
      return false;
  }
}

void MaskSecrets(json::value& document, const Type& type, const json::object* siblings) {
  Mask(document, type, siblings);
}

const Shape* ShapeOf(const Type& type, const json::value& document, const json::object* siblings) {
  if (type.shape != nullptr) return type.shape;
  const auto pick = [](const auto& cases, const json::value* choice) -> const Shape* {
    if (choice == nullptr || !choice->is_string()) return nullptr;
    for (const auto& [name, shape] : cases) {
      if (choice->get_string() == name) return shape;
    }
    return nullptr;
  };
  if (type.union_ != nullptr) {
    const json::object* object = document.if_object();
    return object == nullptr
               ? nullptr
               : pick(type.union_->cases, object->if_contains(type.union_->discriminator));
  }
  if (type.by != nullptr && siblings != nullptr) {
    return pick(type.by->cases, siblings->if_contains(type.by->field));
  }
  return nullptr;
}

}  // namespace tenon
