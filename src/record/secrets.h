// Secrets inside JSON: finding, masking and keeping them. A secret field of a shape is sealed text
// inside the document, so that the rest of it stays readable.
#pragma once

#include <boost/json/value.hpp>

#include "model/type.h"

namespace tenon {

// Whether a value of the type is or may contain a sealed secret.
bool HoldsSecret(const model::Type& type);

// Replaces every secret inside the document by kSealedMark.
void MaskSecrets(boost::json::value& document, const model::Type& type,
                 const boost::json::object* siblings = nullptr);

// The shape that a document of a type must have, by its discriminator or its sibling; null when
// any JSON is right, or when it cannot be told.
const model::Shape* ShapeOf(const model::Type& type, const boost::json::value& document,
                            const boost::json::object* siblings);

}  // namespace tenon
