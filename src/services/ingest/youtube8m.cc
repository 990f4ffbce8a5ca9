// YouTube-8M (research.google.com/youtube8m): shards of tf.Example (video level) or
// tf.SequenceExample (frame level) and a vocabulary, as VIDEO and LABEL nodes and HAS_LABEL edges.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_set>

#include "base/ids.h"
#include "base/text.h"
#include "services/ingest/csv.h"
#include "services/ingest/lines.h"
#include "services/ingest/sources.h"
#include "services/ingest/tf_example.h"
#include "services/ingest/tfrecord.h"

namespace tenon::ingest {
namespace {

constexpr std::int64_t kLabelMax = 1'000'000;  // the largest vocabulary had 4,800
constexpr std::size_t kLabelsOfVideoMax = 1000;
constexpr std::size_t kNameBytesMax = 4096;  // of a line of label names
// RFC 9562's name space for URLs: what the names below are.
const Uuid& NameSpace() {
  static const Uuid kUrls = *Uuid::Parse("6ba7b811-9dad-11d1-80b4-00c04fd430c8");
  return kUrls;
}

// The same in every import, so that shards and vocabularies meet whatever order they come in.
std::string VideoKey(std::string_view id) {
  return UuidV5(NameSpace(), fmt::format("tenon:youtube8m/video/{}", id)).ToString();
}
std::string LabelKey(std::int64_t index) {
  return UuidV5(NameSpace(), fmt::format("tenon:youtube8m/label/{}", index)).ToString();
}
std::string EdgeKey(std::string_view id, std::int64_t index) {
  return UuidV5(NameSpace(), fmt::format("tenon:youtube8m/video/{}/label/{}", id, index))
      .ToString();
}

std::optional<std::int64_t> Whole(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number < 0) {
    return std::nullopt;
  }
  return number;
}

struct Video {
  std::string_view id;
  std::vector<std::int64_t> labels;
  json::array mean_rgb, mean_audio;
  std::int64_t frames = 0;  // of a frame-level record
};

Result<json::array> MeanOf(const TfFeature* feature, std::string_view name) {
  json::array values;
  if (feature == nullptr) return values;
  values.reserve(feature->floats.size());
  for (const float value : feature->floats) {
    if (!std::isfinite(value)) {
      return Fail(Code::kInvalidField, fmt::format("{} has a value that is no number", name));
    }
    values.emplace_back(static_cast<double>(value));
  }
  return values;
}

// Frames are quantised to bytes over [-2, 2] (youtube-8m: utils.py, Dequantize).
Result<json::array> MeanOfFrames(const std::vector<TfFeature>& frames, std::string_view name) {
  std::vector<double> sums;
  for (const TfFeature& frame : frames) {
    if (frame.bytes.size() != 1 || (!sums.empty() && frame.bytes[0].size() != sums.size())) {
      return Fail(Code::kInvalidField, fmt::format("the frames of {} differ in length", name));
    }
    sums.resize(frame.bytes[0].size());
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums[i] += static_cast<std::uint8_t>(frame.bytes[0][i]) * (4.0 / 255.0) + 4.0 / 512.0 - 2.0;
    }
  }
  json::array values;
  for (const double sum : sums) values.emplace_back(sum / static_cast<double>(frames.size()));
  return values;
}

