// The one style of model files.
#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "model/check.h"
#include "model/format_expression.h"
#include "model/format_parts.h"
#include "model/format_writer.h"
#include "model/parser.h"
#include "model/words.h"

namespace tenon::model {
namespace {

std::uint32_t End(Span span) { return span.offset + span.length; }

class Formatter {
 public:
  Formatter(std::string_view source, const std::vector<Comment>& comments)
      : writer_(source, comments) {}

  std::string Run(const ast::File& file) {
    writer_.Before(file.span.offset, End(file.span));
    writer_.Line("model " + file.name.text + FormatDescription(file.description));
    writer_.After(End(file.span));
    bool short_before = false;
    for (const ast::Declaration& declaration : file.declarations) {
      const Span span = std::visit([](const auto& d) { return d.span; }, declaration);
      const bool one_line = OneLine(declaration);
      // Only declarations of one line may follow each other directly.
      if (!one_line || !short_before) writer_.Blank();
      writer_.Before(span.offset, span.offset);
      std::visit([&](const auto& d) { Write(d); }, declaration);
      writer_.After(End(span));
      short_before = one_line;
    }
    return writer_.Finish();
  }

 private:
  bool OneLine(const ast::Declaration& declaration) {
    if (const auto* e = std::get_if<ast::Enum>(&declaration)) return !EnumLine(*e).empty();
    if (const auto* s = std::get_if<ast::Shape>(&declaration)) return !ShapeLine(*s).empty();
    if (const auto* u = std::get_if<ast::Union>(&declaration)) return !UnionLine(*u).empty();
    if (const auto* e = std::get_if<ast::Entity>(&declaration)) return !EntityLine(*e).empty();
    return false;
  }

  static std::string EnumHead(const ast::Enum& e) {
    return (e.extend ? "extend enum " : "enum ") + e.name.text + FormatDescription(e.description) +
           " {";
  }

  // The whole on one line, or nothing when it was not written so or does not fit.
  [[nodiscard]] std::string EnumLine(const ast::Enum& e) const {
    if (!e.one_line) return "";
    std::string out = EnumHead(e);
    // Quoted values and descriptions need commas to tell them apart.
    const bool commas = std::any_of(e.values.begin(), e.values.end(), [](const ast::EnumValue& v) {
      return v.name.quoted || v.description || v.was;
    });
    for (std::size_t i = 0; i < e.values.size(); ++i) {
      out += (i > 0 && commas ? ", " : " ") + FormatEnumValue(e.values[i]);
    }
    out += " }";
    return out.size() <= kFormatColumns ? out : "";
  }

  void Write(const ast::Enum& e) {
    if (std::string line = EnumLine(e); !line.empty()) return writer_.Line(std::move(line));
    writer_.Line(EnumHead(e));
    writer_.Open(e.span.offset);
    for (const ast::EnumValue& value : e.values) {
      Span span = value.name.span;
      if (value.was) span = Join(span, value.was.span);
      if (value.description) span = Join(span, value.description->span);
      writer_.Before(span.offset, End(span));
      std::string rest = value.was ? "was " + FormatName(value.was) : "";
      if (value.description)
        rest += (rest.empty() ? "" : " ") + EncodeString(value.description->text);
      writer_.Row({FormatName(value.name), std::move(rest)});
      writer_.After(End(span));
    }
    writer_.Close(e.end.offset, "}");
  }

  static std::string ShapeHead(const ast::Shape& s) {
    return "shape " + s.name.text + (s.open ? " open" : "") + FormatDescription(s.description) +
           " {";
  }

