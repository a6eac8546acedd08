// Every other network than HarDNet's classifiers against what PyTorch computes in double: all raw outputs, on every
// level that this CPU runs, with one and with two threads. The test of one case is fchardnet70/97x131/avx512/2.
//
// Kernels of all of them take half an hour to compile: without HARDNET_ALL_NETWORKS in the environment one small size
// of one network per kind is run, for AVX2, and the others are skipped.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/networks/package.h"
#include "weights/weights.h"

namespace hardnet::testing {
namespace {

constexpr double kBound = 1e-5;  // relative RMS of an output

const std::set<std::string> kAlways = {
    "resnet18/75x101",    "resnet50/75x101",     "mobilenetv2/75x101",       "densenet121/75x101",
    "fchardnet70/97x131", "fcdensenet56/97x131", "ssd512_hardnet68/276x308", "centernet_hardnet85/132x164",
};

struct Case {
    PackageRequest request;
    std::string golden, level;
    int threads;
    std::string name() const { return label(request) + "/" + level + "/" + std::to_string(threads); }
};

// Relative RMS over the elements that the golden keeps.
double difference(const std::vector<float> &found, const nlohmann::json &expected) {
    const auto stride = expected.at("stride").get<size_t>();
    const auto values = expected.at("values").get<std::vector<double>>();
    double errors = 0, squares = 0;
    for (size_t i = 0; i < values.size(); i++) {
        const double error = found.at(i * stride) - values[i];
        errors += error * error;
        squares += values[i] * values[i];
    }
    return std::isnan(errors) ? INFINITY : std::sqrt(errors / squares);
}

class Outputs : public ::testing::Test {
public:
    explicit Outputs(Case c) : case_(std::move(c)) {}
    void TestBody() override {
        const bool always = kAlways.count(label(case_.request)) && case_.level == "avx2";
        if (!always && !std::getenv("HARDNET_ALL_NETWORKS"))
            GTEST_SKIP() << "HARDNET_ALL_NETWORKS is not set";
        const std::string missing = missing_features(case_.level);
        if (!missing.empty()) GTEST_SKIP() << "this CPU has no " << missing;
        std::ifstream file(case_.golden);
        const auto golden = nlohmann::json::parse(file);
        const TestPackage &package = compiled(case_.request);
        ASSERT_EQ(package.error, "");
        Session session(package, {case_.level, case_.threads});
        ASSERT_EQ(session.status(), HARDNET_OK) << session.error();
        const std::vector<float> image = seeded_input(int64_t(package.image_elems), golden.at("seed"));
        std::copy(image.begin(), image.end(), session.input<float>());
        ASSERT_FALSE(session.run().empty()) << session.error();
        const auto &outputs = golden.at("outputs");
        ASSERT_EQ(package.network->output_count, outputs.size());
        for (size_t i = 0; i < outputs.size(); i++) {
            const hardnet_port &port = package.network->outputs[i];
            EXPECT_EQ(port.name, outputs[i].at("name").get<std::string>());
            EXPECT_EQ(std::vector<int64_t>(port.shape, port.shape + port.rank),
                      outputs[i].at("shape").get<std::vector<int64_t>>());
            const double error = difference(session.output(int(i)), outputs[i]);
            EXPECT_LE(error, kBound) << port.name;
            RecordProperty(port.name, std::to_string(error * 1e6) + "e-6");
            printf("%-40s %-6s %.2e\n", case_.name().c_str(), port.name, error);
        }
    }

private:
    Case case_;
};

const bool registered = [] {
    for (const auto &entry : std::filesystem::directory_iterator(HARDNET_GOLDEN_FOLDER "/outputs")) {
        const std::string stem = entry.path().stem();
        const size_t at = stem.rfind('_'), x = stem.rfind('x');
        const InputSize size{std::stoi(stem.substr(at + 1)), std::stoi(stem.substr(x + 1))};
        for (const std::string level : {"avx512", "avx2"}) {
            for (int threads : {1, 2}) {
                const Case c{{stem.substr(0, at), size, 1, "seed:1", level}, entry.path(), level, threads};
                ::testing::RegisterTest("Outputs", c.name().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                                        [c]() -> ::testing::Test * { return new Outputs(c); });
            }
        }
    }
    return true;
}();

}  // namespace
}  // namespace hardnet::testing
