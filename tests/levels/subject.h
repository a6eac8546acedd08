// What is run on the machines: a seeded network as a package for every level, an input, and the logits it
// must give.
#pragma once
#include <ostream>
#include <string>
#include <vector>

#include "graph/network.h"
#include "graph/precision.h"
#include "reference/compare.h"
#include "tests/levels/machines.h"

namespace hardnet::testing {

// A network that resizes, of two sources of one size, clamped, and small.
constexpr char kSegmenter[] = HARDNET_SOURCE_DIR "/models/shapes_segmenter.json";

// Relative RMS allowed to logits in float32, as `hardnet verify` allows it, and where layers are of int8.
constexpr double kLogitsBound = 3e-6, kInt8Bound = 4e-2;

class Subject {
public:
    // Compiles in a folder of its own; `error()` says why it could not. Integers are within what the reference's layers
    // hold of the input.
    Subject(const std::string &network, InputSize size, Precision precision = Precision::kFloat32);

    const std::string &error() const { return error_; }
    const std::string &name() const { return name_; }      // "hardnet68/224x224"
    const std::string &folder() const { return folder_; }  // the package's
    const std::string &oracle() const { return oracle_; }  // "PyTorch" or "reference"

    struct Result {
        Outcome outcome;
        std::vector<float> logits;  // empty where the run failed
        Difference difference;
        bool right() const { return !logits.empty() && difference.relative_rms <= kLogitsBound; }
    };
    // On `machine`, whose tools are there. Level "": the runtime's choice.
    Result run(const TestMachine &machine, const std::string &level, int threads);

private:
    std::string compile(const std::string &network, InputSize size, Precision precision, uint64_t seed);
    const Program &program(const std::string &platform);

    std::string error_, name_, folder_, oracle_, input_path_;
    std::vector<double> expected_;
    std::vector<std::pair<std::string, Program>> programs_;  // by platform
};

// Compiled once per program.
Subject &subject(const std::string &network, InputSize size, Precision precision = Precision::kFloat32);

struct Case {
    std::string network;  // a built-in name or a record's file
    InputSize size;
};
std::string short_name(const std::string &network);  // "shapes_segmenter"
inline void PrintTo(const Case &c, std::ostream *out) {
    *out << short_name(c.network) << "/" << c.size.height << "x" << c.size.width;
}

}  // namespace hardnet::testing