  [[nodiscard]] std::string ShapeLine(const ast::Shape& s) const {
    if (!s.one_line) return "";
    std::string out = ShapeHead(s);
    bool first = true;
    for (const ast::ShapeItem& item : s.items) {
      const auto* field = std::get_if<ast::ShapeField>(&item);
      // Such a name would be read as part of what stands before it.
      const bool unclear =
          field != nullptr && !field->name.quoted &&
          (std::isupper(static_cast<unsigned char>(field->name.text[0])) != 0 ||
           IsTypeWord(field->name.text) || field->name.text == "v4" || field->name.text == "by");
      if (!first && unclear) return "";
      out += first ? " " : "  ";
      first = false;
      out += FormatShapeItem(item);
    }
    out += " }";
    return out.size() <= kFormatColumns ? Flat(out) : "";
  }

  void Write(const ast::Shape& s) {
    if (std::string line = ShapeLine(s); !line.empty()) return writer_.Line(std::move(line));
    writer_.Line(ShapeHead(s));
    writer_.Open(s.span.offset);
    for (const ast::ShapeItem& item : s.items) {
      const Span span = std::visit([](const auto& i) { return i.span; }, item);
      writer_.Before(span.offset, End(span));
      if (const auto* field = std::get_if<ast::ShapeField>(&item)) {
        writer_.Row(
            {FormatName(field->name), FormatType(field->type), FormatShapeModifiers(*field)});
      } else if (const auto* rest = std::get_if<ast::ShapeRest>(&item)) {
        writer_.Row({"*", FormatType(rest->type), ""});
      } else {
        writer_.Line(FormatShapeItem(item));
      }
      writer_.After(End(span));
    }
    writer_.Close(s.end.offset, "}");
  }

  static std::string UnionHead(const ast::Union& u) {
    return "union " + u.name.text + " by " + u.discriminator.text +
           FormatDescription(u.description) + " {";
  }

  [[nodiscard]] std::string UnionLine(const ast::Union& u) const {
    if (!u.one_line) return "";
    std::string out = UnionHead(u) + " " + Flat(FormatNames(u.shapes)) + " }";
    return out.size() <= kFormatColumns ? out : "";
  }

  void Write(const ast::Union& u) {
    if (std::string line = UnionLine(u); !line.empty()) return writer_.Line(std::move(line));
    writer_.Line(UnionHead(u));
    writer_.Open(u.span.offset);
    for (const ast::Name& shape : u.shapes) {
      writer_.Before(shape.span.offset, End(shape.span));
      writer_.Line(shape.text);
      writer_.After(End(shape.span));
    }
    writer_.Close(u.end.offset, "}");
  }

  static std::string EntityHead(const ast::Entity& e) {
    std::string out = e.extend ? "extend entity " : e.global ? "global entity " : "entity ";
    out += e.name.text;
    if (e.table) out += " in " + e.table.text;
    if (e.was) out += " was " + e.was.text;
    return out + FormatDescription(e.description) + " {";
  }

  [[nodiscard]] std::string EntityLine(const ast::Entity& e) const {
    if (!e.one_line || e.items.size() != 1) return "";
    std::string item = Flat(FormatClause(e.items[0]));
    if (const auto* field = std::get_if<ast::Field>(&e.items[0])) {
      const std::string rest = FormatModifiers(*field);
      item =
          Flat(field->name.text + " " + FormatType(field->type) + (rest.empty() ? "" : " " + rest));
    }
    if (item.empty()) return "";
    std::string out = EntityHead(e) + " " + item + " }";
    return out.size() <= kFormatColumns ? out : "";
  }

  void Write(const ast::Entity& e) {
    if (std::string line = EntityLine(e); !line.empty()) return writer_.Line(std::move(line));
    writer_.Line(EntityHead(e));
    writer_.Open(e.span.offset);
    bool field_before = false;
    for (std::size_t i = 0; i < e.items.size(); ++i) {
      const ast::Item& item = e.items[i];
      const Span span = std::visit([](const auto& it) { return it.span; }, item);
      const auto* lifecycle = std::get_if<ast::Lifecycle>(&item);
      const auto* event = std::get_if<ast::Event>(&item);
      const auto* field = std::get_if<ast::Field>(&item);
      // Fields and clauses stand apart.
      if (field_before && field == nullptr) writer_.Blank();
      field_before = field != nullptr;
      const bool whole = lifecycle == nullptr && event == nullptr;
      writer_.Before(span.offset, whole ? End(span) : span.offset);
      if (lifecycle != nullptr) {
        WriteLifecycle(*lifecycle);
      } else if (event != nullptr) {
        WriteEvent(*event);
      } else if (field != nullptr) {
        WriteField(*field);
      } else {
        writer_.Line(FormatClause(item));
      }
      writer_.After(End(span));
    }
    writer_.Close(e.end.offset, "}");
  }

