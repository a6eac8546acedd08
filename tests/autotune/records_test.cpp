// Tuning records as text: read, written, refused, and found by exactly their problem.
#include "models/records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <regex>

#include "compiler/analysis.h"
#include "compiler/plan.h"
#include "schedules/records.h"

namespace hardnet::testing {
namespace {

using Op = Problem::Op;

const Machine &machine(const std::string &level) {
    return *std::find_if(machines().begin(), machines().end(),
                         [&](const Machine &m) { return m.level == level; });
}

TuningRecord record(const Problem &problem, Parameters parameters) {
    TuningRecord r;
    r.level = "avx512";
    r.problem = problem;
    r.parameters = std::move(parameters);
    r.ms = 0.25;
    r.model_ms = 0.3125;
    r.cpu = "a CPU";
    r.version = "1.2.3";
    r.sources = "0123";
    return r;
}

const Problem kProduct = product_problem(Tiling::cover(4, 14, 14), 22, 96);
const Problem kConv = convolution_problem(Window{}, 56, 28, 40, 64);
const Problem kResolution = resolution_problem(40, 20, {{16, 8}, {24, 12}});
const Parameters kProductBlocks = {{{0, 22, 24, 8, 5}}},
                 kConvBlocks = {{{0, 32, 32, 16, 7}, {0, 8, 8, 8, 4}}};

Parameters with(Parameters parameters, int Parameters::*value, int now) {
    parameters.*value = now;
    return parameters;
}

TEST(TuningRecord, ComeBackAsTheyWereWritten) {
    const std::string text = records_text({record(kConv, kConvBlocks), record(kProduct, kProductBlocks)});
    EXPECT_EQ(
        text,
        R"({"level":"avx512","op":"product","tile":4,"tile_rows":[2,2],"tile_columns":[2,2],"out":22,)"
        R"("in":96,"blocks":[{"channels":22,"block":24,"lanes":8,"extent":5}],"ms":0.25,)"
        R"("model_ms":0.3125,"cpu":"a CPU","threads":1,"version":"1.2.3","sources":"0123"})"
        "\n"
        R"({"level":"avx512","op":"convolution","kernel":[1,1],"stride":[1,1],"dilation":[1,1],"width":56,"height":28,"residual":false,"out":40,"in":64,)"
        R"("blocks":[{"channels":32,"block":32,"lanes":16,"extent":7},)"
        R"({"channels":8,"block":8,"lanes":8,"extent":4}],"ms":0.25,"model_ms":0.3125,)"
        R"("cpu":"a CPU","threads":1,"version":"1.2.3","sources":"0123"})"
        "\n");
    const auto read = read_records(text, "x.jsonl", RecordKind::kChosen);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(records_text(*read), text);
    EXPECT_EQ((*read)[1].parameters.blocks[1].first, 32);
    EXPECT_GT((*read)[1].parameters.blocks[1].cycles, 0);
}

// What is as usual is not written, but for a resolution's algorithm.
TEST(TuningRecord, HaveEveryParameterOfTheirOperator) {
    const std::string text = records_text({record(kProduct, with(kProductBlocks, &Parameters::round, 8)),
                                           record(kConv, with(kConvBlocks, &Parameters::rows, 4)),
                                           record(kResolution, with({}, &Parameters::m, 3))});
    for (const char *part :
         {R"("extent":5}],"round":8,"ms")", R"("extent":4}],"rows":4,"ms")",
          R"("op":"resolution","width":40,"height":20,"out":[8,12],"in":[16,24],"m":3,"ms")"})
        EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
    const auto read = read_records(text, "x.jsonl", RecordKind::kChosen);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(records_text(*read), text);
    EXPECT_EQ(describe((*read)[0].parameters, Op::kProduct), "22:24x5, rounds of 8");
    EXPECT_EQ(describe((*read)[1].parameters, Op::kConvolution), "32:32x7 8:8x4, rows 4");
    EXPECT_EQ(describe((*read)[2].parameters, Op::kResolution), "F(3x3)");
    EXPECT_EQ(describe(kResolution), "3x3 of 20x40, 2 layers");
    Problem other = kResolution;
    other.layers.back().second++;
    EXPECT_TRUE(find_record(*read, "avx512", kResolution));
    EXPECT_FALSE(find_record(*read, "avx512", other));
}

TEST(TuningRecord, RefuseWhatIsNotInAParametersRange) {
    const Machine &avx512 = machine("avx512"), &neon = machine("neon");
    const auto fault = [](const Machine &m, const Problem &problem, Parameters parameters) {
        const Status s = complete_parameters(m, problem, parameters);
        return s ? "none" : s.error().what;
    };
    EXPECT_EQ(fault(avx512, kProduct, with(kProductBlocks, &Parameters::round, 0)), "none");
    EXPECT_EQ(fault(avx512, kProduct, with(kProductBlocks, &Parameters::round, 3)),
              "round: expected one of 0, 1, 2, 4, 8, found 3");
    EXPECT_EQ(fault(avx512, kProduct, with(kProductBlocks, &Parameters::cut, 192)), "none");
    Problem of_int16 = kProduct;
    of_int16.products = Precision::kInt16;
    EXPECT_EQ(fault(avx512, of_int16, with(kProductBlocks, &Parameters::cut, 192)),
              "cut: expected one of 0, found 192");
    const Parameters neon_blocks = model_parameters(neon, kProduct);
    EXPECT_EQ(fault(neon, kProduct, neon_blocks), "none");
    EXPECT_EQ(fault(neon, kProduct, with(neon_blocks, &Parameters::round, 8)),
              "round: expected one of 4, found 8");  // it requests nothing
    EXPECT_EQ(fault(avx512, kConv, with(kConvBlocks, &Parameters::rows, 16)), "none");
    EXPECT_EQ(fault(avx512, kConv, with(kConvBlocks, &Parameters::round, 8)),
              "round: expected one of 4, found 8");  // of products alone
    Problem low = kConv;
    low.height = 15;
    EXPECT_EQ(fault(avx512, low, with(kConvBlocks, &Parameters::rows, 2)),
              "rows: expected one of 1, found 2");
    EXPECT_EQ(fault(avx512, kResolution, with({}, &Parameters::m, 4)), "none");
    EXPECT_EQ(fault(avx512, kResolution, with({}, &Parameters::m, 1)),
              "m: expected one of 0, 2, 3, 4, found 1");
    EXPECT_EQ(fault(avx512, kResolution, kConvBlocks), "blocks: expected none of a resolution, found some");
}

TEST(TuningRecord, AreOfTheirWindowAndResidualAlone) {
    const Problem three = convolution_problem(Window::square(3, 1, 1), 56, 28, 40, 64);
    const std::vector<TuningRecord> records{record(three, kConvBlocks)};
    EXPECT_TRUE(find_record(records, "avx512", three));
    const Problem others[] = {convolution_problem(Window::square(5, 1, 2), 56, 28, 40, 64),
                              convolution_problem(Window::square(3, 2, 1), 56, 28, 40, 64),
                              convolution_problem(Window::square(3, 1, 6, 6), 56, 28, 40, 64),
                              convolution_problem(Window::square(3, 1, 1), 56, 28, 40, 64, true)};
    for (const Problem &other : others) EXPECT_FALSE(find_record(records, "avx512", other));
}

TEST(TuningRecord, AreRefusedWithTheirLine) {
    const std::string good = records_text({record(kProduct, kProductBlocks), record(kConv, kConvBlocks)});
    const auto fault = [&](const std::string &pattern, const std::string &instead, RecordKind kind) {
        const std::string text = std::regex_replace(good, std::regex(pattern), instead);
        EXPECT_NE(text, good) << pattern;
        const auto read = read_records(text, "x.jsonl", kind);
        return read ? "none" : read.error().what;
    };
    const struct {
        const char *pattern, *instead, *fault;
    } cases[] = {
        {R"(\n\{"level)", "\n[\"level", "x.jsonl:2:9: expected JSON, found"},
        {R"("op":"convolution)", "\"op\":\"conv7x7",
         "x.jsonl:2:19: op: expected product, convolution or resolution"},
        {R"("stride":.1,1)", "\"stride\":[1,0", "stride: expected two numbers of 1 to 64, found others"},
        {"avx512", "avx1024", "x.jsonl:1:2: level: expected a known level, found 'avx1024'"},
        {R"(avx512(",[^\n]*width))", "avx2$1", "x.jsonl:2:2: level: expected avx512, found 'avx2'"},
        {R"("tile":4)", "\"tile\":9", "x.jsonl:1:34: tile: expected 2 to 4, found 9"},
        {R"(\[2,2\])", "[0,0]", "x.jsonl:1:43: tile_rows: expected numbers of large and small tiles"},
        {R"("width":56)", "\"width\":56.5", "x.jsonl:2:85: width: expected an integer, found 56.5"},
        {R"("width":56)", "\"width\":6", "x.jsonl:2:141: blocks: expected a block that fits the registers"},
        {R"("lanes":16)", "\"lanes\":4", "blocks: expected lanes of avx512, found 32:32x7 of 4 lanes"},
        {R"("block":24)", "\"block\":20", "blocks: expected a block of whole vectors, found 22:20x5"},
        {R"("extent":5)", "\"extent\":9", "blocks: expected a block that fits the registers, found 22:24x9"},
        {R"("extent":5)", "\"extent\":0", "blocks: expected a block that fits the registers, found 22:24x0"},
        {R"("channels":32)", "\"channels\":33", "blocks: expected channels of whole blocks, found 33:32x7"},
        {R"("channels":32)", "\"channels\":2147483647", "blocks: expected channels of whole blocks"},
        {R"("channels":22)", "\"channels\":21", "blocks: expected parts of 22 channels, found 21:24x5"},
        {R"(\[\{"channels":22.*\}\])", "[]", "blocks: expected parts of 22 channels, found "},
        {R"("extent":5\}\],)", "\"extent\":5}],\"round\":3,",
         ": round: expected one of 0, 1, 2, 4, 8, found 3"},
        {R"("ms":0.25,)", "", "x.jsonl:1: expected the key ms, found none"},
        {R"("threads":1)", "\"threads\":1,\"failed\":\"so\"", "expected one of the keys"},
        {R"("height":28(.*)\n)",
         "\"height\":28$1\n{\"level\":\"avx512\",\"op\":\"convolution\",\"kernel\":[1,1],\"stride\":[1,1],"
         "\"dilation\":[1,1],\"width\":56,\"height\":28$1\n",
         "x.jsonl:3:19: op: expected one record of a problem, found a second"},
    };
    for (const auto &c : cases)
        EXPECT_NE(fault(c.pattern, c.instead, RecordKind::kChosen).find(c.fault), std::string::npos)
            << fault(c.pattern, c.instead, RecordKind::kChosen) << "\nexpected " << c.fault;
    EXPECT_EQ(fault(R"("threads":1)", "\"threads\":1,\"failed\":\"so\"", RecordKind::kAll), "none");
}