// Views of the example, which must outlive the video.
Result<Video> VideoOf(const TfExample& example, bool with_features) {
  Video video;
  // The collection changed its names: video_id of the first versions, id since 2018.
  const TfFeature* id = example.Find("id");
  if (id == nullptr) id = example.Find("video_id");
  if (id == nullptr || id->bytes.size() != 1 || id->bytes[0].empty() || id->bytes[0].size() > 200 ||
      InvalidUtf8At(id->bytes[0])) {
    return Fail(Code::kInvalidField, "the record has no id that is a text");
  }
  video.id = id->bytes[0];
  if (const TfFeature* labels = example.Find("labels")) video.labels = labels->ints;
  if (video.labels.size() > kLabelsOfVideoMax) {
    return Fail(Code::kInvalidField,
                fmt::format("the video has over {} labels", kLabelsOfVideoMax));
  }
  for (const std::int64_t label : video.labels) {
    if (label < 0 || label > kLabelMax) {
      return Fail(Code::kInvalidField, fmt::format("{} is no label", label));
    }
  }
  std::ranges::sort(video.labels);
  const auto again = std::ranges::unique(video.labels);
  video.labels.erase(again.begin(), again.end());
  const auto* rgb = example.FindList("rgb");
  const auto* audio = example.FindList("audio");
  if (rgb != nullptr) video.frames = static_cast<std::int64_t>(rgb->size());
  if (!with_features) return video;
  video.mean_rgb = rgb != nullptr ? TRY(MeanOfFrames(*rgb, "rgb"))
                                  : TRY(MeanOf(example.Find("mean_rgb"), "mean_rgb"));
  video.mean_audio = audio != nullptr ? TRY(MeanOfFrames(*audio, "audio"))
                                      : TRY(MeanOf(example.Find("mean_audio"), "mean_audio"));
  return video;
}

class Reader {
 public:
  explicit Reader(SourceContext& context)
      : context_(context),
        sink_(context.sink),
        with_features_(!OptionFlag(context.options, "without_features", false)) {}

  Result<> Run() {
    TRY(FindFiles());
    // A job that fails at the first damaged record looks for one before it writes anything.
    if (OptionText(context_.options, "on_error") != "skip") TRY(Verify());
    if (!vocabulary_.empty()) TRY(ReadVocabulary());
    sink_.Phase("videos", 0);
    for (const FoundFile& shard : shards_) {
      if (sink_.Cancelled()) return {};
      TRY(ReadShard(shard));
    }
    return {};
  }

 private:
  Result<> FindFiles() {
    std::string origin = OptionText(context_.options, "name");
    for (const std::string& path : OptionTexts(context_.options, "file")) {
      for (FoundFile& file : TRY(context_.files.Find(path, ".tfrecord"))) {
        shards_.push_back(std::move(file));
      }
      if (origin.empty()) origin = path.substr(path.find_last_of('/') + 1);
    }
    if (const std::string path = OptionText(context_.options, "vocabulary"); !path.empty()) {
      vocabulary_ = TRY(context_.files.Find(path, ".csv"));
    }
    sink_.Begin("youtube8m:" + origin, {"graph_nodes", "graph_edges"});
    std::string fingerprint;
    for (const auto* files : {&vocabulary_, &shards_}) {
      for (const FoundFile& file : *files) {
        bytes_total_ += static_cast<std::int64_t>(file.bytes);
        fingerprint += fmt::format("{}:{}:{};", file.path, file.bytes, file.changed_us);
      }
    }
    // A ULID's worth of it is enough to tell two inputs apart.
    sink_.Fingerprint(UuidV5(NameSpace(), fingerprint).ToString());
    return {};
  }

  Result<> Verify() {
    sink_.Phase("checking", 0);
    for (const FoundFile& shard : shards_) {
      const auto source = TRY(context_.files.Open(shard));
      TfRecordReader reader(*source);
      TfRecord record;
      while (TRY(reader.Next(record))) {
        if (sink_.Cancelled()) return {};
        std::string problem = record.problem;
        if (problem.empty()) {
          const auto example = DecodeTfExample(record.data);
          if (!example) problem = example.error().message;
        }
        if (!problem.empty()) {
          return sink_.Reject(record.at, Where(shard, record), problem, "");
        }
      }
    }
    return {};
  }

  static std::string Where(const FoundFile& file, const TfRecord& record) {
    return fmt::format("record {} of {}, byte {}", record.at.line,
                       file.path.substr(file.path.find_last_of('/') + 1), record.at.offset);
  }

