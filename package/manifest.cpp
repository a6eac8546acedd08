#include "package/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json_reader.h"
#include "base/text.h"
#include "graph/network_json.h"
#include "graph/ranges_json.h"
#include "graph/task.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxExtent = 1 << 16;  // of an image: what a JPEG can hold
constexpr int kMaxBatch = 1 << 10;
constexpr int kMaxClasses = 1 << 20;
constexpr size_t kMaxNameChars = 64;
constexpr size_t kShownChars = 40;  // of a wrong value, in an error

Json json_of(const Preprocessing &p) {
    return {{"resize_short", p.resize_short},
            {"own", {p.own.height, p.own.width}},
            {"bgr", p.bgr},
            {"mean", p.mean},
            {"deviation", p.deviation}};
}

Json json_of(const LevelInfo &level) {
    Json json = {{"name", level.name},
                 {"target", level.target},
                 {"kernels", level.kernels},
                 {"kernel_bytes", level.kernel_bytes},
                 {"arena_bytes", level.arena_bytes},
                 {"scratch_bytes", level.scratch_bytes},
                 {"packed_weight_bytes", level.packed_weight_bytes},
                 {"transform_bytes", level.transform_bytes},
                 {"concat_bytes", level.concat_bytes}};
    if (!level.language.empty()) json["language"] = level.language;
    if (!level.architectures.empty()) {
        json["assembler"] = level.assembler;
        json["architectures"] = level.architectures;
    }
    return json;
}

Json json_of(const LayerInfo &layer);

Json json_of(const LaunchInfo &launch) {
    return {{"grid", launch.grid},
            {"block", launch.block},
            {"shared_bytes", launch.shared_bytes},
            {"registers", launch.registers},
            {"spilled_bytes", launch.spilled_bytes},
            {"bytes", launch.bytes},
            {"memory_bound", launch.memory_bound}};
}

template <typename T>
Json json_list(const std::vector<T> &values) {
    Json list = Json::array();
    for (const T &value : values) list.push_back(json_of(value));
    return list;
}

Json json_of(const LayerInfo &layer) {
    Json json = {{"layer", layer.layer},
                 {"level", layer.level},
                 {"algorithm", layer.algorithm},
                 {"blocks", layer.blocks},
                 {"error", layer.error}};
    if (layer.measured) json["measured"] = *layer.measured;
    if (layer.products != Precision::kFloat32) json["products"] = name_of(layer.products);
    if (layer.unit) json["unit"] = *layer.unit;
    if (!layer.launches.empty()) json["launches"] = json_list(layer.launches);
    return json;
}

// A manifest that is being read: its text, and the first thing found wrong in it.
struct Source {
    const JsonText &json;
    std::optional<Error> &error;
};

// An object of a manifest, whose members are required unless said.
class Section {
public:
    Section(const Source &source, const std::string &pointer)
        : json_(source.json), reader_(source.json, pointer, source.error) {}

    template <typename T>
    void read(const char *key, T &value) {
        if (reader_.has(key, true)) reader_.read(key, value);
    }
    void read_count(const char *key, int64_t &count) {
        if (!reader_.has(key, true)) return;
        const nlohmann::json &value = json_.root.at(nlohmann::json::json_pointer(reader_.member(key)));
        if (value.is_number_unsigned() && value.get<uint64_t>() <= uint64_t{INT64_MAX})
            count = value.get<int64_t>();
        else
            fail(key, "expected an integer from 0 to 2^63 - 1, found " + value.dump().substr(0, kShownChars));
    }
    void read_between(const char *key, int &value, int least, int most) {
        value = least;  // of a missing one, which is an error of its own
        read(key, value);
        if (value < least || value > most)
            fail(key, "expected an integer from " + std::to_string(least) + " to " + std::to_string(most) +
                          ", found " + std::to_string(value));
    }
    bool has(const char *key, bool required = true) { return reader_.has(key, required); }
    std::vector<std::string> elements(const char *key) {
        return has(key) ? reader_.elements(key) : std::vector<std::string>();
    }
    void fail(const char *key, const std::string &text) { reader_.fail(reader_.member(key), text); }
    void finish() { reader_.finish(); }

private:
    const JsonText &json_;
    JsonObjectReader reader_;
};