  void WriteField(const ast::Field& field) {
    std::string type = FormatType(field.type);
    std::string rest = FormatModifiers(field);
    // A type that needs a line of its own does not take part in the columns.
    if (field.name.text.size() + 1 + type.size() + 1 + rest.size() > writer_.Room() &&
        type.find(kInnerBreak) != std::string::npos) {
      writer_.Line(field.name.text + " " + type + (rest.empty() ? "" : " " + rest));
      return;
    }
    writer_.Row({field.name.text, Flat(type), Flat(rest)});
  }

  void WriteLifecycle(const ast::Lifecycle& l) {
    writer_.Line("lifecycle " + FormatPath(l.path) + " {");
    writer_.Open(l.span.offset);
    if (l.initial) {
      writer_.Before(l.initial.span.offset, l.initial.span.offset);
      std::string line = "initial " + FormatName(l.initial);
      for (const ast::Name& other : l.may_begin) line += ", " + FormatName(other);
      writer_.Line(line);
      writer_.After(End(l.may_begin.empty() ? l.initial.span : l.may_begin.back().span));
    }
    for (const ast::Event& event : l.events) {
      writer_.Before(event.span.offset, event.span.offset);
      WriteEvent(event);
      writer_.After(End(event.span));
    }
    writer_.Close(l.end.offset, "}");
  }

  void WriteEvent(const ast::Event& e) {
    std::string head = "on " + e.name.text;
    if (e.to) {
      head += " " + (e.any_state ? "*" : Flat(FormatNames(e.from))) + " -> " + FormatName(e.to);
    }
    if (!e.by.empty()) head += " by " + FormatNames(e.by);
    if (e.auto_when) head += " auto when " + FormatExpression(*e.auto_when);
    head += FormatDescription(e.description);
    const std::string quiet = e.quiet ? " quiet" : "";
    if (e.takes.empty() && !e.when && e.set.empty()) return writer_.Line(head + quiet);
    std::string line = head + " {";
    if (!e.takes.empty()) line += " takes " + FormatTakes(e.takes) + " ";
    if (e.when) line += " when " + FormatExpression(*e.when) + " ";
    if (!e.set.empty()) line += " set " + FormatSet(e.set) + " ";
    line += "}" + quiet;
    if (e.one_line && line.size() <= writer_.Room()) return writer_.Line(std::move(line));
    writer_.Line(head + " {");
    writer_.Open(e.span.offset);
    // In one order, whatever the source has: comments follow what stands first.
    const std::size_t width = !e.takes.empty() ? 6 : e.when ? 5 : 4;
    if (!e.takes.empty()) {
      const ast::Take& last = e.takes.back();
      WriteBodyClause("takes", FormatTakes(e.takes), width, e.takes.front().name.span,
                      last.type ? last.type->span : last.name.span);
    }
    if (e.when) {
      WriteBodyClause("when", FormatExpression(*e.when), width, e.when->span, e.when->span);
    }
    if (!e.set.empty()) {
      WriteBodyClause("set", FormatSet(e.set), width, e.set.front().path.front().span,
                      e.set.back().value->span);
    }
    writer_.Close(End(e.span), "}" + quiet);
  }

  void WriteBodyClause(std::string word, const std::string& text, std::size_t width, Span first,
                       Span last) {
    word.resize(width, ' ');
    writer_.Before(first.offset, End(last), true);
    writer_.Line(word + text, width);
    writer_.After(End(last));
  }