  Result<> ReadVocabulary() {
    sink_.Phase("labels", 0);
    for (const FoundFile& file : vocabulary_) {
      std::vector<std::string> titles;
      {
        const auto source = TRY(context_.files.Open(file));
        CsvReader reader(*source);
        CsvRow row;
        if (!TRY(reader.Next(row)) || !row.problem.empty()) {
          return Fail(Code::kInvalidArgument, file.path + " has no line of titles");
        }
        titles.assign(row.fields.begin(), row.fields.end());
      }
      if (titles[0] != "Index" && titles[0] != "label_id") {
        return Fail(Code::kInvalidArgument,
                    fmt::format("{} is no vocabulary: its first column is '{}', not Index or "
                                "label_id",
                                file.path, Ellipsis(titles[0], 40)));
      }
      const auto source = TRY(context_.files.Open(file));
      TRY(titles.size() == 2 ? ReadNames(file, *source, titles) : ReadTable(file, *source, titles));
      bytes_read_ += static_cast<std::int64_t>(file.bytes);
    }
    return {};
  }

  // vocabulary.csv.
  Result<> ReadTable(const FoundFile& file, InputSource& source,
                     const std::vector<std::string>& titles) {
    CsvReader reader(source);
    CsvRow row;
    TRY(reader.Next(row));
    while (TRY(reader.Next(row))) TRY(Label(file, titles, row));
    return {};
  }

  // label_names.csv, which is no CSV: names have commas and quotes as they are.
  Result<> ReadNames(const FoundFile& file, InputSource& source,
                     const std::vector<std::string>& titles) {
    LineReader reader(source, kNameBytesMax);
    Line line;
    TRY(reader.Next(line));
    while (TRY(reader.Next(line))) {
      if (line.text.empty()) continue;
      CsvRow row;
      row.at = line.at;
      if (line.too_long) row.problem = fmt::format("is over {} bytes", kNameBytesMax);
      const std::size_t comma = line.text.find(',');
      row.fields.push_back(line.text.substr(0, comma));
      if (comma != std::string_view::npos) row.fields.push_back(line.text.substr(comma + 1));
      TRY(Label(file, titles, row));
    }
    return {};
  }

  Result<> Label(const FoundFile& file, const std::vector<std::string>& titles, const CsvRow& row) {
    const std::string where = fmt::format("line {} of {}", row.at.line,
                                          file.path.substr(file.path.find_last_of('/') + 1));
    if (!row.problem.empty()) return sink_.Reject(row.at, where, row.problem, "");
    const auto index = Whole(row.fields[0]);
    if (!index || *index > kLabelMax || row.fields.size() != titles.size()) {
      return sink_.Reject(row.at, where,
                          index ? fmt::format("has {} cells where the titles are {}",
                                              row.fields.size(), titles.size())
                                : "its first cell is no label number",
                          fmt::format("{}", fmt::join(row.fields, ",")));
    }
    json::object properties{{"index", *index}};
    json::array verticals;
    for (std::size_t i = 1; i < titles.size(); ++i) {
      const std::string_view cell = row.fields[i];
      if (cell.empty()) continue;
      if (InvalidUtf8At(cell)) return sink_.Reject(row.at, where, titles[i] + " is not UTF-8", "");
      if (titles[i] == "TrainVideoCount") {
        if (const auto count = Whole(cell)) properties["train_video_count"] = *count;
      } else if (titles[i] == "KnowledgeGraphId") {
        properties["knowledge_graph_id"] = cell;
      } else if (titles[i] == "Name" || titles[i] == "label_name") {
        properties["name"] = cell;
      } else if (titles[i] == "WikiUrl") {
        properties["wiki_url"] = cell;
      } else if (titles[i] == "WikiDescription") {
        properties["description"] = cell;
      } else if (titles[i].starts_with("Vertical")) {
        verticals.emplace_back(cell);
      }
    }
    if (!verticals.empty()) properties["verticals"] = std::move(verticals);
    labels_.insert(*index);
    return sink_.Put({.table = "graph_nodes",
                      .fields = {{"id", LabelKey(*index)},
                                 {"type", "LABEL"},
                                 {"properties", std::move(properties)}},
                      .at = row.at,
                      .where = where});
  }