void read_preprocessing(const Source &source, Network &network) {
    Preprocessing &p = network.preprocessing;
    p = usual_preprocessing(network.input.channels);  // as many numbers
    Section section(source, "/preprocessing");
    int own[2] = {1, 1};
    section.read_between("resize_short", p.resize_short, 0, kMaxExtent);
    section.read("own", own);
    p.own = {own[0], own[1]};
    for (const int extent : own)
        if (extent < 1 || extent > kMaxExtent)
            section.fail("own", "expected extents from 1 to " + std::to_string(kMaxExtent) + ", found " +
                                    std::to_string(extent));
    section.read("bgr", p.bgr);
    if (p.bgr && network.input.channels != 3)
        section.fail("bgr", fmt::format("expected false with {} planes, found true", network.input.channels));
    section.read("mean", p.mean);
    section.read("deviation", p.deviation);
    for (const float d : p.deviation)
        if (!(d > 0)) section.fail("deviation", "expected numbers above 0, found " + std::to_string(d));
    section.finish();
}

LevelInfo read_level(const Source &source, const std::string &pointer) {
    Section section(source, pointer);
    LevelInfo level;
    section.read("name", level.name);
    section.read("target", level.target);
    section.read_count("kernels", level.kernels);
    section.read_count("kernel_bytes", level.kernel_bytes);
    section.read_count("arena_bytes", level.arena_bytes);
    section.read_count("scratch_bytes", level.scratch_bytes);
    section.read_count("packed_weight_bytes", level.packed_weight_bytes);
    section.read_count("transform_bytes", level.transform_bytes);
    section.read_count("concat_bytes", level.concat_bytes);
    if (section.has("language", false)) section.read("language", level.language);
    if (section.has("architectures", false)) {
        section.read("assembler", level.assembler);
        section.read("architectures", level.architectures);
    }
    section.finish();
    return level;
}

LaunchInfo read_launch(const Source &source, const std::string &pointer) {
    Section section(source, pointer);
    LaunchInfo launch;
    section.read("grid", launch.grid);
    section.read("block", launch.block);
    section.read("shared_bytes", launch.shared_bytes);
    section.read("registers", launch.registers);
    section.read("spilled_bytes", launch.spilled_bytes);
    section.read_count("bytes", launch.bytes);
    section.read("memory_bound", launch.memory_bound);
    for (const char *key : {"grid", "block"}) {
        const std::vector<int> &extents = *key == 'g' ? launch.grid : launch.block;
        if (*std::min_element(extents.begin(), extents.end()) < 1)
            section.fail(key, "expected extents from 1 on");
    }
    section.finish();
    return launch;
}

void read_precision(Section &section, const char *key, Precision &precision) {
    std::string name;
    section.read(key, name);
    const Result<Precision> known = precision_from_name(name);
    if (known)
        precision = *known;
    else
        section.fail(key, known.error().what);
}

LayerInfo read_layer(const Source &source, const std::string &pointer) {
    Section section(source, pointer);
    LayerInfo layer;
    section.read("layer", layer.layer);
    section.read("level", layer.level);
    section.read("algorithm", layer.algorithm);
    section.read("blocks", layer.blocks);
    section.read("error", layer.error);
    if (layer.error < 0) section.fail("error", "expected a number that is not negative");
    if (section.has("measured", false)) section.read("measured", layer.measured.emplace());
    if (section.has("launches", false)) {
        for (const std::string &at : section.elements("launches"))
            layer.launches.push_back(read_launch(source, at));
    }
    if (section.has("products", false)) read_precision(section, "products", layer.products);
    if (section.has("unit", false)) {
        section.read("unit", layer.unit.emplace());
        if (!(*layer.unit > 0 && std::isfinite(*layer.unit)))
            section.fail("unit", "expected a finite number above 0");
    }
    section.finish();
    return layer;
}

// The extents are the graph's, which is what runs.
void read_input(const Source &source, Manifest &manifest) {
    const Shape &image = manifest.network.input;
    int planes = 0, height = 0, width = 0;
    Section section(source, "/input");
    section.read_between("planes", planes, 1, kMostInputPlanes);
    section.read_between("height", height, 1, kMaxExtent);
    section.read_between("width", width, 1, kMaxExtent);
    section.read_between("batch", manifest.batch, 1, kMaxBatch);
    section.finish();
    if (image.channels != planes || image.height != height || image.width != width)
        section.fail("height", fmt::format("expected the extents of the graph, {}x{}x{}, found {}x{}x{}",
                                           image.channels, image.height, image.width, planes, height, width));
}

void read_weights(const Source &source, Manifest &manifest) {
    Section section(source, "/weights");
    section.read("source", manifest.weights_source);
    section.read("hash", manifest.weights_hash);
    section.finish();
}

