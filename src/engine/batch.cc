// Many commands: item by item, or all in one transaction.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>

#include "base/json.h"
#include "base/limits.h"
#include "engine/impl.h"
#include "engine/permit.h"
#include "engine/replay.h"

namespace tenon {
namespace {

// "$2.id" -> the member of an earlier outcome; anything else stays.
Result<void> ResolveEarlier(json::value& value, const std::vector<Outcome>& earlier, int depth) {
  if (depth > static_cast<int>(limits::kJsonDepthMax)) return {};
  if (value.is_object()) {
    for (auto& member : value.as_object()) TRY(ResolveEarlier(member.value(), earlier, depth + 1));
  } else if (value.is_array()) {
    for (auto& item : value.as_array()) TRY(ResolveEarlier(item, earlier, depth + 1));
  } else if (value.is_string()) {
    const std::string_view text = value.as_string();
    const std::size_t dot = text.find('.');
    if (text.size() < 4 || text[0] != '$' || dot == std::string_view::npos) return {};
    std::size_t index = 0;
    for (const char c : text.substr(1, dot - 1)) {
      if (c < '0' || c > '9' || index > limits::kBatchCommandsMax) return {};
      index = index * 10 + static_cast<std::size_t>(c - '0');
    }
    if (index >= earlier.size()) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("'{}' names a command that is not before it", text));
    }
    auto row = TRY(ParseJson(earlier[index].body));
    const json::value* member =
        row.is_object() ? row.as_object().if_contains(text.substr(dot + 1)) : nullptr;
    if (member == nullptr) {
      return Fail(Code::kInvalidArgument, fmt::format("'{}': that row has no such field", text));
    }
    value = json::value(*member);
  }
  return {};
}

// Whether a text in it may name an earlier command; some that do not look as if they did.
bool NamesEarlier(const json::value& value, int depth = 0) {
  if (depth > static_cast<int>(limits::kJsonDepthMax)) return false;
  const auto inside = [depth](const json::value& item) { return NamesEarlier(item, depth + 1); };
  if (value.is_array()) return std::ranges::any_of(value.as_array(), inside);
  if (!value.is_object()) return value.is_string() && value.as_string().starts_with('$');
  return std::ranges::any_of(value.as_object(),
                             [&](const auto& member) { return inside(member.value()); });
}

// All commands in one job.
struct Batch final : Attempt {
  Batch(Engine::Impl& engine, const Caller& who) : impl(engine), caller(who) {}

  Result<void> Work(Transaction& transaction) override {
    WriteContext context{
        .caller = caller, .transaction = transaction, .now = now, .careful = careful};
    auto all = RunAll(context);
    Take(context);
    return all;
  }

  // What the commands ask that name no earlier one, for all of them at once.
  void Expect(Reader& reader) override {
    if (!replay.key.empty()) ExpectReplay(reader, caller, replay, now);
    for (std::size_t i = 0; i < commands.size(); ++i) {
      const bool creates = commands[i].op == Command::Op::kCreate;
      if (creates && !prepared[i]) continue;
      impl.writer.Expect(reader, caller, commands[i], creates ? &*prepared[i] : nullptr);
    }
  }

  // On the caller's thread. What cannot be prepared yet, or not at all, is looked at in its turn.
  void Prepare() {
    prepared.resize(commands.size());
    for (std::size_t i = 0; i < commands.size(); ++i) {
      if (commands[i].op != Command::Op::kCreate || NamesEarlier(commands[i].body)) continue;
      auto done = impl.writer.Prepare(caller, commands[i], now);
      if (done) prepared[i] = *std::move(done);
    }
  }