  void Write(const ast::View& v) {
    std::string head = "view " + v.name.text;
    if (!v.parameters.empty()) {
      head += "(";
      for (std::size_t i = 0; i < v.parameters.size(); ++i) {
        const ast::Parameter& p = v.parameters[i];
        if (i > 0) head += ", ";
        head += p.name.text + " " + FormatType(p.type);
        if (p.default_value) head += " = " + FormatExpression(*p.default_value);
      }
      head += ")";
    }
    if (v.single) {
      writer_.Line(head + " of " + v.bodies[0].entity.text + FormatDescription(v.description) +
                   " {");
      writer_.Open(v.span.offset);
      WriteBody(v.bodies[0]);
      writer_.Close(v.end.offset, "}");
      return;
    }
    writer_.Line(head + FormatDescription(v.description) + " {");
    writer_.Open(v.span.offset);
    for (const ast::ViewBody& body : v.bodies) {
      writer_.Before(body.span.offset, body.span.offset);
      writer_.Line("of " + body.entity.text + " {");
      writer_.Open(body.span.offset);
      WriteBody(body);
      writer_.Close(body.end.offset, "}");
      writer_.After(End(body.end));
    }
    writer_.Close(v.end.offset, "}");
  }

  // Clauses come in one order; comments keep theirs.
  void WriteBody(const ast::ViewBody& b) {
    for (const ast::ViewJoin& join : b.joins) {
      WriteViewClause(fmt::format("join    {} as {} on {}", join.entity.text, join.alias.text,
                                  FormatExpression(*join.on)),
                      join.span, join.span);
    }
    if (b.where)
      WriteViewClause("where   " + FormatExpression(*b.where), b.where->span, b.where->span);
    if (!b.group.empty()) {
      std::string text = "group   ";
      for (std::size_t i = 0; i < b.group.size(); ++i) {
        if (i > 0) {
          text += ',';
          text += kBreak;
        }
        text += FormatExpression(*b.group[i]);
      }
      WriteViewClause(std::move(text), b.group.front()->span, b.group.back()->span);
    }
    if (!b.order.empty()) {
      std::string text = "order   ";
      for (std::size_t i = 0; i < b.order.size(); ++i) {
        if (i > 0) {
          text += ',';
          text += kBreak;
        }
        text += FormatOrder(b.order[i]);
      }
      WriteViewClause(std::move(text), b.order.front().value->span, b.order.back().value->span);
    }
    if (b.limit) WriteViewClause("limit   " + b.limit.text, b.limit.span, b.limit.span);
    if (b.select.empty()) return;
    std::string text = "select  ";
    for (std::size_t i = 0; i < b.select.size(); ++i) {
      if (i > 0) {
        text += ',';
        text += kBreak;
      }
      text += FormatColumn(b.select[i]);
    }
    WriteViewClause(std::move(text), b.select.front().span, b.select.back().span);
  }

  void WriteViewClause(std::string text, Span first, Span last) {
    writer_.Before(first.offset, End(last), true);
    writer_.Line(std::move(text), 8);
    writer_.After(End(last));
  }

  FormatWriter writer_;
};

}  // namespace

std::expected<std::string, std::vector<Diagnostic>> Format(const Sources& sources,
                                                           std::uint32_t file) {
  DiagnosticSink sink;
  const std::string& text = sources.file(file).text;
  if (text.size() > limits::kModelFileBytesMax) {
    sink.Report({file, 0, 1}, fmt::format("the file has {} bytes, at most {} are read", text.size(),
                                          limits::kModelFileBytesMax));
    return std::unexpected(sink.Take());
  }
  const Lexed lexed = Lex(text, file, LexMode::kModel, sink);
  const ast::File parsed = Parser(text, file, lexed, LexMode::kModel, sink).ParseFile();
  if (!sink.Empty()) return std::unexpected(sink.Take());
  return Formatter(text, lexed.comments).Run(parsed);
}

}  // namespace tenon::model
