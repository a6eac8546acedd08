// A record as JSON text, and back.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json_reader.h"
#include "base/text.h"
#include "models/architectures.h"

namespace hardnet {
namespace {

std::string json_string(const std::string &text) { return nlohmann::json(text).dump(); }

std::string block_line(const BlockRecord &block) {
    const std::string transition =
        block.transition > 0 ? fmt::format("\"transition\": {}, ", block.transition) : "";
    return fmt::format(R"(    {{"growth_rate": {}, "layers": {}, {}"downsample": {}}})", block.growth_rate,
                       block.layers, transition, block.downsample);
}

void read_blocks(JsonObjectReader &reader, const JsonText &json, bool transitions, ModelRecord &record,
                 std::optional<Error> &error) {
    for (const std::string &pointer : reader.elements("blocks")) {
        BlockRecord block;
        JsonObjectReader fields(json, pointer, error);
        for (const char *required : {"growth_rate", "layers"}) fields.has(required, true);
        fields.has("transition", transitions);
        fields.read("growth_rate", block.growth_rate);
        fields.read("layers", block.layers);
        fields.read("transition", block.transition);
        fields.read("downsample", block.downsample);
        fields.finish();
        record.blocks.push_back(block);
    }
}

Activation read_activation(JsonObjectReader &reader, const std::string &key) {
    std::string name;
    reader.read(key, name);
    const std::optional<Activation> activation = activation_from_name(name);
    if (!activation) reader.fail(reader.member(key), "expected none, relu or relu6, found " + shown(name));
    return activation.value_or(Activation::kRelu6);
}

void read_activations(JsonObjectReader &reader, ModelRecord &record) {
    const bool everywhere = reader.has("activation"), in_blocks = reader.has("block_activation");
    if (everywhere) record.activation = read_activation(reader, "activation");
    if (in_blocks) record.block_activation = read_activation(reader, "block_activation");
    record.states_activation = everywhere || in_blocks;
}

void read_preprocessing(const JsonText &json, const std::string &pointer, Preprocessing &preprocessing,
                        std::optional<Error> &error) {
    JsonObjectReader reader(json, pointer, error);
    reader.read("resize_short", preprocessing.resize_short);
    reader.read("bgr", preprocessing.bgr);
    reader.read("mean", preprocessing.mean);
    reader.read("deviation", preprocessing.deviation);
    reader.finish();
}

// In front of the preprocessing, whose defaults and lengths follow from it.
void read_input_planes(JsonObjectReader &reader, ModelRecord &record) {
    int planes = record.input_planes;
    reader.read("input_planes", planes);
    if (planes < 1 || planes > kMostInputPlanes)
        return reader.fail(reader.member("input_planes"),
                           fmt::format("expected 1 to {}, found {}", kMostInputPlanes, planes));
    record.input_planes = planes;
    record.preprocessing = usual_preprocessing(planes);
}

}  // namespace

std::string to_json(const ModelRecord &record) {
    std::vector<std::string> blocks, class_names;
    for (const BlockRecord &block : record.blocks) blocks.push_back(block_line(block));
    for (const std::string &name : record.class_names) class_names.push_back(json_string(name));

    // fmt prints the shortest number that reads back as the same float or double.
    std::string text = "{\n";
    text += fmt::format("  \"name\": {},\n", json_string(record.name));
    if (record.architecture != ModelRecord().architecture)
        text += fmt::format("  \"architecture\": {},\n", json_string(record.architecture));
    if (record.input_planes != ModelRecord().input_planes)
        text += fmt::format("  \"input_planes\": {},\n", record.input_planes);
    if (!record.stem.empty()) {
        text += fmt::format("  \"stem\": [{}],\n", fmt::join(record.stem, ", "));
        text += fmt::format("  \"stem_kernel\": {},\n", record.stem_kernel);
        text += fmt::format("  \"multiplier\": {},\n", record.multiplier);
        text += fmt::format("  \"depthwise\": {},\n", record.depthwise);
        text += fmt::format("  \"blocks\": [\n{}\n  ],\n", fmt::join(blocks, ",\n"));
    }
    if (record.bridge != 0) text += fmt::format("  \"bridge\": {},\n", record.bridge);
    if (record.sources != kSsdSources) text += fmt::format("  \"sources\": {},\n", record.sources);
    text += fmt::format("  \"activation\": \"{}\",\n", name_of(record.activation));
    if (record.block_activation)
        text += fmt::format("  \"block_activation\": \"{}\",\n", name_of(*record.block_activation));
    text += fmt::format("  \"dropout_behind_last_block\": {},\n", record.dropout_behind_last_block);
    if (record.mask) text += "  \"mask\": true,\n";
    if (record.threshold != kMaskThreshold) text += fmt::format("  \"threshold\": {},\n", record.threshold);
    text += fmt::format("  \"classes\": {},\n", record.classes);
    text += fmt::format("  \"input\": [{}, {}],\n", record.input.height, record.input.width);
    const Preprocessing &p = record.preprocessing;
    text +=
        fmt::format("  \"preprocessing\": {{\"resize_short\": {}, {}\"mean\": [{}], \"deviation\": [{}]}},\n",
                    p.resize_short, p.bgr ? "\"bgr\": true, " : "", fmt::join(p.mean, ", "),
                    fmt::join(p.deviation, ", "));
    text += fmt::format("  \"class_names\": [{}]\n}}\n", fmt::join(class_names, ", "));
    return text;
}

Result<Preprocessing> preprocessing_from_json(const std::string &text, const std::string &file_name,
                                              const Preprocessing &preprocessing) {
    const Result<JsonText> json = parse_json(text, file_name);
    if (!json) return json.error();
    ModelRecord record = builtin_records().front();
    record.preprocessing = preprocessing;
    record.input_planes = static_cast<int>(preprocessing.mean.size());
    std::optional<Error> error;
    read_preprocessing(*json, "", record.preprocessing, error);
    if (error) return *error;
    if (const Status status = check_record(record); !status)
        return bad_input(file_name + ": " + status.error().what);
    return record.preprocessing;
}

Result<ModelRecord> record_from_json(const std::string &text, const std::string &file_name) {
    Result<JsonText> json = parse_json(text, file_name);
    if (!json) return json.error();

    ModelRecord record;
    int input[2] = {record.input.height, record.input.width};
    std::optional<Error> error;
    JsonObjectReader reader(*json, "", error);
    reader.has("name", true);
    reader.read("name", record.name);
    reader.read("architecture", record.architecture);
    read_input_planes(reader, record);
    const Architecture *architecture = find_architecture(record.architecture);
    for (const char *key : {"stem", "blocks"})
        reader.has(key, architecture == nullptr || architecture->stem > 0);
    reader.read("stem", record.stem);
    reader.read("stem_kernel", record.stem_kernel);
    reader.read("multiplier", record.multiplier);
    reader.read("depthwise", record.depthwise);
    read_blocks(reader, *json, architecture == nullptr || architecture->transitions, record, error);
    reader.read("bridge", record.bridge);
    reader.read("sources", record.sources);
    read_activations(reader, record);
    reader.read("dropout_behind_last_block", record.dropout_behind_last_block);
    reader.read("mask", record.mask);
    reader.read("threshold", record.threshold);
    reader.read("classes", record.classes);
    reader.read("input", input);
    if (reader.has("preprocessing")) read_preprocessing(*json, "/preprocessing", record.preprocessing, error);
    reader.read("class_names", record.class_names);
    reader.finish();
    record.input = {input[0], input[1]};

    if (error) return *error;
    if (Status status = check_record(record); !status)
        return bad_input(file_name + ": " + status.error().what);
    return record;
}

}  // namespace hardnet