  Result<void> RunAll(WriteContext& context) {
    outcomes.clear();
    if (!replay.key.empty()) {
      auto earlier = TRY(FindReplay(context.transaction, caller, replay, now));
      if (earlier) {
        outcomes = *std::move(earlier);
        return {};
      }
    }
    for (std::size_t i = 0; i < commands.size(); ++i) {
      auto outcome = RunOne(context, i);
      if (!outcome) {
        Error error = std::move(outcome).error();
        error.details["index"] = i;
        return Fail(std::move(error));
      }
      outcomes.push_back(*std::move(outcome));
    }
    if (replay.key.empty()) return {};
    return SaveReplay(context.transaction, caller, replay, outcomes, now);
  }

  Result<Outcome> RunOne(WriteContext& context, std::size_t index) {
    context.trusted = commands[index].trusted;
    context.rows = 0;
    if (prepared[index]) return impl.writer.Create(context, commands[index], *prepared[index]);
    Command command = commands[index];
    json::value body = std::move(command.body);
    TRY(ResolveEarlier(body, outcomes, 0));
    json::value id = json::string(command.id);
    TRY(ResolveEarlier(id, outcomes, 0));
    command.body = std::move(body.as_object());
    command.id = id.is_string() ? std::string(id.as_string()) : command.id;
    return impl.writer.Run(context, command);
  }

  void Done(Result<void> result) override {
    if (!result) return done(std::unexpected(std::move(result).error()));
    std::vector<Result<Outcome>> results;
    for (Outcome& outcome : outcomes) results.emplace_back(std::move(outcome));
    done(std::move(results));
  }

  Engine::Impl& impl;
  const Caller caller;
  std::vector<Command> commands;
  std::vector<std::optional<PreparedCreate>> prepared;  // by command
  Idempotent replay;
  Time now;
  Engine::BatchDone done;
  std::vector<Outcome> outcomes;  // set by each run anew
};

}  // namespace

void Engine::ApplyBatch(const Caller& caller, std::vector<Command> commands, bool atomic,
                        Idempotent replay, BatchDone done, ApplyOptions options) {
  Impl& impl = *impl_;
  if (commands.size() > limits::kBatchCommandsMax) {
    return done(Fail(Code::kTooLarge, fmt::format("a batch has at most {} commands; this has {}",
                                                  limits::kBatchCommandsMax, commands.size())));
  }
  if (commands.empty()) return done(std::vector<Result<Outcome>>{});
  if (!atomic) {
    // Item by item: each its own job with its own key, so that a repeated request does again only
    // what was not done.
    struct Items {
      std::vector<Result<Outcome>> results;
      std::atomic<std::size_t> left;
      BatchDone done;
    };
    auto items = std::make_shared<Items>();
    items->results.assign(commands.size(), Result<Outcome>());
    items->left = commands.size();
    items->done = std::move(done);
    for (std::size_t i = 0; i < commands.size(); ++i) {
      Idempotent own;
      // An upsert repeated is an upsert that changes nothing; it needs no key.
      if (!replay.key.empty() && !commands[i].upsert) {
        own = {replay.key + "#" + std::to_string(i), replay.route, replay.request_hash};
      }
      impl.Apply(
          caller, std::move(commands[i]), std::move(own),
          [items, i](Result<Outcome> outcome) {
            items->results[i] = std::move(outcome);
            if (items->left.fetch_sub(1) == 1) items->done(std::move(items->results));
          },
          options, true);
    }
    return;
  }
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (auto permitted = PermitCommand(caller, commands[i]); !permitted) {
      Error error = std::move(permitted).error();
      error.details["index"] = i;
      return done(Fail(std::move(error)));
    }
  }
  auto batch = std::make_shared<Batch>(impl, caller);
  batch->commands = std::move(commands);
  batch->replay = std::move(replay);
  batch->now = impl.deps.clock.Now();
  batch->Prepare();
  batch->done = std::move(done);
  batch->scope = {.tenant = caller.tenant, .across_tenants = caller.Has(Role::kSystem)};
  batch->options = std::move(options);
  batch->savepoint = true;
  impl.Submit(std::move(batch));
}

}  // namespace tenon