TEST(TuningRecord, DecideForExactlyTheirProblem) {
    const Machine &avx512 = machine("avx512");
    auto network = build_network(*find_record("hardnet39ds"), {64, 64});
    ASSERT_TRUE(network);
    const auto plain = make_plan(*network, avx512, {});
    ASSERT_TRUE(plain);
    const auto chosen = std::find_if(plain->choices.begin(), plain->choices.end(),
                                     [](const LayerChoice &c) { return c.problem.has_value(); });
    ASSERT_NE(chosen, plain->choices.end());
    const Problem problem = *chosen->problem;
    const Parameters other{candidate_blocks(avx512, problem, 2, 3)[1]};
    ASSERT_FALSE(other == model_parameters(avx512, problem));
    std::vector<TuningRecord> records = {record(problem, other)};
    ASSERT_TRUE(complete_parameters(avx512, problem, records[0].parameters));
    PlanOptions options;
    options.records = &records;
    const auto tuned = make_plan(*network, avx512, options);
    const auto foreign = make_plan(*network, machine("avx2"), options);
    ASSERT_TRUE(tuned && foreign);
    for (size_t l = 0; l < network->layers.size(); l++) {
        const std::string &text = tuned->choices[l].blocks;
        const bool same = plain->choices[l].problem && *plain->choices[l].problem == problem;
        EXPECT_EQ(text, same ? describe(other, problem.op) + " (tuned)" : plain->choices[l].blocks) << l;
        EXPECT_EQ(foreign->choices[l].blocks.find("tuned"), std::string::npos);
    }
    for (int Problem::*size : {&Problem::width, &Problem::height, &Problem::out, &Problem::in}) {
        Problem near = problem;
        near.*size += 1;
        EXPECT_EQ(find_record(records, "avx512", near), nullptr);
    }
    EXPECT_NE(find_record(records, "avx512", problem), nullptr);
    EXPECT_EQ(find_record(records, "avx2", problem), nullptr);
}