void read_name(Section &section, std::string &name) {
    section.read("name", name);
    if (!is_package_name(name))
        section.fail("name", "expected a C identifier of at most 64 characters, found " + shown(name));
}

void read_classes(Section &section, Manifest &manifest) {
    const bool has_some = manifest.network.task != Task::kTensor;
    section.read_between("classes", manifest.network.classes, has_some ? 1 : 0, kMaxClasses);
    section.read("class_names", manifest.class_names);
    const size_t names = manifest.class_names.size();
    if (names != 0 && names != size_t(manifest.classes()))
        section.fail("class_names", "expected none or " + std::to_string(manifest.classes()) + ", found " +
                                        std::to_string(names));
}

// Stated where the outputs do not tell; a state that they cannot be in is refused.
void read_task(Section &section, Network &network) {
    std::string word;
    section.read("task", word);
    if (word.empty()) return;
    const std::optional<Task> task = task_from_word(word);
    if (!task) return section.fail("task", "expected a task, found " + shown(word));
    if (const Status fits = set_task(network, *task); !fits) section.fail("task", fits.error().what);
}

void read_format(Section &section) {
    int format = 0;
    section.read("format", format);
    if (format != kManifestFormat)
        section.fail("format", "expected " + std::to_string(kManifestFormat) + ", found " +
                                   std::to_string(format) +
                                   " (the package is of another version of hardnet: compile it again)");
}

}  // namespace

bool is_package_name(const std::string &name) {
    if (name.empty() || name.size() > kMaxNameChars || name == "verify") return false;
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    for (const char c : name)
        if (!letter(c) && !(c >= '0' && c <= '9')) return false;
    return letter(name[0]);
}

const LayerInfo *Manifest::chosen(const std::string &layer, const std::string &level) const {
    for (const LayerInfo &info : layers)
        if (info.layer == layer && info.level == level) return &info;
    return nullptr;
}

std::string to_json(const Manifest &m) {
    const Json input = {
        {"planes", m.planes()}, {"height", m.height()}, {"width", m.width()}, {"batch", m.batch}};
    Json json = {{"format", kManifestFormat},
                 {"name", m.name},
                 {"input", input},
                 {"preprocessing", json_of(m.network.preprocessing)},
                 {"task", m.network.task ? word_of(*m.network.task) : ""},
                 {"classes", m.classes()},
                 {"class_names", m.class_names},
                 {"weights", {{"source", m.weights_source}, {"hash", m.weights_hash}}},
                 {"halide_version", m.halide_version},
                 {"targets", m.targets},
                 {"graph", graph_json(m.network)},
                 {"levels", json_list(m.levels)},
                 {"layers", json_list(m.layers)}};
    if (!m.ranges.empty()) {
        json["ranges_source"] = m.ranges_source;
        json["precision"] = name_of(m.precision);
        json["kept"] = m.kept;
        json["kept_int16"] = m.kept_int16;
        json["ranges"] = ranges_json(m.network, m.ranges);
    }
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Manifest> manifest_from_json(const std::string &text, const std::string &file_name) {
    const Result<JsonText> json = parse_json(text, file_name);
    if (!json) return json.error();
    std::optional<Error> error;
    const Source source{*json, error};
    Manifest manifest;
    Section section(source, "");
    read_format(section);
    if (error) return *error;  // another format's keys would only be called unknown
    read_name(section, manifest.name);
    if (section.has("graph")) manifest.network = read_graph(*json, "/graph", error);
    if (section.has("input")) read_input(source, manifest);
    if (!error && section.has("preprocessing")) read_preprocessing(source, manifest.network);
    if (!error) read_task(section, manifest.network);
    read_classes(section, manifest);
    if (section.has("weights")) read_weights(source, manifest);
    section.read("halide_version", manifest.halide_version);
    section.read("targets", manifest.targets);
    for (const std::string &at : section.elements("levels"))
        manifest.levels.push_back(read_level(source, at));
    for (const std::string &at : section.elements("layers"))
        manifest.layers.push_back(read_layer(source, at));
    if (section.has("ranges", false)) {
        section.read("ranges_source", manifest.ranges_source);
        read_precision(section, "precision", manifest.precision);
        section.read("kept", manifest.kept);
        section.read("kept_int16", manifest.kept_int16);
        manifest.ranges = read_ranges(*json, section.elements("ranges"), manifest.network, error);
    }
    section.finish();
    if (error) return *error;
    return manifest;
}

}  // namespace hardnet
