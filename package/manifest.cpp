#include "package/manifest.h"

#include "package/fields.h"

namespace hardnet {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxExtent = 1 << 16;  // of an image: what a JPEG can hold
constexpr int kMaxBatch = 1 << 10;
constexpr int kMaxClasses = 1 << 20;
constexpr size_t kMaxNameChars = 64;

Json json_of(const Preprocessing &p) {
    return {{"resize_short", p.resize_short}, {"mean", p.mean}, {"deviation", p.deviation}};
}

Json json_of(const LevelInfo &level) {
    return {{"name", level.name},
            {"target", level.target},
            {"kernels", level.kernels},
            {"kernel_bytes", level.kernel_bytes},
            {"arena_bytes", level.arena_bytes},
            {"scratch_bytes", level.scratch_bytes},
            {"packed_weight_bytes", level.packed_weight_bytes},
            {"transform_bytes", level.transform_bytes},
            {"concat_bytes", level.concat_bytes}};
}

Json json_of(const LayerInfo &layer) {
    return {{"layer", layer.layer},
            {"level", layer.level},
            {"algorithm", layer.algorithm},
            {"blocks", layer.blocks},
            {"error_bound", layer.error_bound}};
}

template <typename T>
Json json_list(const std::vector<T> &values) {
    Json list = Json::array();
    for (const T &value : values) list.push_back(json_of(value));
    return list;
}

Preprocessing read_preprocessing(Fields fields) {
    Preprocessing p;
    p.resize_short = int(fields.integer("resize_short", 1, kMaxExtent));
    const std::vector<float> mean = fields.floats("mean", 3), deviation = fields.floats("deviation", 3);
    std::copy(mean.begin(), mean.end(), p.mean.begin());
    std::copy(deviation.begin(), deviation.end(), p.deviation.begin());
    for (const float d : deviation)
        if (!(d > 0)) fields.refuse("deviation", "numbers above 0", std::to_string(d));
    fields.done();
    return p;
}

LevelInfo read_level(Fields fields) {
    const auto count = [&](const char *key) { return fields.integer(key, 0, INT64_MAX); };
    LevelInfo level;
    level.name = fields.text("name");
    level.target = fields.text("target");
    level.kernels = count("kernels");
    level.kernel_bytes = count("kernel_bytes");
    level.arena_bytes = count("arena_bytes");
    level.scratch_bytes = count("scratch_bytes");
    level.packed_weight_bytes = count("packed_weight_bytes");
    level.transform_bytes = count("transform_bytes");
    level.concat_bytes = count("concat_bytes");
    fields.done();
    return level;
}

LayerInfo read_layer(Fields fields) {
    LayerInfo layer;
    layer.layer = fields.text("layer");
    layer.level = fields.text("level");
    layer.algorithm = fields.text("algorithm");
    layer.blocks = fields.text("blocks");
    layer.error_bound = fields.number("error_bound");
    fields.done();
    return layer;
}

void read_record(Fields &fields, const std::string &file_name, Manifest &manifest,
                 std::optional<Error> &error) {
    const Json &record_json = fields.any("record");
    if (error) return;
    Result<HardnetRecord> record =
        record_from_json(record_json.dump(-1, ' ', true, Json::error_handler_t::replace), file_name);
    if (record)
        manifest.record = *record;
    else
        error = record.error();
}

void read_inputs(Fields &fields, Manifest &manifest) {
    Fields input = fields.object("input");
    manifest.height = int(input.integer("height", 1, kMaxExtent));
    manifest.width = int(input.integer("width", 1, kMaxExtent));
    manifest.batch = int(input.integer("batch", 1, kMaxBatch));
    input.done();
    manifest.preprocessing = read_preprocessing(fields.object("preprocessing"));
    manifest.classes = int(fields.integer("classes", 1, kMaxClasses));
    manifest.class_names = fields.texts("class_names");
    const size_t names = manifest.class_names.size();
    if (names != 0 && names != size_t(manifest.classes))
        fields.refuse("class_names", "none or " + std::to_string(manifest.classes), std::to_string(names));
    Fields weights = fields.object("weights");
    manifest.weights_source = weights.text("source");
    manifest.weights_hash = weights.text("hash");
    weights.done();
}

}  // namespace

bool is_package_name(const std::string &name) {
    if (name.empty() || name.size() > kMaxNameChars || name == "verify") return false;
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    for (const char c : name)
        if (!letter(c) && !(c >= '0' && c <= '9')) return false;
    return letter(name[0]);
}

std::string to_json(const Manifest &m) {
    const Json json = {{"format", kManifestFormat},
                       {"name", m.name},
                       {"input", {{"height", m.height}, {"width", m.width}, {"batch", m.batch}}},
                       {"preprocessing", json_of(m.preprocessing)},
                       {"classes", m.classes},
                       {"class_names", m.class_names},
                       {"weights", {{"source", m.weights_source}, {"hash", m.weights_hash}}},
                       {"halide_version", m.halide_version},
                       {"targets", m.targets},
                       {"record", Json::parse(to_json(m.record))},
                       {"levels", json_list(m.levels)},
                       {"layers", json_list(m.layers)}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Manifest> manifest_from_json(const std::string &text, const std::string &file_name) {
    const Result<Json> json = parse_object(text, file_name);
    if (!json) return json.error();
    std::optional<Error> error;
    Manifest manifest;
    Fields fields(*json, file_name, error);
    fields.integer("format", kManifestFormat, kManifestFormat);
    if (error) return *error;  // another format's keys would only be called unknown
    manifest.name = fields.text("name");
    if (!is_package_name(manifest.name))
        fields.refuse("name", "a C identifier of at most 64 characters",
                      "\"" + manifest.name.substr(0, kMaxNameChars) + "\"");
    read_inputs(fields, manifest);
    manifest.halide_version = fields.text("halide_version");
    manifest.targets = fields.texts("targets");
    read_record(fields, file_name, manifest, error);
    for (Fields &level : fields.objects("levels")) manifest.levels.push_back(read_level(std::move(level)));
    for (Fields &layer : fields.objects("layers")) manifest.layers.push_back(read_layer(std::move(layer)));
    fields.done();
    if (error) return *error;
    return manifest;
}

}  // namespace hardnet