TEST(TuningRecord, OfIntegersAreOtherProblemsThanOfFloat32) {
    const Machine &zen4 = machines(Precision::kInt8).front();
    Problem int16 = kProduct, int8 = kConv;
    int16.products = Precision::kInt16;
    int8.products = Precision::kInt8;
    std::vector<TuningRecord> records = {record(int16, kProductBlocks), record(int8, kConvBlocks),
                                         record(kProduct, with(kProductBlocks, &Parameters::round, 0))};
    for (TuningRecord &r : records) r.level = "zen4";
    const std::string text = records_text(records);
    EXPECT_NE(text.find(R"("op":"product","products":"int16","tile":4)"), std::string::npos) << text;
    EXPECT_NE(text.find(R"("op":"convolution","products":"int8","kernel":[1,1])"), std::string::npos) << text;
    const auto read = read_records(text, "x.jsonl", RecordKind::kChosen);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(records_text(*read), text);
    EXPECT_EQ(find_record(*read, zen4, int16)->parameters.round, 4);
    EXPECT_EQ(find_record(*read, zen4, kProduct)->parameters.round, 0);
    EXPECT_EQ(find_record(*read, zen4, kConv), nullptr);
    EXPECT_EQ(describe(int8), "1x1 of 28x56, 64 to 40, int8");
    EXPECT_EQ(model_parameters(zen4, int16).round, 4);
    EXPECT_EQ(model_parameters(machine("avx2"), int16).round, 2);

    const auto fault = [&](const std::string &pattern, const std::string &instead) {
        const auto refused =
            read_records(std::regex_replace(text, std::regex(pattern), instead), "x.jsonl", RecordKind::kAll);
        return refused ? "none" : refused.error().what;
    };
    EXPECT_EQ(fault("int16", "int32"), "x.jsonl:2:32: products: expected fp32, int16 or int8, found 'int32'");
    EXPECT_EQ(fault("zen4", "avx512"),
              "x.jsonl:3:38: products: expected what level avx512 multiplies, found int8");
    EXPECT_EQ(fault("zen4(\",.*int16)", "neon$1"),
              "x.jsonl:2:32: products: expected what level neon multiplies, found int16");
}

