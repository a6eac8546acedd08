#include "tests/cli/program.h"

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "weights/weights.h"

namespace hardnet {
namespace {

namespace fs = std::filesystem;

std::string contents(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Outcome shell(const std::string &command, const std::string &folder) {
    // Outputs go to files beside the folder, so that the folder holds only what the program leaves there.
    const std::string out = folder + ".out", err = folder + ".err";
    const std::string line = "cd '" + folder + "' && H='" + HARDNET_PROGRAM + "' && ( " + command + "\n) >'" +
                             out + "' 2>'" + err + "' </dev/null";
    const int status = std::system(line.c_str());
    Outcome outcome;
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.out = contents(out);
    outcome.err = contents(err);
    fs::remove(out);
    fs::remove(err);
    return outcome;
}

void ProgramTest::SetUp() {
    const ::testing::TestInfo *test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = ::testing::TempDir() + "hardnet_" + test->test_suite_name() + "_" + test->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
}

void ProgramTest::expect_error(const std::string &arguments, int code, const std::string &err) {
    const Outcome outcome = hardnet(arguments);
    EXPECT_EQ(outcome.code, code) << arguments;
    EXPECT_EQ(outcome.out, "") << arguments;
    EXPECT_EQ(outcome.err, err) << arguments;
}

void ProgramTest::write(const std::string &name, const std::string &bytes) {
    fs::create_directories(fs::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name, std::ios::binary) << bytes;
}

void ProgramTest::make_package(const Manifest &manifest) {
    const Package package{folder_ + "/" + manifest.name, manifest};
    write(manifest.name + "/" + manifest.name + ".json", to_json(manifest));
    fs::create_directories(fs::path(package.library_path()).parent_path());
    fs::copy_file(HARDNET_COLOURS_LIBRARY, package.library_path());
    const Status written = write_safetensors(package.weights_path(), {}, {});
    ASSERT_TRUE(written) << written.error().what;
}

void ProgramTest::make_colours_package() {
    Manifest m;
    m.name = "colours";
    ModelRecord record = builtin_records().front();
    record.input = {4, 4};
    record.preprocessing = {4, {}, false, {0, 0, 0}, {1, 1, 1}};
    set_classes(record, 3);
    m.network = *build_network(record, record.input);
    m.batch = 2;
    m.class_names = {"red", "green", "blue"};
    make_package(m);
}

}  // namespace hardnet
