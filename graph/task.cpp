#include "graph/task.h"

#include <fmt/format.h>

namespace hardnet {
namespace {

using TensorShape = std::vector<int64_t>;

constexpr int64_t kBoxNumbers = 4;  // of one box: SSD's offsets, CenterNet's extents and offset
constexpr int kCenterNetStride = 4;

struct TaskWord {
    Task task;
    const char *word;
};
constexpr TaskWord kTaskWords[] = {{Task::kClassification, "classify"},
                                   {Task::kSegmentation, "segment"},
                                   {Task::kSsd, "detect-ssd"},
                                   {Task::kCenterNet, "detect-centernet"},
                                   {Task::kTensor, "tensor"}};

std::vector<TensorShape> shapes_of(const Network &network) {
    std::vector<TensorShape> shapes;
    for (const Output &output : network.outputs) shapes.push_back(output_shape(network, output));
    return shapes;
}

std::string outputs_of(const Network &network) {
    std::vector<std::string> found;
    for (const Output &output : network.outputs)
        found.push_back(fmt::format("{} [{}]", output.name, fmt::join(output_shape(network, output), ", ")));
    return found.empty() ? "none" : fmt::format("{}", fmt::join(found, " and "));
}

// Of one pixel, too: pooled, and not flattened.
bool is_list(const TensorShape &shape) {
    return shape.size() == 1 || (shape.size() == 3 && shape[1] == 1 && shape[2] == 1);
}

bool are_ssd(const TensorShape &boxes, const TensorShape &scores) {
    return boxes.size() == 2 && scores.size() == 2 && boxes[0] == scores[0] && boxes[1] == kBoxNumbers;
}

bool are_centernet(const TensorShape &boxes, const TensorShape &scores) {
    return boxes.size() == 3 && scores.size() == 3 && boxes == TensorShape{kBoxNumbers, scores[1], scores[2]};
}

// Where both could be the boxes: SSD's are the first, CenterNet's the second.
bool boxes_are_second(const std::vector<TensorShape> &shapes, Task task) {
    return task == Task::kSsd ? !are_ssd(shapes[0], shapes[1]) : are_centernet(shapes[1], shapes[0]);
}

bool fits(const std::vector<TensorShape> &shapes, const Shape &input, Task task) {
    const bool one = shapes.size() == 1, two = shapes.size() == 2;
    const auto is_map = [&](const TensorShape &shape, int stride) {
        return shape.size() == 3 && shape[1] * stride == input.height && shape[2] * stride == input.width;
    };
    switch (task) {
        case Task::kClassification:
            return one && is_list(shapes[0]);
        case Task::kSegmentation:
            return one && is_map(shapes[0], 1);
        case Task::kSsd:
            return two && (are_ssd(shapes[0], shapes[1]) || are_ssd(shapes[1], shapes[0]));
        case Task::kCenterNet:
            return two && is_map(shapes[0], kCenterNetStride) &&
                   (are_centernet(shapes[0], shapes[1]) || are_centernet(shapes[1], shapes[0]));
        default:
            return true;
    }
}

std::string wanted_by(const Shape &input, Task task) {
    switch (task) {
        case Task::kClassification:
            return "one output [classes]";
        case Task::kSegmentation:
            return fmt::format("one output [classes, {}, {}]", input.height, input.width);
        case Task::kSsd:
            return "two outputs [boxes, 4] and [boxes, classes]";
        default:
            return fmt::format("two outputs [classes, {0}, {1}] and [4, {0}, {1}]",
                               input.height / kCenterNetStride, input.width / kCenterNetStride);
    }
}

bool is_probability(const Layer &layer) {
    return layer.op == OpKind::kSoftmax || layer.activation == Activation::kSigmoid;
}

}  // namespace

Result<Task> task_of(const Network &network) {
    if (network.task) return *network.task;
    const std::vector<TensorShape> shapes = shapes_of(network);
    const auto are = [&](const char *first, const char *second) {
        return shapes.size() == 2 && network.outputs[0].name == first && network.outputs[1].name == second;
    };
    if (shapes.size() == 1 && shapes[0].size() == 1) return Task::kClassification;
    if (shapes.size() == 1 && shapes[0].size() == 3) return Task::kSegmentation;
    if (are("loc", "conf") && are_ssd(shapes[0], shapes[1])) return Task::kSsd;
    if (are("hm", "wh") && are_centernet(shapes[1], shapes[0])) return Task::kCenterNet;
    return bad_input(fmt::format(
        "{}: expected outputs of a classifier, of segmentation, loc and conf, or hm and wh, found {}",
        network.name, outputs_of(network)));
}

Status set_task(Network &network, Task task) {
    const std::vector<TensorShape> shapes = shapes_of(network);
    if (!fits(shapes, network.input, task))
        return bad_input(fmt::format("{}: task {}: expected {}, found {}", network.name, word_of(task),
                                     wanted_by(network.input, task), outputs_of(network)));
    network.task = task;
    if (task == Task::kTensor) return ok();
    const bool detects = task == Task::kSsd || task == Task::kCenterNet;
    const size_t scores = detects ? 1 - boxes_output(network, task) : 0;
    network.classes = int(shapes[scores][task == Task::kSsd ? 1 : 0]);
    for (int layer : network.outputs[scores].layers)
        if (is_probability(network.layers[size_t(layer)]))
            return bad_input(fmt::format(
                "{}: task {}: expected logits, found probabilities in {} (cut the network in front of their "
                "Softmax or Sigmoid)",
                network.name, word_of(task), network.outputs[scores].name));
    return ok();
}

size_t boxes_output(const Network &network, Task task) {
    return boxes_are_second(shapes_of(network), task) ? 1 : 0;
}

const char *name_of(Task task) {
    switch (task) {
        case Task::kTensor:
            return "raw tensors";
        case Task::kClassification:
            return "classification";
        case Task::kSegmentation:
            return "segmentation";
        default:
            return "detection";
    }
}

const char *word_of(Task task) {
    for (const TaskWord &known : kTaskWords)
        if (known.task == task) return known.word;
    return "";
}

std::optional<Task> task_from_word(const std::string &word) {
    for (const TaskWord &known : kTaskWords)
        if (word == known.word) return known.task;
    return std::nullopt;
}

std::vector<std::string> task_words() {
    std::vector<std::string> words;
    for (const TaskWord &known : kTaskWords) words.push_back(known.word);
    return words;
}

}  // namespace hardnet
