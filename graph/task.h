// What a network is for: told by what it returns, or stated beside it.
#pragma once
#include <optional>
#include <string>

#include "graph/network.h"

namespace hardnet {

// The one that is stated, or by the outputs' names and shapes.
Result<Task> task_of(const Network &network);

// States a task that the outputs' shapes must fit, whatever their names; classes are counted where the task has some.
Status set_task(Network &network, Task task);

// Of detection: which output has the boxes' places. The other one tells their classes.
size_t boxes_output(const Network &network, Task task);

const char *name_of(Task task);  // "classification", "segmentation", "detection", "raw tensors"

// As users and manifests state it: "classify", "segment", "detect-ssd", "detect-centernet", "tensor".
const char *word_of(Task task);
std::optional<Task> task_from_word(const std::string &word);
std::vector<std::string> task_words();

}  // namespace hardnet
