#include "cli/decoder.h"

#include <fmt/format.h>

#include "graph/mask.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

constexpr float kThreshold = 0.3f;  // as CenterNet's own demonstration draws boxes

// Those that were stated with the network's task, else the authors'.
Result<Priors> priors_of(const LoadedPackage &loaded) {
    if (!loaded.model().task) return ssd_priors(loaded.model());
    const std::string path = loaded.package().priors_path();
    const Result<Checkpoint> file = read_checkpoint(path);
    if (!file) return file.error();
    const auto found = file->tensors.find("priors");
    const size_t boxes = loaded.outputs()[boxes_output(loaded.model(), Task::kSsd)].elems / 4;
    if (found == file->tensors.end() || found->second.values.size() != boxes * 4)
        return bad_input(
            fmt::format("{}: expected the tensor priors of [{}, 4], found another", path, boxes));
    Priors priors;
    for (size_t i = 0; i < boxes; i++) {
        const float *box = &found->second.values[i * 4];
        priors.push_back({box[0], box[1], box[2], box[3]});
    }
    return priors;
}

}  // namespace

Result<Decoder> Decoder::open(const LoadedPackage &loaded, Task task) {
    Decoder decoder;
    decoder.loaded_ = &loaded;
    decoder.task_ = task;
    if (task != Task::kSsd) return decoder;
    Result<Priors> priors = priors_of(loaded);
    if (!priors) return priors.error();
    decoder.priors_ = std::move(*priors);
    return decoder;
}

LabelMap Decoder::mask(const OutputValues &outputs, std::optional<float> threshold) const {
    const std::vector<int64_t> &shape = loaded_->outputs()[0].shape;  // N, classes, height, width
    const int height = int(shape[2]), width = int(shape[3]), classes = loaded_->manifest().classes();
    if (gives_mask(loaded_->model())) return class_numbers(outputs[0], width, height);
    if (classes > 1) return best_classes(outputs[0], classes, width, height);
    return one_class(outputs[0], threshold.value_or(float(kMaskThreshold)), width, height);
}

Detections Decoder::boxes(const OutputValues &outputs, std::optional<float> threshold) const {
    const Manifest &m = loaded_->manifest();
    const size_t at = boxes_output(loaded_->model(), task_);
    const float least = threshold.value_or(kThreshold), *places = outputs[at], *scores = outputs[1 - at];
    if (task_ == Task::kSsd)
        return decode_ssd(priors_, places, scores, m.classes(), {m.height(), m.width()}, least);
    const std::vector<int64_t> &shape = loaded_->outputs()[at].shape;  // N, 4, height, width
    return decode_centernet(scores, places, m.classes(), int(shape[2]), int(shape[3]), least);
}

}  // namespace hardnet
