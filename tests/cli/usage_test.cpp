// What the program says to what a user types: help, errors of one line, exit codes, and outputs that go away.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/cpu_name.h"
#include "base/machine_record.h"
#include "models/records.h"
#include "tests/cli/program.h"

namespace hardnet {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class Usage : public ProgramTest {};

TEST_F(Usage, names_what_was_typed_wrong) {
    const auto hint = [](const std::string &verb) {
        return "  hardnet " + verb + "--help shows what it takes\n";
    };
    const std::string verbs = "list, inspect, import, compile, run, verify, bench, tune, explain, doctor";
    expect_error("", 2, "hardnet: expected " + verbs + ", found nothing\n" + hint(""));
    expect_error("lst", 2, "hardnet: expected " + verbs + ", found \"lst\", did you mean list?\n" + hint(""));
    expect_error("run", 2, "hardnet: run: expected PACKAGE, found nothing\n" + hint("run "));
    expect_error(
        "run p x.png --tpo 3", 2,
        "hardnet: run: expected a known flag, found \"--tpo\", did you mean --top?\n" + hint("run "));
    expect_error("run p x.png --top 0", 2,
                 "hardnet: run: --top: expected an integer from 1 to 1048576, found \"0\"\n" + hint("run "));
    expect_error(
        "bench p --seconds soon", 2,
        "hardnet: bench: --seconds: expected a number from 0 to 3600, found \"soon\"\n" + hint("bench "));
    expect_error(
        "bench p --seconds", 2,
        "hardnet: bench: --seconds: expected one value, found another number of them\n" + hint("bench "));
    expect_error("list more", 2,
                 "hardnet: list: expected no further argument, found \"more\"\n" + hint("list "));
    std::string names;
    for (const ModelRecord &record : builtin_records()) names += (names.empty() ? "" : ", ") + record.name;
    expect_error("inspect hardnet67", 2,
                 "hardnet: model: expected " + names +
                     " or a record's path ending in .json, found \"hardnet67\", did you mean hardnet68?\n");
    expect_error(
        "inspect hardnet68 --input 224", 2,
        "hardnet: --input: expected HEIGHTxWIDTH such as 224x224, each from 1 to 65536, found \"224\"\n");
    expect_error("inspect none.onnx", 3,
                 "hardnet: none.onnx: expected a readable file, found: No such file or directory\n");
    expect_error("inspect hardnet68 --format yaml", 2,
                 "hardnet: format: expected table, json, csv or scale-sim, found \"yaml\"\n");
    expect_error("run p", 2, "hardnet: run: expected pictures or --tensor, found neither\n");
    expect_error("run p x.png --tensor in.npy -o out.npy", 2,
                 "hardnet: run: expected pictures or --tensor, found both\n");
    expect_error("run p --tensor in.npy", 2,
                 "hardnet: run: expected --tensor and -o together, found one of them\n");
}

TEST_F(Usage, every_verb_has_help_with_an_example) {
    for (const char *verb :
         {"list", "inspect", "import", "compile", "run", "verify", "bench", "tune", "explain", "doctor"}) {
        const Outcome help = hardnet(std::string(verb) + " --help");
        EXPECT_EQ(help.code, 0);
        EXPECT_EQ(help.err, "");
        EXPECT_THAT(help.out, HasSubstr(std::string("Example:\n  hardnet ") + verb)) << verb;
    }
    EXPECT_THAT(hardnet("--help").out, HasSubstr("Exit codes: 0 ok"));
    EXPECT_THAT(hardnet("--version").out, MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(Usage, reports_faults_of_the_environment_and_of_input_apart) {
    expect_error("run nowhere x.png", 3,
                 "hardnet: nowhere: expected a package's folder, found nothing there\n");
    expect_error("import a.pth --model hardnet68 -o b", 3,
                 "hardnet: a.pth: expected a readable file, found: No such file or directory\n");
    make_colours_package();
    std::filesystem::remove_all(folder_ + "/colours/lib");
    EXPECT_EQ(hardnet("run colours x.png").code, 5);
    EXPECT_THAT(
        hardnet("run colours x.png").err,
        MatchesRegex("hardnet: colours/lib/[^:]*: expected this host's kernels, found none [^\n]*\n"));
}

#ifndef HARDNET_WITH_COMPILER
TEST_F(Usage, says_first_that_the_program_is_without_the_compiler) {
    for (const std::string verb : {"compile", "tune", "explain"}) {
        for (const std::string flags : {"", " p base.0 -o new", " --no-such-flag"})
            expect_error(verb + flags, 5,
                         "hardnet: " + verb +
                             ": expected a program with the compiler, found one that was built without "
                             "(HARDNET_WITH_COMPILER=OFF); with it, it needs Halide 21\n");
        EXPECT_EQ(hardnet(verb + " --help").code, 0);
    }
}
#endif

TEST_F(Usage, doctor_measures_the_machine) {
    const Outcome measured = shell("XDG_DATA_HOME=\"$PWD/data\" $H doctor --measure", folder_);
    ASSERT_EQ(measured.code, 0) << measured.err;
    const Result<MachineRecord> record = read_machine_record(folder_ + "/data/hardnet/machine.json");
    ASSERT_TRUE(record) << record.error().what;
    EXPECT_EQ(record->cpu, cpu_name());
    EXPECT_GT(record->clock_ghz, 0.1);
    EXPECT_LT(record->clock_ghz, 7) << "additions that take no cycle";
    for (const auto &[level, gflops] :
         record->one.gflops)  // three times the widest unit there is, at its clock
        EXPECT_LT(gflops, 64 * 3 * record->clock_ghz) << level;
    EXPECT_GT(2 * record->one.l1_gb_s, record->one.memory_gb_s);  // which sanitizers make alike
    expect_error(
        "doctor --measure no/file", 5,
        "hardnet: no/file: expected a folder that can be written, found: No such file or directory\n");
}

TEST_F(Usage, prints_json_that_parses) {
    using nlohmann::json;
    json network = json::parse(hardnet("inspect hardnet39ds --layers --format json").out);
    EXPECT_EQ(network["parameters"], 3488228);
    json doctor = json::parse(hardnet("doctor --json").out);
    EXPECT_TRUE(doctor["cpu"]["processors"].is_number_integer());
    EXPECT_TRUE(doctor["levels"].is_array());
    for (const char *kind : {"cuda", "opencl"}) {
        EXPECT_EQ(doctor[kind]["works"], !doctor[kind]["devices"].empty());
        EXPECT_NE(doctor[kind]["works"], doctor[kind].contains("install"));
    }
    make_colours_package();
    json package = json::parse(hardnet("inspect colours --input 4x4 --format json || echo {}").out);
    EXPECT_TRUE(package.empty()) << "--input is of no use with a package";
}

TEST_F(Usage, refuses_records_with_a_place_and_the_nearest_key) {
    write("typo.json", "{\"name\": \"t\",\n \"stem\": [8, 16],\n \"blocks\": [], \"clases\": 10}");
    EXPECT_THAT(hardnet("inspect typo.json").err,
                MatchesRegex("hardnet: typo.json:3:[0-9]+: [^\n]*\"clases\", did you mean classes\\?\n"));
    write("type.json", "{\"name\": \"t\",\n \"stem\": \"wide\",\n \"blocks\": []}");
    EXPECT_THAT(hardnet("inspect type.json").err, MatchesRegex("hardnet: type.json:2:[0-9]+: [^\n]*\n"));
    write("zero.json", std::string("{\"name\": \"a\0b\"}", 15));
    write("latin.json", "{\"name\": \"caf\xe9\"}");
    for (const char *bad : {"typo.json", "type.json", "zero.json", "latin.json"}) {
        const Outcome outcome = hardnet(std::string("inspect ") + bad);
        EXPECT_EQ(outcome.code, 3) << bad;
        EXPECT_THAT(outcome.err, MatchesRegex("hardnet: [^\n]*: expected [^\n]*, found [^\n]*\n"));
    }
}

TEST_F(Usage, keeps_errors_short_and_on_one_line) {
    const std::string longest(100000, 'x');
    for (const std::string &arguments : {"inspect " + longest + ".json", "inspect " + longest,
                                         "run " + longest + " a", "list --" + longest, longest}) {
        const Outcome outcome = hardnet(arguments);
        EXPECT_THAT(outcome.code, ::testing::AnyOf(2, 3));
        EXPECT_LT(outcome.err.size(), 1000u);
    }
    const Outcome control = hardnet("run \"$(printf 'a\\nb\\033[31m')\" x.png");
    EXPECT_EQ(control.code, 3);
    EXPECT_EQ(control.err, "hardnet: a?b?[31m: expected a package's folder, found nothing there\n");
}

TEST_F(Usage, ends_quietly_when_nobody_reads) {
    const Outcome gone =
        shell("{ sleep 0.2; $H inspect hardnet85 --layers; echo code $? >&2; } | true", folder_);
    EXPECT_EQ(gone.err, "code 0\n");
    const Outcome closed = shell("$H list >&-", folder_);
    EXPECT_EQ(closed.code, 0);
    EXPECT_EQ(closed.err, "");
    const Outcome head = shell("$H inspect hardnet85 --layers | head -n 1", folder_);
    EXPECT_THAT(head.out, ::testing::StartsWith("layer"));
    EXPECT_EQ(head.err, "");
}

TEST_F(Usage, says_when_stdout_is_full) {
    const Outcome full = shell("$H list >/dev/full", folder_);
    EXPECT_EQ(full.code, 5);
    EXPECT_EQ(full.err, "hardnet: stdout: expected to print, found: No space left on device\n");
}

TEST_F(Usage, prints_no_escapes_and_no_progress_into_files) {
    for (const char *environment : {"", "NO_COLOR=1 "}) {
        const Outcome list = shell(std::string(environment) + "$H list; $H doctor; $H lst", folder_);
        EXPECT_THAT(list.out + list.err, Not(HasSubstr("\x1b")));
        EXPECT_THAT(list.out + list.err, Not(HasSubstr("\r")));
    }
}

}  // namespace
}  // namespace hardnet
