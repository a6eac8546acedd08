// How well a network's answers on pictures agree with another's, and with the truth: one scorer per kind of network.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "cli/batch_run.h"
#include "graph/task.h"

namespace hardnet {

// A measure from 0 to 1, each NaN where there is nothing to compare with.
struct Score {
    std::string name;  // "same label", "mean IoU"
    double with_other = 0, with_truth = 0, other_with_truth = 0;
};

using Values = std::vector<std::vector<float>>;  // of one image, per output

// Gathers what one kind of network answers, and what it should.
class Scorer {
public:
    virtual ~Scorer() = default;
    virtual Status add(const PictureResult &picture, const Values &found, const Values &other) = 0;
    virtual std::vector<Score> scores() const = 0;
};

// `truth` as AgreementSettings has it.
Result<std::unique_ptr<Scorer>> scorer_for(Task task, const LoadedPackage &loaded, const std::string &truth);

}  // namespace hardnet