// Float32 at a level that has the code of another one is what that was tuned to.
TEST(TuningRecord, OfAvx512DecideFloat32OfZen4) {
    const Machine &zen4 = machines(Precision::kInt8).front();
    std::vector<TuningRecord> records = {record(kConv, kConvBlocks)};
    EXPECT_EQ(find_record(records, zen4, kConv), &records[0]);
    records.push_back(records[0]);
    records[1].level = "zen4";
    EXPECT_EQ(find_record(records, zen4, kConv), &records[1]);
    EXPECT_EQ(find_record(records, machine("avx512"), kConv), &records[0]);
}

// A resolution's record of float32 decides for int16, too, but not where the model multiplies int8; one of integers not
// for float32.
TEST(TuningRecord, DecideAlgorithmsOfIntegers) {
    auto network = build_network(*find_record("hardnet68"), {224, 224});
    ASSERT_TRUE(network);
    int of_int16 = 0, of_int8 = 0;
    for (const Precision precision : {Precision::kInt16, Precision::kInt8}) {
        const Machine &zen4 = machines(precision).front();
        ASSERT_EQ(zen4.level, "zen4");
        PlanOptions options;
        options.precision = precision;
        const std::vector<Resolution> plain = choose_algorithms(*network, zen4, options);
        std::vector<TuningRecord> records;
        for (const Resolution &r : plain) {
            EXPECT_EQ(r.problem.products, precision);
            Problem problem = r.problem;
            problem.products = Precision::kFloat32;
            records.push_back(
                record(problem, with({}, &Parameters::m, r.tiling && r.tiling->m() == 3 ? 2 : 3)));
        }
        options.records = &records;
        const std::vector<Resolution> tuned = choose_algorithms(*network, zen4, options);
        ASSERT_EQ(tuned.size(), plain.size());
        for (size_t i = 0; i < tuned.size(); i++) {
            const int m = plain[i].tiling ? plain[i].tiling->m() : 0;
            const bool decides = m > 2 || (m == 2 && precision == Precision::kInt16);
            EXPECT_EQ(tuned[i].record, decides ? &records[i] : nullptr);
            EXPECT_EQ(tuned[i].tiling ? tuned[i].tiling->m() : 0, decides ? records[i].parameters.m : m);
            (decides ? of_int16 : of_int8)++;
        }
        for (size_t i = 0; i < plain.size(); i++) {  // those of integers decide all
            records.push_back(records[i]);
            records.back().level = "zen4";
            records.back().problem.products = precision;
            records.back().parameters.m = records[i].parameters.m == 3 ? 4 : 3;
        }
        const std::vector<Resolution> own = choose_algorithms(*network, zen4, options);
        for (size_t i = 0; i < own.size(); i++)
            EXPECT_EQ(own[i].tiling ? own[i].tiling->m() : 0, records[plain.size() + i].parameters.m);
        const std::vector<TuningRecord> of_integers(records.begin() + long(plain.size()), records.end());
        PlanOptions float32;
        float32.records = &of_integers;
        for (const Resolution &r : choose_algorithms(*network, zen4, float32))
            EXPECT_EQ(r.record, nullptr) << describe(r.problem);
    }
    EXPECT_GT(of_int16, 5);
    EXPECT_GT(of_int8, 1);
}

