// tests/golden/logits and tests/golden/outputs: what PyTorch computes in double for a seeded network and a seeded input of the same
// seed (written by tools/oracle/make_goldens.py).
#pragma once
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace hardnet::testing {

struct Tap {  // one layer's output, summed up
    std::string layer;
    int64_t elements = 0;
    double mean = 0, rms = 0;
    std::vector<double> samples;  // of element i * (elements - 1) / (samples - 1), CHW
};

struct GoldenOutput {
    std::string name;
    std::vector<int64_t> shape;  // with the batch of 1 in front
    int64_t stride = 1;          // values are those of elements 0, stride, 2 * stride...
    std::vector<double> values;
};

struct Golden {
    std::string network;
    uint64_t seed = 0;
    int height = 0, width = 0;
    std::vector<Tap> taps;
    std::vector<double> logits;         // of logits/
    std::vector<GoldenOutput> outputs;  // of both
};

// Throws where the file is absent or not of this form: a test fails then.
inline Golden read_golden(const std::string &path) {
    std::ifstream file(path);
    const auto json = nlohmann::json::parse(file);
    Golden golden;
    json.at("network").get_to(golden.network);
    json.at("seed").get_to(golden.seed);
    json.at("height").get_to(golden.height);
    json.at("width").get_to(golden.width);
    if (json.contains("logits")) {
        json.at("logits").get_to(golden.logits);
        const auto classes = static_cast<int64_t>(golden.logits.size());
        golden.outputs.push_back({"logits", {1, classes}, 1, golden.logits});
    } else {
        for (const auto &from : json.at("outputs"))
            golden.outputs.push_back(
                {from.at("name"), from.at("shape"), from.at("stride"), from.at("values")});
    }
    for (const auto &from : json.at("taps")) {
        Tap tap;
        from.at("layer").get_to(tap.layer);
        from.at("elements").get_to(tap.elements);
        from.at("mean").get_to(tap.mean);
        from.at("rms").get_to(tap.rms);
        from.at("samples").get_to(tap.samples);
        golden.taps.push_back(std::move(tap));
    }
    return golden;
}

}  // namespace hardnet::testing
