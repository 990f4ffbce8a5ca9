#include "search/query.h"

#include <algorithm>
#include <utility>

#include "search/tokens.h"

namespace tenon::search {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// One piece between blanks, or between quotes.
struct Piece {
  std::string_view text;
  bool quoted = false, excluded = false, prefix = false;
};

std::vector<Piece> Pieces(std::string_view text) {
  std::vector<Piece> pieces;
  std::size_t at = 0;
  while (at < text.size()) {
    if (IsBlank(text[at])) {
      ++at;
      continue;
    }
    Piece piece;
    if (text[at] == '-' && at + 1 < text.size() && !IsBlank(text[at + 1]) && text[at + 1] != '-') {
      piece.excluded = true;
      ++at;
    }
    if (text[at] == '"') {
      const std::size_t end = text.find('"', at + 1);
      if (end != text.npos) {
        piece.quoted = true;
        piece.text = text.substr(at + 1, end - at - 1);
        at = end + 1;
        pieces.push_back(piece);
        continue;
      }
    }
    std::size_t end = at;
    while (end < text.size() && !IsBlank(text[end])) ++end;
    piece.text = text.substr(at, end - at);
    piece.prefix = piece.text.size() > 1 && piece.text.back() == '*';
    at = end;
    pieces.push_back(piece);
  }
  return pieces;
}

// The words of a piece; pairs of one run of a solid script become one word.
std::vector<QueryWord> WordsOf(std::string_view text) {
  std::vector<QueryWord> words;
  std::uint32_t last = 0;
  for (Token& token : Tokenize(text, 8 * kQueryWordsMax)) {
    const bool follows = !words.empty() && token.word == last;
    last = token.word;
    if (token.kind == Token::Kind::kWord || !follows) {
      QueryWord word;
      word.solid = token.kind == Token::Kind::kPair;
      word.text = token.text;
      if (word.solid) word.parts.push_back(token.text);
      words.push_back(std::move(word));
    } else {
      words.back().parts.push_back(std::move(token.text));
    }
  }
  // One character of such a script is the beginning of pairs.
  for (QueryWord& word : words) word.prefix = word.solid && word.parts.size() == 1;
  return words;
}

}  // namespace

std::string PhraseForm(std::string_view text) {
  std::string out = " ";
  for (const Token& token : Tokenize(text)) {
    if (token.kind == Token::Kind::kPart) continue;
    out += token.text;
    out += ' ';
  }
  return out;
}

TextQuery ParseTextQuery(std::string_view text) {
  if (text.size() > kQueryBytesMax) {
    std::size_t end = kQueryBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end);
  }
  TextQuery query;
  const std::vector<Piece> pieces = Pieces(text);
  std::string name;
  for (const Piece& piece : pieces) {
    std::vector<QueryWord> words = WordsOf(piece.text);
    auto& to = piece.excluded ? query.excluded : query.words;
    if (piece.quoted && !piece.excluded && words.size() > 1) {
      query.phrases.push_back(PhraseForm(piece.text));
    }
    if (piece.prefix && !words.empty()) words.back().prefix = true;
    for (QueryWord& word : words) {
      if (to.size() < kQueryWordsMax && std::ranges::find(to, word) == to.end()) {
        to.push_back(std::move(word));
      }
    }
    if (piece.excluded) continue;
    if (!name.empty()) name += ' ';
    name += piece.prefix ? piece.text.substr(0, piece.text.size() - 1) : piece.text;
  }
  // Nothing to take it from: then it is what is looked for.
  if (query.words.empty() && name.empty()) std::swap(query.words, query.excluded);
  // The last word may still be being typed.
  if (!pieces.empty() && !pieces.back().quoted && !pieces.back().excluded && !query.words.empty()) {
    query.words.back().prefix = true;
  }
  query.name = FoldName(name);
  return query;
}

}  // namespace tenon::search