TEST(TuningRecord, CandidatesBeginWithTheModelsAndDiffer) {
    for (const Problem &problem : {kProduct, kConv}) {
        const std::vector<Blocks> all = candidate_blocks(machine("avx512"), problem, 12, 1.5);
        ASSERT_GT(all.size(), 2u);
        EXPECT_TRUE(all[0] == model_blocks(machine("avx512"), problem));
        for (size_t i = 0; i < all.size(); i++) {
            Blocks blocks = all[i];
            EXPECT_TRUE(complete_blocks(machine("avx512"), problem, blocks));
            EXPECT_EQ(std::count(all.begin(), all.end(), blocks), 1);
        }
    }
}

TEST(TuningRecord, OfTheSourcesAreSortedAndBuiltIn) {
    const auto shipped = shipped_records();
    ASSERT_TRUE(shipped) << shipped.error().what;
    for (const std::string level : {"zen4", "avx512", "avx2"}) {
        std::vector<TuningRecord> of_level;
        for (const TuningRecord &r : *shipped)
            if (r.level == level) of_level.push_back(r);
        std::ifstream file(HARDNET_SOURCE "/schedules/tuned/" + level + ".jsonl");
        EXPECT_EQ(records_text(of_level), std::string(std::istreambuf_iterator<char>(file), {}));
        EXPECT_FALSE(of_level.empty()) << level;
    }
}

}  // namespace
}  // namespace hardnet::testing
