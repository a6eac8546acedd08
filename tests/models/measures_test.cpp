// Parameters, MACs, CIO and MoC against the figures of the paper and of the released models.
#include "graph/measures.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/models/networks.h"

namespace hardnet {
namespace {

std::string millions(int64_t value, int digits) {
    return fmt::format("{:.{}f}", static_cast<double>(value) * 1e-6, digits);
}

// With as many digits behind the point as `like` has.
std::string millions_like(int64_t value, const std::string &like) {
    return millions(value, static_cast<int>(like.size() - like.find('.') - 1));
}

struct TotalRow {
    const char *network;
    int64_t parameters;
    const char *macs, *cio, *concat;   // M at 224x224
    const char *moc, *least, *median;  // of the whole network; over its convolutions
};

const TotalRow kTotals[] = {
    {"hardnet39ds", 3488228, "429.47", "9.818", "4.783", "43.7", "1.8", "12.0"},
    {"hardnet68ds", 4180602, "775.28", "17.324", "10.453", "44.8", "1.8", "8.8"},
    {"hardnet68", 17565348, "4246.11", "11.469", "10.453", "370", "19.6", "227"},
    {"hardnet85", 36670212, "9074.08", "17.469", "16.125", "519", "21.6", "291"},
};

TEST(Measures, Totals) {
    for (const TotalRow &row : kTotals) {
        SCOPED_TRACE(row.network);
        const Measures m = measure(testing::network(row.network));
        const auto rounded = [](double value, const std::string &like) {
            return fmt::format("{:.{}f}", value, like.find('.') == std::string::npos ? 0 : 1);
        };
        EXPECT_EQ(m.total.parameters, row.parameters);
        EXPECT_EQ(millions(m.total.macs, 2), row.macs);
        EXPECT_EQ(millions(m.total.cio, 3), row.cio);
        EXPECT_EQ(millions(m.total.concat, 3), row.concat);
        EXPECT_EQ(rounded(m.total.moc(), row.moc), row.moc);
        EXPECT_EQ(rounded(m.min_moc, row.least), row.least);
        EXPECT_EQ(rounded(m.median_moc, row.median), row.median);
    }
}

// The paper's table 4 leaves the depthwise downsamplers out of the DS networks' CIO.
TEST(Measures, PaperCioOfTheDepthwiseNetworks) {
    for (const auto &[name, expected] :
         {std::pair{"hardnet39ds", "8.219"}, std::pair{"hardnet68ds", "15.349"}}) {
        const Network network = testing::network(name);
        const Measures m = measure(network);
        int64_t cio = m.total.cio;
        for (size_t i = 0; i < network.layers.size(); i++) {
            const Layer &layer = network.layers[i];
            if (layer.op == OpKind::kDepthwiseConv && layer.window.y.stride == 2) cio -= m.layers[i].cio;
        }
        EXPECT_EQ(millions(cio, 3), expected) << name;
    }
}

struct SizeRow {
    const char *network;
    int extent;
    const char *giga_macs, *cio, *concat;
};

TEST(Measures, OtherSizes) {
    const SizeRow rows[] = {
        {"hardnet39ds", 320, "0.875", "20.04", "9.76"},  {"hardnet39ds", 1024, "8.955", "205.2", "99.95"},
        {"hardnet68ds", 320, "1.581", "35.36", "21.33"}, {"hardnet68", 512, "22.18", "59.92", "54.61"},
        {"hardnet68", 1024, "88.71", "239.7", "218.4"},  {"hardnet85", 512, "47.40", "91.27", "84.24"},
        {"hardnet85", 1024, "189.6", "365.1", "337.0"},
    };
    for (const SizeRow &row : rows) {
        SCOPED_TRACE(fmt::format("{} at {}", row.network, row.extent));
        const LayerMeasures total = measure(testing::network(row.network, {row.extent, row.extent})).total;
        EXPECT_EQ(millions_like(total.macs / 1000, row.giga_macs), row.giga_macs);
        EXPECT_EQ(millions_like(total.cio, row.cio), row.cio);
        EXPECT_EQ(millions_like(total.concat, row.concat), row.concat);
    }
}

struct StageRow {
    const char *prefix;
    int64_t weights;  // without batch norm
    const char *macs, *cio;
};

TEST(Measures, StagesOfHardnet68) {
    const StageRow rows[] = {
        {"base.0", 864, "10.8", "0.552"},       {"base.1", 18432, "231.2", "1.204"},
        {"base.3", 171288, "537.2", "2.321"},   {"base.4", 15872, "49.8", "0.790"},
        {"base.6", 781992, "613.1", "1.665"},   {"base.7", 67072, "52.6", "0.406"},
        {"base.8", 1547712, "1213.4", "2.454"}, {"base.9", 104960, "82.3", "0.508"},
        {"base.11", 4871160, "954.7", "1.038"}, {"base.12", 418560, "82.0", "0.254"},
        {"base.14", 7729056, "378.7", "0.188"}, {"base.15", 800768, "39.2", "0.088"},
    };
    const Network network = testing::network("hardnet68");
    const Measures m = measure(network);
    for (const StageRow &row : rows) {
        int64_t weights = 0, macs = 0, cio = 0;
        for (size_t i = 0; i < network.layers.size(); i++) {
            const Layer &layer = network.layers[i];
            if (layer.name != row.prefix && layer.name.rfind(std::string(row.prefix) + ".layers.", 0) != 0)
                continue;
            weights += m.layers[i].parameters - 2 * layer.out.channels;
            macs += m.layers[i].macs;
            cio += m.layers[i].cio;
        }
        EXPECT_EQ(weights, row.weights) << row.prefix;
        EXPECT_EQ(millions(macs, 1), row.macs) << row.prefix;
        EXPECT_EQ(millions(cio, 3), row.cio) << row.prefix;
    }
}

TEST(Measures, PoolsCountNothingAndTheClassifierHasNoCio) {
    const Network network = testing::network("hardnet68");
    const Measures m = measure(network);
    for (size_t i = 0; i < network.layers.size(); i++) {
        const Layer &layer = network.layers[i];
        if (layer.has_weights()) continue;
        EXPECT_EQ(m.layers[i].macs + m.layers[i].cio + m.layers[i].parameters, 0) << layer.name;
    }
    EXPECT_EQ(m.layers.back().macs, 1024000);
    EXPECT_EQ(m.layers.back().parameters, 1025000);
    EXPECT_EQ(m.layers.back().cio, 0);
    EXPECT_EQ(m.layers.back().moc(), 0);
}

}  // namespace
}  // namespace hardnet
