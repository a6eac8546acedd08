// Which layers a plan of precision int16 multiplies as int16, and which tensors it stores so.
#include <gtest/gtest.h>

#include "models/layer_list.h"
#include "tests/compiler/plans.h"

namespace hardnet::testing {
namespace {

// With seeded weights.
Ranges seeded_ranges(const Network &network) {
    return ranges_of(network, *fold(network, seeded_checkpoint(network, 1)));
}

PlanOptions int16_options(const Ranges &ranges, AlgorithmChoice algorithm = AlgorithmChoice::kAuto) {
    PlanOptions options;
    options.algorithm = algorithm;
    options.ranges = &ranges;
    options.precision = Precision::kInt16;
    return options;
}

std::vector<Decision> decisions_of(const Network &network, const std::string &level,
                                   AlgorithmChoice algorithm = AlgorithmChoice::kAuto) {
    const Ranges ranges = seeded_ranges(network);
    return analyse(network, machine_named(level, Precision::kInt16), int16_options(ranges, algorithm))
        .decisions;
}

Network small_network(const std::string &record) {
    Result<Network> network = build_network(
        *find_record(record),
        record == "hardnet68" || record == "hardnet39ds" ? InputSize{64, 64} : InputSize{32, 32});
    if (!network) throw std::runtime_error(network.error().what);
    return std::move(*network);
}
const std::vector<std::string> &int16_records() {
    static const std::vector<std::string> all = {"hardnet68", "hardnet39ds",
                                                 HARDNET_SOURCE "/models/digits.json"};
    return all;
}

struct Int16Counts {
    int winograd = 0, direct = 0, stored = 0;
    bool operator==(const Int16Counts &o) const {
        return winograd == o.winograd && direct == o.direct && stored == o.stored;
    }
};
void PrintTo(const Int16Counts &c, std::ostream *out) {
    *out << "{" << c.winograd << ", " << c.direct << ", " << c.stored << "}";
}

Int16Counts counts_of(const std::vector<Decision> &decisions) {
    Int16Counts counts;
    for (const Decision &d : decisions) {
        if (d.int16()) (d.tiling ? counts.winograd : counts.direct)++;
        counts.stored += bool(d.storage);
    }
    return counts;
}

TEST(Int16Choice, IsMadeWherePairsAreFast) {
    for (const std::string &record : int16_records()) {
        const Network network = small_network(record);
        for (const char *level : {"sse41", "neon"})
            EXPECT_EQ(counts_of(decisions_of(network, level)), Int16Counts{}) << record << ' ' << level;
        const Analysis fp32 = analyse(network, machine_named("avx512"), {});
        EXPECT_EQ(counts_of(fp32.decisions), Int16Counts{}) << record;
    }
}

// Of hardnet39ds, depthwise layers have no activation: their weights bound what others read.
TEST(Int16Choice, CountsOfLayers) {
    EXPECT_EQ(counts_of(decisions_of(small_network("hardnet68"), "zen4")), (Int16Counts{41, 25, 68}));
    EXPECT_EQ(counts_of(decisions_of(small_network("hardnet39ds"), "zen4")), (Int16Counts{0, 37, 74}));
    EXPECT_EQ(counts_of(decisions_of(small_network(int16_records()[2]), "zen4")), (Int16Counts{5, 10, 17}));
}

// What kernels take for granted, in every network, at every level and with either algorithm.
TEST(Int16Choice, IsSound) {
    for (const std::string &record : int16_records()) {
        const Network network = small_network(record);
        const Ranges ranges = seeded_ranges(network);
        for (const char *level : {"zen4", "avx512", "avx2"}) {
            for (AlgorithmChoice algorithm : {AlgorithmChoice::kAuto, AlgorithmChoice::kDirect}) {
                const Analysis a = analyse(network, machine_named(level, Precision::kInt16),
                                           int16_options(ranges, algorithm));
                for (size_t l = 0; l < network.layers.size(); l++) {
                    SCOPED_TRACE(network.layers[l].name + " at " + level);
                    const Decision &d = a.decisions[l];
                    bool bounded = true, stored = true;
                    for (int source : network.layers[l].sources()) {
                        bounded = bounded && source != kNetworkInput && ranges[size_t(source)];
                        stored = stored && source != kNetworkInput && a.decisions[size_t(source)].storage;
                    }
                    const bool conv =
                        network.layers[l].op == OpKind::kConv && network.layers[l].front_norm.empty();
                    EXPECT_EQ(d.int16(), conv && (d.tiling ? bounded : stored));
                    if (!d.storage) continue;
                    ASSERT_TRUE(ranges[l]);
                    EXPECT_EQ(a.output_of(int(l)), nullptr);
                    const double most = ranges[l]->interval.magnitude();
                    EXPECT_GE(d.storage.most, std::ldexp(most, d.storage.exponent));
                    EXPECT_LE(d.storage.most, 32767);
                    for (const LayerReader &r :
                         a.readers[l]) {  // float32 arithmetic loads all but a direct sum's
                        const Decision &reader = a.decisions[size_t(r.layer)];
                        const bool direct =
                            network.layers[size_t(r.layer)].op == OpKind::kConv && !reader.tiling;
                        EXPECT_TRUE(!direct || reader.int16() || r.role == Role::kOperand);
                    }
                }
            }
        }
    }
}

// Every call is given what its kernel expects: make_plan says so where it is not.
TEST(Int16Choice, CanBePlanned) {
    for (const std::string &record : int16_records()) {
        const Network network = small_network(record);
        const Ranges ranges = seeded_ranges(network);
        for (const char *level : {"zen4", "avx512", "avx2", "sse41", "neon"}) {
            for (AlgorithmChoice algorithm : {AlgorithmChoice::kAuto, AlgorithmChoice::kDirect}) {
                const Result<Plan> plan = make_plan(network, machine_named(level, Precision::kInt16),
                                                    int16_options(ranges, algorithm));
                EXPECT_TRUE(plan) << record << ' ' << level << ": " << (plan ? "" : plan.error().what);
            }
        }
    }
}

// first -> second -> third, all bounded; `second` is what else happens to it.
struct Chain {
    Chain() : list({3, 32, 32}) {
        spec.activation = Activation::kRelu6;
        ConvSpec pointwise = spec;
        pointwise.kernel = 1;
        first = list.conv(conv_names("first"), {kNetworkInput}, spec);
        second = list.conv(conv_names("second"), {first}, pointwise);
        third = list.conv(conv_names("third"), {second}, pointwise);
    }
    Network network(std::vector<Output> outputs) {
        Network network;
        network.name = "chain";
        network.input = {3, 32, 32};
        network.layers = list.take();
        network.outputs = std::move(outputs);
        return network;
    }
    LayerList list;
    ConvSpec spec{16, 3};
    int first, second, third;
};

TEST(Int16Choice, TensorsBetweenConvolutionsAreStored) {
    Chain chain;
    const std::vector<Decision> d = decisions_of(chain.network({{"out", {chain.third}}}), "zen4");
    EXPECT_TRUE(d[size_t(chain.second)].storage);
    EXPECT_EQ(d[size_t(chain.second)].storage,
              (Storage{24576, 12}));  // 6 * 2^12 is below 2^15, 6 * 2^13 is not
    EXPECT_TRUE(d[size_t(chain.third)].int16());
    EXPECT_FALSE(d[size_t(chain.third)].storage);
}

TEST(Int16Choice, ADirectConvolutionReadsThemWhateverItsWindow) {
    Chain chain;
    const int taps = chain.list.conv(conv_names("taps"), {chain.second}, chain.spec);
    const Network network = chain.network({{"out", {chain.third, taps}}});
    const std::vector<Decision> d = decisions_of(network, "avx2", AlgorithmChoice::kDirect);
    EXPECT_TRUE(d[size_t(chain.second)].storage);
    EXPECT_FALSE(d[size_t(taps)].tiling);
    EXPECT_TRUE(d[size_t(taps)].int16());
    const Ranges ranges = seeded_ranges(network);
    const Result<Plan> plan = make_plan(network, machine_named("avx2", Precision::kInt16),
                                        int16_options(ranges, AlgorithmChoice::kDirect));
    EXPECT_TRUE(plan) << (plan ? "" : plan.error().what);
}

TEST(Int16Choice, AnOutputStaysFloat32) {
    Chain chain;
    const std::vector<Decision> d =
        decisions_of(chain.network({{"out", {chain.third}}, {"between", {chain.second}}}), "zen4");
    EXPECT_FALSE(d[size_t(chain.second)].storage);
    EXPECT_FALSE(d[size_t(chain.third)].int16());
}

TEST(Int16Choice, AnOperandIsRounded) {
    Chain chain;
    ConvSpec adds = chain.spec;
    adds.kernel = 1;
    adds.residual = chain.second;
    const int sum = chain.list.conv(conv_names("sum"), {chain.third}, adds);
    const std::vector<Decision> d = decisions_of(chain.network({{"out", {sum}}}), "zen4");
    EXPECT_TRUE(d[size_t(chain.second)].storage);
    EXPECT_TRUE(d[size_t(chain.third)].int16());
    EXPECT_TRUE(d[size_t(chain.third)].storage);
    EXPECT_TRUE(d[size_t(sum)].int16());
}

TEST(Int16Choice, APoolReadsAndWritesThem) {
    Chain chain;
    const int pool = chain.list.average_pool("pool", chain.second, 3, 1, 1);
    const int behind = chain.list.conv(conv_names("behind"), {pool}, chain.spec);
    const std::vector<Decision> d =
        decisions_of(chain.network({{"out", {chain.third, behind}}}), "avx2", AlgorithmChoice::kDirect);
    EXPECT_TRUE(d[size_t(chain.second)].storage);
    EXPECT_TRUE(d[size_t(pool)].storage);
    EXPECT_TRUE(d[size_t(behind)].int16());
}

TEST(Int16Choice, WhatAnotherOperatorReadsStaysFloat32) {
    Chain chain;
    const int slice = chain.list.slice("slice", chain.second, 0, 8);
    const std::vector<Decision> d = decisions_of(chain.network({{"out", {chain.third, slice}}}), "zen4");
    EXPECT_FALSE(d[size_t(chain.second)].storage);
    EXPECT_FALSE(d[size_t(chain.third)].int16());
}

// The longer the sum, the fewer bits of what is summed, so that weights keep theirs.
TEST(Int16Choice, BitsAreSharedWithWeights) {
    int least = 1 << 16;
    for (int channels : {8, 64, 512}) {
        LayerList list({3, 8, 8});
        ConvSpec spec{channels, 3};
        spec.activation = Activation::kRelu6;
        const int first = list.conv(conv_names("first"), {kNetworkInput}, spec);
        const int second = list.conv(conv_names("second"), {first}, spec);
        Network network;
        network.name = "two";
        network.input = {3, 8, 8};
        network.layers = list.take();
        network.outputs = {{"out", {second}}};
        const std::vector<Decision> d = decisions_of(network, "avx2", AlgorithmChoice::kDirect);
        ASSERT_TRUE(d[size_t(first)].storage) << channels;
        EXPECT_LT(d[size_t(first)].storage.most, least) << channels;
        least = d[size_t(first)].storage.most;
    }
}

}  // namespace
}  // namespace hardnet::testing
