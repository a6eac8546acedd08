#include "weights/describe.h"

#include <fmt/core.h>

#include <optional>

#include "base/json_reader.h"
#include "base/text.h"
#include "weights/keys.h"

namespace hardnet {
namespace {

struct Activations {
    Activation outside = Activation::kRelu6, inside = Activation::kRelu6;  // of blocks
    bool operator==(const Activations &o) const { return outside == o.outside && inside == o.inside; }
};

Activations activations_of(const ModelRecord &record) {
    return {record.activation, record.block_activation.value_or(record.activation)};
}

std::string words_of(const Activations &a) {
    if (a.inside == a.outside) return name_of(a.outside);
    return fmt::format("{} inside blocks and {} outside", name_of(a.inside), name_of(a.outside));
}

const std::string *metadata_of(const Checkpoint &checkpoint, const char *key) {
    const auto found = checkpoint.metadata.find(key);
    return found == checkpoint.metadata.end() ? nullptr : &found->second;
}

Result<Activation> read_activation(const Checkpoint &checkpoint, const char *key) {
    const std::string &name = *metadata_of(checkpoint, key);
    const std::optional<Activation> activation = activation_from_name(name);
    if (!activation)
        return bad_input(fmt::format("{}: __metadata__: {}: expected none, relu or relu6, found {}",
                                     checkpoint.source, key, shown(name)));
    return *activation;
}

// Nothing where the checkpoint does not tell.
Result<std::optional<Activations>> told_activations(const ModelRecord &record, const Checkpoint &checkpoint) {
    std::optional<Activations> told;
    if (metadata_of(checkpoint, "activation")) {
        const Result<Activation> outside = read_activation(checkpoint, "activation");
        if (!outside) return outside.error();
        told = Activations{*outside, *outside};
        if (metadata_of(checkpoint, "block_activation")) {
            const Result<Activation> inside = read_activation(checkpoint, "block_activation");
            if (!inside) return inside.error();
            told->inside = *inside;
        }
    } else if (key_set_of(checkpoint) == KeySet::kPytorchcv) {
        told = Activations{Activation::kRelu6, record.depthwise ? Activation::kRelu6 : Activation::kRelu};
    }
    return told;
}

Status take_activations(ModelRecord &record, Checkpoint &checkpoint) {
    const Result<std::optional<Activations>> told = told_activations(record, checkpoint);
    if (!told) return told.error();
    const Activations stated = activations_of(record);
    if (!*told || **told == stated) return ok();
    const std::string theirs = words_of(**told);
    if (!record.states_activation) {
        record.activation = (*told)->outside;
        record.block_activation.reset();
        if ((*told)->inside != (*told)->outside) record.block_activation = (*told)->inside;
        checkpoint.notes.push_back(fmt::format("activation: {}, as the checkpoint says, not {}'s {}", theirs,
                                               record.name, words_of(stated)));
        return ok();
    }
    if (!record.block_activation)
        return bad_input(fmt::format(
            "{}: expected the activation {} that the record of {} states, found a checkpoint of {} (take "
            "\"activation\" out of the record to follow the checkpoint, or add \"block_activation\" to "
            "decide "
            "in the record)",
            checkpoint.source, words_of(stated), record.name, theirs));
    checkpoint.notes.push_back(
        fmt::format("activation: {}, as the record of {} decides, not the checkpoint's {}", words_of(stated),
                    record.name, theirs));
    return ok();
}

Status take_preprocessing(ModelRecord &record, Checkpoint &checkpoint) {
    const std::string *text = metadata_of(checkpoint, "preprocessing");
    if (!text) return ok();
    const Result<JsonText> json = parse_json(*text, checkpoint.source + ": __metadata__: preprocessing");
    if (!json) return json.error();
    std::optional<Error> error;
    Preprocessing told = record.preprocessing;
    JsonObjectReader reader(*json, "", error);
    reader.read("resize_short", told.resize_short);
    reader.read("bgr", told.bgr);
    reader.read("mean", told.mean);
    reader.read("deviation", told.deviation);
    reader.finish();
    if (error) return *error;
    if (!(told == record.preprocessing))
        checkpoint.notes.push_back(
            fmt::format("preprocessing: as the checkpoint says, not {}'s", record.name));
    record.preprocessing = told;
    return ok();
}

Status take_class_names(ModelRecord &record, Checkpoint &checkpoint) {
    const std::string *text = metadata_of(checkpoint, "class_names");
    if (!text) return ok();
    // The reader wants an object; a text that closes it early is one member too many.
    const Result<JsonText> json =
        parse_json("{\"class_names\": " + *text + "}", checkpoint.source + ": __metadata__");
    if (!json) return json.error();
    std::optional<Error> error;
    std::vector<std::string> told;
    JsonObjectReader reader(*json, "", error);
    reader.read("class_names", told);
    reader.finish();
    if (error) return *error;
    if (!record.class_names.empty() && told != record.class_names)
        checkpoint.notes.push_back(fmt::format("class names: as the checkpoint says, not {}'s", record.name));
    record.class_names = std::move(told);
    return ok();
}

Status take_classes(ModelRecord &record, Checkpoint &checkpoint) {
    const Result<ClassCount> found = classes_in(record, checkpoint);
    if (!found || record.classes == found->classes) return ok();  // without a head: mismatch() tells more
    checkpoint.notes.push_back(fmt::format("classes: {} as the head says, not {}'s {}", found->classes,
                                           record.name, record.classes));
    set_classes(record, found->classes);
    return ok();
}

}  // namespace

Result<ModelRecord> described_record(const ModelRecord &record, Checkpoint &checkpoint) {
    ModelRecord described = record;
    for (const auto take : {take_classes, take_class_names, take_preprocessing, take_activations})
        if (const Status taken = take(described, checkpoint); !taken) return taken.error();
    if (const Status valid = check_record(described); !valid)
        return bad_input(fmt::format("{}: __metadata__: {}", checkpoint.source, valid.error().what));
    return described;
}

}  // namespace hardnet