  Result<> ReadShard(const FoundFile& shard) {
    const auto source = TRY(context_.files.Open(shard));
    TfRecordReader reader(*source);
    TfRecord record;
    while (!sink_.Cancelled() && TRY(reader.Next(record))) {
      const std::string where = Where(shard, record);
      if (!record.problem.empty()) {
        TRY(sink_.Reject(record.at, where, record.problem, ""));
        continue;
      }
      const auto example = DecodeTfExample(record.data);
      auto video = example ? VideoOf(*example, with_features_)
                           : Result<Video>(std::unexpected(example.error()));
      if (!video) {
        TRY(sink_.Reject(record.at, where, video.error().message, ""));
        continue;
      }
      TRY(PutVideo(*video, record.at, where));
      sink_.Bytes(bytes_read_ + static_cast<std::int64_t>(reader.position().offset), bytes_total_);
    }
    bytes_read_ += static_cast<std::int64_t>(shard.bytes);
    return {};
  }

  Result<> PutVideo(Video& video, const Position& at, const std::string& where) {
    json::object properties{{"id", video.id},
                            {"labels", json::array(video.labels.begin(), video.labels.end())}};
    if (!video.mean_rgb.empty()) properties["mean_rgb"] = std::move(video.mean_rgb);
    if (!video.mean_audio.empty()) properties["mean_audio"] = std::move(video.mean_audio);
    if (video.frames > 0) properties["frames"] = video.frames;
    const std::string key = VideoKey(video.id);
    TRY(sink_.Put(
        {.table = "graph_nodes",
         .fields = {{"id", key}, {"type", "VIDEO"}, {"properties", std::move(properties)}},
         .at = at,
         .where = where}));
    for (const std::int64_t label : video.labels) {
      // A label that no vocabulary told of is still a node, known by its number.
      if (labels_.insert(label).second) {
        TRY(sink_.Put({.table = "graph_nodes",
                       .fields = {{"id", LabelKey(label)},
                                  {"type", "LABEL"},
                                  {"properties", json::object{{"index", label}}}},
                       .only_if_absent = true,
                       .at = at,
                       .where = where}));
      }
      TRY(sink_.Put({.table = "graph_edges",
                     .fields = {{"id", EdgeKey(video.id, label)},
                                {"source_id", key},
                                {"target_id", LabelKey(label)},
                                {"type", "HAS_LABEL"}},
                     .at = at,
                     .where = where}));
    }
    return {};
  }

  SourceContext& context_;
  RowSink& sink_;
  const bool with_features_;
  std::vector<FoundFile> shards_, vocabulary_;
  std::unordered_set<std::int64_t> labels_;  // that were put
  std::int64_t bytes_read_ = 0, bytes_total_ = 0;
};

constexpr std::array<std::string_view, 1> kRequired = {"file"};

}  // namespace

SourceKind Youtube8mSource() {
  return {
      .name = "youtube8m",
      .summary = "Import shards of YouTube-8M as videos, labels and the edges between them",
      .options = {{"file", "PATH", "TFRecord file, or a folder of them", true},
                  {"vocabulary", "PATH", "vocabulary.csv or label_names.csv, also .gz"},
                  {"without_features", "", "leave the mean features out"},
                  {"name", "NAME", "what the shards are the whole of (default: the file name)"}},
      .fails_on_reject = true,
      .check = [](const json::object& options) -> Result<> {
        return CheckOptions(*FindSource("youtube8m"), options, kRequired);
      },
      .read = [](SourceContext& context) { return Reader(context).Run(); }};
}

}  // namespace tenon::ingest
