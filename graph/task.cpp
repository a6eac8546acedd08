#include "graph/task.h"

#include <fmt/format.h>

namespace hardnet {

Result<Task> task_of(const Network &network) {
    std::vector<std::string> found;
    std::vector<std::vector<int64_t>> shapes;
    for (const Output &output : network.outputs) {
        shapes.push_back(output_shape(network, output));
        found.push_back(fmt::format("{} [{}]", output.name, fmt::join(shapes.back(), ", ")));
    }
    const auto are = [&](const char *first, const char *second, size_t rank) {
        return shapes.size() == 2 && network.outputs[0].name == first && network.outputs[1].name == second &&
               shapes[0].size() == rank && shapes[1].size() == rank;
    };
    if (shapes.size() == 1 && shapes[0].size() == 1) return Task::kClassification;
    if (shapes.size() == 1 && shapes[0].size() == 3) return Task::kSegmentation;
    if (are("loc", "conf", 2) && shapes[0][0] == shapes[1][0] && shapes[0][1] == 4) return Task::kSsd;
    if (are("hm", "wh", 3) && shapes[1] == std::vector<int64_t>{4, shapes[0][1], shapes[0][2]})
        return Task::kCenterNet;
    return bad_input(fmt::format(
        "{}: expected outputs of a classifier, of segmentation, loc and conf, or hm and wh, found {}",
        network.name, found.empty() ? "none" : fmt::format("{}", fmt::join(found, " and "))));
}

const char *name_of(Task task) {
    switch (task) {
        case Task::kClassification:
            return "classification";
        case Task::kSegmentation:
            return "segmentation";
        default:
            return "detection";
    }
}

}  // namespace hardnet
