// Parameters, MACs and CIO of every built-in network, at its own input size, against a trace of the definitions that
// shares no line with models/, and beside them what the paper and the authors print.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "graph/measures.h"
#include "tests/models/networks.h"

namespace hardnet {
namespace {

struct Row {
    const char *network;
    int64_t parameters;
    const char *macs, *cio;  // M, to as many digits as traced
    // Published, where this network gives the printed digits: M of parameters, G of MACs (the paper's CamVid table counts
    // two operations each), M elements of CIO (that table: MB of float32).
    const char *published_parameters, *published_macs, *published_cio;
};

// MACs that differ are published with about two operations more per output, for batch norm and activation.
const Row kRows[] = {
    // The paper leaves layers out of the CIO of the DS networks: measures_test.cpp.
    {"hardnet39ds", 3488228, "429.47", "9.818", "3.5", "", ""},        // 0.44 G
    {"hardnet68ds", 4180602, "775.28", "17.324", "4.2", "", ""},       // 0.79 G
    {"hardnet68", 17565348, "4246.11", "11.469", "17.6", "", "11.5"},  // 4.3 G
    {"hardnet85", 36670212, "9074.08", "17.469", "36.7", "9.1", ""},
    {"hardnet96s", 9329375, "2473.80", "11.696", "9.3", "2.5", "11.7"},
    {"hardnet117s", 20811801, "4811.93", "16.660", "", "", "16.7"},      // 20.9 M, 4.9 G
    {"hardnet138s", 35468491, "6644.78", "19.576", "35.5", "", "19.6"},  // 6.7 G
    {"resnet18", 11689512, "1814.07", "4.666", "11.7", "1.8", "4.7"},
    {"resnet50", 25557032, "4089.18", "21.776", "", "4.1", ""},      // 25 M, cut off
    {"resnet50_v1", 25557032, "3857.97", "20.723", "", "", "20.7"},  // 25 M; MACs are those of the other
    {"resnet101", 44549160, "7801.41", "32.012", "44.5", "", ""},
    {"resnet101_v1", 44549160, "7570.19", "30.959", "44.5", "7.6", ""},  // CIO 30.9, cut off
    {"resnet152", 60192808, "11513.63", "44.657", "60.2", "", ""},
    {"resnet152_v1", 60192808, "11282.42", "43.603", "60.2", "11.3", "43.6"},
    {"mobilenetv2", 3504872, "300.77", "13.444", "3.5", "", "13.4"},   // 0.32 G
    {"mobilenetv2_14", 6108776, "582.20", "19.210", "6.1", "", ""},    // 0.59 G, 18.5 M: not rounded to 8
    {"densenet121", 7978856, "2834.16", "21.864", "", "", "21.9"},     // 7.9 M, cut off; 2.9 G
    {"densenet201", 20013928, "4291.37", "31.812", "20", "", "31.8"},  // 4.4 G
    {"densenet264", 33337704, "5751.65", "41.759", "", "", ""},        // only drawn
    {"vgg16", 138357544, "15470.26", "22.629", "138", "15.5", "22.6"},
    {"fchardnet70", 4119257, "35217.43", "272.300", "4.1", "", ""},  // 35.4 G
    {"fchardnet68", 1375893, "7567.18", "118.205", "1.4", "15", "473"},
    {"fchardnet76", 3479801, "26657.09", "233.104", "3.5", "", "932"},  // 54 G, unexplained
    {"fchardnet84", 8375661, "49984.30", "316.682", "8.4", "100", "1267"},
    {"fchardnet_ref100", 3565843, "75722.83", "518.921", "3.6", "151", "2076"},
    // The paper's figures of these are below.
    {"fcdensenet56", 1376795, "30026.57", "362.183", "1.4", "60", ""},  // CIO 1351 MB
    {"fcdensenet67", 3463243, "70383.12", "606.735", "3.5", "", ""},    // 140 G, 2286 MB
    {"fcdensenet103", 9322091, "67591.31", "569.992", "", "", ""},      // 9.4 M, 134 G, 2150 MB
    {"ssd512_hardnet68", 25700414, "34427.54", "69.690", "", "", ""},
    {"ssd512_hardnet85", 38782074, "60634.14", "101.561", "", "", ""},
    {"ssd512_vgg16", 36821726, "101837.58", "133.244", "", "", ""},
    {"centernet_hardnet85", 37274988, "87715.22", "171.154", "", "", ""},  // 37.2 M, cut off; 87.9 G
};

// `value` to the digits of `like`.
std::string printed(double value, const std::string &like) {
    const size_t point = like.find('.');
    return fmt::format("{:.{}f}", value, point == std::string::npos ? 0 : like.size() - point - 1);
}

void expect_published(double value, const std::string &published) {
    if (published.empty()) return;
    EXPECT_EQ(printed(value, published), published);
}

TEST(Figures, EveryNetworkAtItsOwnSize) {
    std::set<std::string> checked;
    for (const Row &row : kRows) {
        SCOPED_TRACE(row.network);
        checked.insert(row.network);
        const ModelRecord record = testing::record(row.network);
        const LayerMeasures total = measure(testing::network(row.network, record.input)).total;
        const double macs = static_cast<double>(total.macs), cio = static_cast<double>(total.cio);
        EXPECT_EQ(total.parameters, row.parameters);
        EXPECT_EQ(printed(macs * 1e-6, row.macs), row.macs);
        EXPECT_EQ(printed(cio * 1e-6, row.cio), row.cio);

        const bool camvid = record.input.height == 352;
        expect_published(static_cast<double>(total.parameters) * 1e-6, row.published_parameters);
        expect_published(macs * (camvid ? 2e-9 : 1e-9), row.published_macs);
        expect_published(cio * (camvid ? 4e-6 : 1e-6), row.published_cio);
    }
    for (const ModelRecord &record : builtin_records())
        EXPECT_EQ(checked.count(record.name), 1u) << record.name;
}

TEST(Figures, CenterNetAtOtherSizes) {
    for (const auto &[extent, giga] : {std::pair{416, "57.91"}, std::pair{608, "123.69"}})
        EXPECT_EQ(printed(static_cast<double>(
                              measure(testing::network("centernet_hardnet85", {extent, extent})).total.macs) *
                              1e-9,
                          giga),
                  giga);
}

// FC-DenseNet as the paper counts it: the last 1x1 reads the last block's new features alone, where the network (and its
// authors' code) reads all of its stack.
TEST(Figures, FcDenseNetAsThePaperCountsIt) {
    struct PaperRow {
        const char *network;
        int new_features;
        const char *parameters, *macs, *cio;  // M, G of two operations, MB; 103 is published as 9.4 M
    };
    for (const PaperRow &row : {PaperRow{"fcdensenet56", 48, "1.375", "59.5", "1351"},
                                PaperRow{"fcdensenet67", 80, "3.461", "140.0", "2286"},
                                PaperRow{"fcdensenet103", 64, "9.320", "134.5", "2150"}}) {
        SCOPED_TRACE(row.network);
        const ModelRecord record = testing::record(row.network);
        const Network network = testing::network(row.network, record.input);
        const Layer &last = network.layers.back();
        const int64_t unread = last.in.channels - row.new_features,
                      pixels = last.in.elements() / last.in.channels;
        const LayerMeasures total = measure(network).total;
        EXPECT_EQ(
            printed(static_cast<double>(total.parameters - unread * record.classes) * 1e-6, row.parameters),
            row.parameters);
        EXPECT_EQ(
            printed(static_cast<double>(total.macs - unread * record.classes * pixels) * 2e-9, row.macs),
            row.macs);
        EXPECT_EQ(printed(static_cast<double>(total.cio - unread * pixels) * 4e-6, row.cio), row.cio);
    }
}

// SSD with Pascal VOC's 20 classes.
TEST(Figures, SsdWith21Classes) {
    struct SsdRow {
        const char *network, *parameters, *macs, *cio;
    };
    for (const SsdRow &row : {SsdRow{"ssd512_hardnet68", "18.16", "27.56", "67.7"},
                              SsdRow{"ssd512_hardnet85", "30.99", "53.50", "99.6"},
                              SsdRow{"ssd512_vgg16", "27.42", "91.15", "131.3"}}) {
        ModelRecord record = testing::record(row.network);
        set_classes(record, 21);
        const LayerMeasures total = measure(*build_network(record, record.input)).total;
        EXPECT_EQ(printed(static_cast<double>(total.parameters) * 1e-6, row.parameters), row.parameters);
        EXPECT_EQ(printed(static_cast<double>(total.macs) * 1e-9, row.macs), row.macs);
        EXPECT_EQ(printed(static_cast<double>(total.cio) * 1e-6, row.cio), row.cio);
    }
}

}  // namespace
}  // namespace hardnet
