// What the pages tell a reader to type works.
#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>

#include "models/records.h"
#include "tests/cli/cached.h"
#include "tests/onnx/writer.h"
#include "weights/weights.h"

namespace hardnet {
namespace {

namespace fs = std::filesystem;

const std::string kSource = HARDNET_SOURCE_FOLDER;
const std::string kPython = "PYTHONPATH='" HARDNET_PYTHON_FOLDER "' " HARDNET_PYTHON;

std::vector<std::string> lines_of(const std::string &path) {
    std::vector<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

// README.md first, whose package later pages may use.
std::vector<std::string> pages() {
    std::vector<std::string> found = {kSource + "/README.md"};
    for (const auto &entry : fs::recursive_directory_iterator(kSource + "/docs"))
        if (entry.path().extension() == ".md") found.push_back(entry.path().string());
    std::sort(found.begin() + 1, found.end());
    return found;
}

// Lines of code blocks, without the comment behind them, code within a sentence, and blocks of Python that import the module.
std::vector<std::string> commands_of(const std::string &page) {
    static const std::regex inline_code("`(build/hardnet [^`]*)`"), comment(" +#.*$");
    std::vector<std::string> commands;
    bool block = false;
    std::string pending, python;
    for (const std::string &line : lines_of(page)) {
        if (line.rfind("```", 0) == 0) {
            block = !block;
            if (!python.empty()) commands.push_back(kPython + " - <<'END'\n" + python + "END");
            python.clear();
        } else if (block && (!python.empty() || line.rfind("import hardnet", 0) == 0)) {
            python += line + "\n";
        } else if (!block) {
            for (std::sregex_iterator at(line.begin(), line.end(), inline_code), end; at != end; ++at)
                commands.push_back((*at)[1]);
        } else if (!pending.empty() || line.rfind("build/hardnet ", 0) == 0) {
            pending += std::regex_replace(line, comment, "");
            if (pending.back() == '\\') {
                pending.back() = ' ';
            } else {
                commands.push_back(pending);
                pending.clear();
            }
        }
    }
    return commands;
}

std::map<std::string, std::string> not_run() {
    std::map<std::string, std::string> reasons;
    for (const std::string &line : lines_of(kSource + "/tests/docs/not_run.txt")) {
        const size_t colon = line.rfind(": ");
        reasons[line.substr(0, colon)] = line.substr(colon + 2);
    }
    return reasons;
}

class Docs : public CachedTest {
protected:
    // What the pages take as given.
    void SetUp() override {
        CachedTest::SetUp();
        fs::create_directory(folder_ + "/build");
        fs::create_symlink(HARDNET_PROGRAM, folder_ + "/build/hardnet");
        for (const char *name : {"models", "tools", "tests"})
            fs::create_symlink(kSource + "/" + name, folder_ + "/" + name);
        fs::copy_file(kSource + "/tests/data/flower.jpg", folder_ + "/photo.jpg");
        fs::copy_file(kSource + "/tests/data/pictures/alpha_colors.png", folder_ + "/picture.png");
        write("names.txt", "polyp\n");
        write("pictures.json",
              R"({"resize_short": 0, "mean": [0.5, 0.5, 0.5], "deviation": [0.5, 0.5, 0.5]})");

        const Result<ModelRecord> record = find_record("hardnet68");
        const Checkpoint checkpoint = seeded_checkpoint(*build_network(*record, record->input), 1);
        ASSERT_TRUE(write_safetensors(folder_ + "/hardnet68.safetensors", checkpoint.tensors, {}));
        write("mseg.onnx", heads({"y"}, 352));
        write("network.onnx", heads({"y"}, -1));
        write("detector.onnx", heads({"/hm/hm.2/Conv_output_0", "/wh/wh.2/Conv_output_0"}, 64));
    }

    // An ONNX file whose outputs are convolutions of its input to one channel.
    static std::string heads(const std::vector<std::string> &outputs, int64_t extent) {
        using namespace hardnet::testing;
        GraphParts parts{{},
                         {tensor("w", {1, 3, 3, 3}, std::vector<float>(27, 0.125f))},
                         {value_info("x", {1, 3, extent, extent})},
                         {}};
        for (const std::string &output : outputs) {
            parts.nodes.push_back(node("Conv", {"x", "w"}, {output}, {ints_attribute("pads", {1, 1, 1, 1})}));
            parts.outputs.push_back(value_info(output, {1, 1, extent, extent}));
        }
        return model(graph(parts));
    }
};

TEST_F(Docs, commands_run) {
    const std::map<std::string, std::string> reasons = not_run();
    const bool numpy = shell(kPython + " -c 'import numpy'", folder_).code == 0;
    std::set<std::string> ran, passed_over;
    for (const std::string &page : pages()) {
        for (const std::string &command : commands_of(page)) {
            if (const auto reason = reasons.find(command); reason != reasons.end()) {
                if (passed_over.insert(command).second)
                    printf("skipped: %s: %s\n", command.c_str(), reason->second.c_str());
                continue;
            }
            if (!numpy && command.rfind(kPython, 0) == 0) {
                printf("skipped: %s: needs numpy (apt-get install python3-numpy)\n", command.c_str());
                continue;
            }
            if (!ran.insert(command).second && command.find(" compile ") == std::string::npos) continue;
            const Outcome outcome =
                shell("export HARDNET_CACHE='" HARDNET_TEST_CACHE "'; " + command, folder_);
            EXPECT_EQ(outcome.code, 0) << fs::relative(page, kSource) << ": " << command << "\n"
                                       << outcome.err;
        }
    }
    EXPECT_GE(ran.size(), 20u) << "commands are not found";
    for (const auto &[command, reason] : reasons)
        EXPECT_EQ(passed_over.count(command), 1u) << command << ": expected on a page, found on none";
}

}  // namespace
}  // namespace hardnet
