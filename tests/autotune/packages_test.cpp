// What becomes of records: packages with and without them, the user's list, files that go from machine to machine.
#include "tests/autotune/tune_fixture.h"

namespace hardnet::testing {
namespace {

// The dearest blocks of every problem, so that none are the model's.
TEST_F(Tune, OtherBlocksGiveRightResults) {
    std::vector<TuningRecord> records;
    for (const LayerChoice &choice : plan({}).choices) {
        if (!choice.problem || find_record(records, machine().level, *choice.problem)) continue;
        records.push_back(
            record(*choice.problem, {candidate_blocks(machine(), *choice.problem, 8, 2).back()}));
    }
    ASSERT_GT(records.size(), 3u);
    write("blocks.jsonl", records_text(records));
    write("tiny.json", to_json(record_));
    const std::string program = HARDNET_PROGRAM;
    ASSERT_EQ(
        shell(program + " compile tiny.json --weights seed:1 --input 32x40 --blocks blocks.jsonl -o p >out"),
        0);
    EXPECT_EQ(shell(program + " verify p --per-layer >out"), 0);
    EXPECT_EQ(shell(program + " inspect p --layers >out && test $(grep -c '(tuned)' out) = 4"), 0);
    EXPECT_NE(shell(program + " compile tiny.json --weights seed:1 --blocks tund -o q 2>err"), 0);
    EXPECT_EQ(shell("grep -q '^hardnet: tund: ' err && test $(wc -l <err) = 1"), 0);
}

// Each value of each other parameter, in every kernel or resolution that can have it.
TEST_F(Tune, EveryParameterGivesRightResults) {
    write("tiny.json", to_json(record_));
    const std::string program = HARDNET_PROGRAM;
    for (const ParameterRange &range : parameter_ranges()) {
        for (const int value : range.legal) {
            SCOPED_TRACE(std::string(range.name) + " " + std::to_string(value));
            std::vector<TuningRecord> records;
            const auto add = [&](const Problem &problem) {
                Parameters parameters;
                if (problem.op != Problem::Op::kResolution) parameters = model_parameters(machine(), problem);
                parameters.*range.value = value;
                if (problem.op != range.op || !complete_parameters(machine(), problem, parameters) ||
                    find_record(records, machine().level, problem))
                    return;
                records.push_back(record(problem, parameters));
            };
            const Plan planned = plan({}, {128, 160});
            for (const LayerChoice &choice : planned.choices)
                if (choice.problem) add(*choice.problem);
            for (const Resolution &resolution : planned.resolutions) add(resolution.problem);
            ASSERT_FALSE(records.empty());
            write("one.jsonl", records_text(records));
            ASSERT_EQ(
                shell(program + " compile tiny.json --weights seed:1 --input 128x160 --blocks one.jsonl "
                                "-o p >out"),
                0);
            EXPECT_EQ(shell(program + " verify p --per-layer >out"), 0);
            EXPECT_EQ(shell(program + " inspect p --layers >out && grep -q '(tuned)' out"), 0);
        }
    }
}

// What calibration is to find out follows from the algorithms that records choose.
TEST_F(Tune, CalibrationIsOfTheTransformsThatRecordsAskFor) {
    if (!machine().int16) GTEST_SKIP() << "level " << machine().level << " multiplies no integers";
    for (const int m : {2, 3, 4}) {
        CompileRequest compile;
        compile.record = record_;
        compile.size = {32, 40};
        compile.weights = "seed:1";
        compile.targets = {machine().level};
        compile.precision = "int16";
        compile.folder = path("calibrated");
        for (const Resolution &resolution : plan({}).resolutions) {
            compile.records.push_back(record(resolution.problem, {}));
            compile.records.back().parameters.m = m;
        }
        std::set<int> wanted;
        compile.calibrate = [&](const Model &, const std::vector<std::set<int>> &all) -> Result<Calibration> {
            for (const std::set<int> &of_layer : all) wanted.insert(of_layer.begin(), of_layer.end());
            return bad_input("enough");
        };
        EXPECT_FALSE(compile_package(compile));
        EXPECT_EQ(wanted, std::set<int>{m});
    }
}

// Records, of this CPU or of another, decide nothing unless --tune-for asks for them.
TEST_F(Tune, PackagesAreTheSameWithAndWithoutADatabase) {
    std::vector<TuningRecord> records;
    for (const LayerChoice &choice : plan({}).choices) {
        if (!choice.problem || find_record(records, machine().level, *choice.problem)) continue;
        TuningRecord &r = records.emplace_back(
            record(*choice.problem, {candidate_blocks(machine(), *choice.problem, 8, 2).back()}));
        r.cpu = records.size() % 2 ? cpu_name() : "Another CPU";
        r.sources = sources_version();
    }
    ASSERT_EQ(records.size(), 4u);
    ASSERT_EQ(*TuningDatabase::open(path("full/hardnet/tuning.db"))->append(records), 4);
    write("tiny.json", to_json(record_));
    auto compile = [&](const std::string &data, const std::string &flags) {
        return shell("XDG_DATA_HOME=" + path(data) +
                     " " HARDNET_PROGRAM " compile tiny.json --weights seed:1 --input 32x40 " + flags +
                     " >out 2>err");
    };
    ASSERT_EQ(compile("none", "-o without"), 0);
    ASSERT_EQ(compile("full", "-o with"), 0);
    EXPECT_EQ(shell("diff -r without with"), 0);
    EXPECT_FALSE(fs::exists(path("none")));
    ASSERT_EQ(compile("full", "--tune-for host -o tuned"), 0);
    EXPECT_NE(shell("diff -rq without tuned >out"), 0);
    EXPECT_EQ(shell(HARDNET_PROGRAM " verify tuned >out"), 0);
    EXPECT_EQ(shell(HARDNET_PROGRAM " inspect tuned --layers >out && test $(grep -c ' (tuned) ' out) = 2 && "
                                    "test $(grep -c ' (tuned: Another CPU) ' out) = 2"),
              0);
    const std::string explain = HARDNET_PROGRAM " explain tuned base.1";
    EXPECT_EQ(shell("XDG_DATA_HOME=" + path("full") + " " + explain +
                    " --tune-for host >out && "
                    "grep -q '^compiled    --algorithm auto --optimize speed --tune-for host$' out"),
              0);
    EXPECT_EQ(shell(explain + " >out 2>err"), 3 << 8);

    ASSERT_EQ(compile("none", "--tune-for host -o empty"), 0);
    EXPECT_EQ(shell("grep -q '^hardnet: note: .*none/hardnet/tuning.db: expected records of this version of "
                    "the program, "
                    "found none; hardnet tune makes them$' err"),
              0);
    EXPECT_EQ(shell("diff -r without empty"), 0);
    EXPECT_EQ(compile("full", "--tune-for host --blocks model -o no"), 2 << 8);
    EXPECT_EQ(compile("full", "--tune-for mars -o no"), 3 << 8);

    // A machine that was measured has a plan and records of its own.
    MachineRecord measured;
    measured.cpu = cpu_name();
    measured.threads = 2;
    measured.clock_ghz = 1;
    measured.l1_bytes = measured.l2_bytes = measured.l3_bytes = 1 << 14;
    measured.one = {{{machine().level, 2.0 * machine().lanes}}, 1, 1, 1, 1};
    measured.all = measured.one;
    write("full/hardnet/machine.json", machine_record_text(measured));
    ASSERT_EQ(compile("full", "--tune-for host -o here"), 0);
    EXPECT_EQ(shell("grep -q 'expected records of this version' err"), 0);
    ASSERT_EQ(compile("none", "--tune-for full/hardnet/machine.json -o elsewhere"), 0);
    EXPECT_EQ(shell("diff -r here elsewhere"), 0);
    EXPECT_EQ(shell(HARDNET_PROGRAM " inspect here --layers >out && ! grep -q '(tuned' out"), 0);
    ASSERT_EQ(compile("full", "-o unchanged"), 0);
    EXPECT_EQ(shell("diff -r without unchanged"), 0);
    EXPECT_EQ(shell("XDG_DATA_HOME=" + path("full") +
                    " " HARDNET_PROGRAM " explain here base.1 --tune-for host >out"),
              0);
    write("full/hardnet/machine.json", "{}");
    EXPECT_EQ(compile("full", "--tune-for host -o no"), 3 << 8);
    EXPECT_EQ(compile("full", "-o unread"), 0);
    fs::remove(path("full/hardnet/machine.json"));

    write("full/hardnet/tuning.db", "broken, and longer than a header of SQLite's: " + std::string(100, 'x'));
    EXPECT_EQ(compile("full", "--tune-for host -o no"), 3 << 8);
    EXPECT_EQ(compile("full", "-o fine"), 0);
}

TEST_F(Tune, RecordsAreListedExportedAndImportedOnce) {
    const Problem problem = convolution_problem(Window{}, 56, 28, 40, 64);
    TuningRecord own = record(problem, model_parameters(machine(), problem)), other = own;
    own.cpu = "This CPU", other.cpu = "Another CPU", own.ms = other.ms = own.model_ms = other.model_ms = 0.5;
    write("both.jsonl", records_text({own, other}));
    const std::string tune = "XDG_DATA_HOME=$PWD/data " HARDNET_PROGRAM " tune ";
    EXPECT_EQ(shell(tune + "--list >out && grep -q ': 0 records$' out && test ! -e data"), 0);
    EXPECT_EQ(
        shell(tune + "--import both.jsonl >out && grep -q '^both.jsonl: 2 records, 2 of them new$' out"), 0);
    EXPECT_EQ(
        shell(tune + "--import both.jsonl >out && grep -q '^both.jsonl: 2 records, 0 of them new$' out"), 0);
    EXPECT_EQ(shell(tune + "--list >out && grep -q '1x1 of 28x56, 64 to 40 .* 100.0 % .*Another CPU' out"),
              0);
    EXPECT_EQ(shell(tune + "--export all.jsonl >out && sort all.jsonl >a && sort both.jsonl | cmp - a"), 0);

    own.parameters.blocks[0].extent = 99;
    write("unfit.jsonl", records_text({other}) + records_text({own}));
    EXPECT_EQ(shell(tune + "--import unfit.jsonl 2>err"), 3 << 8);
    EXPECT_EQ(shell("grep -q '^hardnet: unfit.jsonl:2:[0-9]*: blocks: expected a block that fits the "
                    "registers, found ' "
                    "err && test $(wc -l <err) = 1"),
              0);
    for (const char *wrong :
         {"", "tiny.json --list", "--list --export x", "--import both.jsonl --export x", "--list -o x"})
        EXPECT_EQ(shell(tune + wrong + " 2>err && test ! -e x"), 2 << 8) << wrong;
    fs::remove_all(path("data"));
    EXPECT_EQ(shell("XDG_DATA_HOME=/proc " HARDNET_PROGRAM " tune --import both.jsonl 2>err"), 5 << 8);
    EXPECT_EQ(shell("grep -q '^hardnet: /proc/hardnet/tuning.db: expected a folder that can be written, "
                    "found: ' err"),
              0);
}

}  // namespace
}  // namespace hardnet::testing
