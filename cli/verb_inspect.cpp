// hardnet inspect: a network's measures, per layer and in total; of a package also what the compiler chose.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/onnx_models.h"
#include "cli/verbs.h"
#include "models/inspect_text.h"
#include "models/records.h"
#include "package/manifest.h"

namespace hardnet {
namespace {

struct InspectOptions {
    std::string what, input, format = "table";
    bool layers = false;
    OnnxFlags onnx;
};

// Of a GPU's level: how each layer's kernels are launched; of several, the first.
void add_launches(const Network &network, const Manifest &manifest, const std::string &level,
                  std::vector<InspectColumn> &columns) {
    const char *const names[] = {"launches",  "grid",      "block", "shared B",
                                 "registers", "spilled B", "KiB",   "bound"};
    std::vector<InspectColumn> launches;
    for (const char *name : names) launches.push_back({name, {}});
    bool any = false;
    for (const Layer &layer : network.layers) {
        std::vector<std::string> cells(std::size(names), "-");
        const LayerInfo *info = manifest.chosen(layer.name, level);
        if (info && !info->launches.empty()) {
            any = true;
            const LaunchInfo &first = info->launches.front();
            const auto of_assembler = [&](int value) {
                return first.registers ? std::to_string(value) : std::string("-");
            };
            cells = {std::to_string(info->launches.size()),
                     fmt::format("{}", fmt::join(first.grid, "x")),
                     fmt::format("{}", fmt::join(first.block, "x")),
                     std::to_string(first.shared_bytes),
                     of_assembler(first.registers),
                     of_assembler(first.spilled_bytes),
                     fmt::format("{:.1f}", double(first.bytes) / 1024),
                     first.memory_bound ? "memory" : "arithmetic"};
        }
        for (size_t c = 0; c < cells.size(); c++) launches[c].cells.push_back(cells[c]);
    }
    if (any) columns.insert(columns.end(), launches.begin(), launches.end());
}

// What the compiler chose for each layer of `network` at `level`, as columns beside the measures.
std::vector<InspectColumn> chosen_columns(const Network &network, const Manifest &manifest,
                                          const std::string &level) {
    std::vector<InspectColumn> columns = {{"algorithm", {}}, {"blocks", {}}, {"error", {}}};
    InspectColumn measured{"measured", {}};
    bool any = false;
    for (const Layer &layer : network.layers) {
        const LayerInfo *info = manifest.chosen(layer.name, level);
        columns[0].cells.push_back(info ? info->algorithm : "-");
        columns[1].cells.push_back(info ? info->blocks : "-");
        columns[2].cells.push_back(info && info->error > 0 ? fmt::format("{:.1e}", info->error) : "-");
        measured.cells.push_back(info && info->measured ? fmt::format("{:.1e}", *info->measured) : "-");
        any |= info && info->measured;
    }
    if (any) columns.push_back(measured);
    add_launches(network, manifest, level, columns);
    return columns;
}

uintmax_t file_bytes(const std::string &path) {
    std::error_code failed;
    const uintmax_t bytes = std::filesystem::file_size(path, failed);
    return failed ? 0 : bytes;
}

std::string mebibytes(double bytes) { return fmt::format("{:.2f}", bytes / (1 << 20)); }

std::string package_table(const Package &package) {
    const Manifest &m = package.manifest;
    std::string text = fmt::format("{}: {} at {}x{}x{}, batch {}, {} classes\nweights {} ({}); Halide {}\n",
                                   m.name, m.network.name, m.planes(), m.height(), m.width(), m.batch,
                                   m.classes(), m.weights_source, m.weights_hash, m.halide_version);
    if (!m.ranges.empty())
        text += fmt::format(
            "{} within {}\n", name_of(m.precision),
            m.ranges_source.empty() ? "what bounds the layers" : "the ranges of " + m.ranges_source);
    text += "\nMiB:\n";
    const double folded = double(file_bytes(package.weights_path()));
    text += fmt::format("{:<10}{:>9}{:>9}{:>9}{:>9}{:>11}{:>9}{:>9}{:>12}{:>9}\n", "level", "kernels", "code",
                        "folded", "packed", "prepacked", "arena", "scratch", "transforms", "concat");
    for (const LevelInfo &level : m.levels) {
        const double prepacked = double(file_bytes(package.prepacked_path(level.name)));
        text += fmt::format("{:<10}{:>9}{:>9}{:>9}{:>9}{:>11}{:>9}{:>9}{:>12}{:>9}\n", level.name,
                            level.kernels, mebibytes(double(level.kernel_bytes)), mebibytes(folded),
                            mebibytes(double(level.packed_weight_bytes)),
                            prepacked > 0 ? mebibytes(prepacked) : "-", mebibytes(double(level.arena_bytes)),
                            mebibytes(double(level.scratch_bytes)), mebibytes(double(level.transform_bytes)),
                            mebibytes(double(level.concat_bytes)));
    }
    text +=
        "\ncode: of the kernels. folded: the weights on disk. packed: the same in memory, transformed. "
        "prepacked: "
        "packed ones on disk.\ntransforms, concat: written per image.\n";
    for (const LevelInfo &level : m.levels)
        if (!level.language.empty())
            text += fmt::format("{}: {}, which a device's driver compiles.\n", level.name, level.language);
    return text + "\n";
}

// The manifest without its graph, layers and ranges, and with the sizes of its files.
nlohmann::ordered_json package_json(const Package &package) {
    nlohmann::ordered_json json = nlohmann::ordered_json::parse(to_json(package.manifest));
    for (const char *key : {"graph", "layers", "ranges"}) json.erase(key);
    json["weight_file_bytes"] = file_bytes(package.weights_path());
    for (auto &level : json["levels"])
        level["prepacked_bytes"] = file_bytes(package.prepacked_path(level["name"]));
    return json;
}

Result<ExitCode> inspect_package(const Package &package, const InspectOptions &options,
                                 InspectFormat format) {
    const Manifest &m = package.manifest;
    if (!options.input.empty())
        return usage_error(
            fmt::format("inspect: --input: expected none, since the package is compiled for {}x{}",
                        m.height(), m.width()));
    const std::string level = m.levels.empty() ? "" : m.levels.front().name;
    std::vector<InspectColumn> columns;
    if (options.layers) columns = chosen_columns(m.network, m, level);
    const std::string text = inspect_text(m.network, format, options.layers, columns);
    if (format == InspectFormat::kJson) {
        nlohmann::ordered_json json = nlohmann::ordered_json::parse(text);
        json["package"] = package_json(package);
        json["package"]["level"] = level;
        std::fputs((json.dump(2) + "\n").c_str(), stdout);
        return ExitCode::kOk;
    }
    if (format == InspectFormat::kTable) {
        std::fputs(package_table(package).c_str(), stdout);
        if (options.layers) std::fputs(fmt::format("algorithms of level {}:\n", level).c_str(), stdout);
    }
    std::fputs(text.c_str(), stdout);
    return ExitCode::kOk;
}

std::string onnx_summary(const Network &network) {
    std::vector<std::string> outputs;
    for (const Output &output : network.outputs)
        outputs.push_back(
            fmt::format("{} [{}]", output.name, fmt::join(output_shape(network, output), ", ")));
    return fmt::format("{} at {}x{}x{}; outputs: {}\n\n", network.name, network.input.channels,
                       network.input.height, network.input.width, fmt::join(outputs, "; "));
}

Result<ExitCode> inspect(const InspectOptions &options) {
    const Result<InspectFormat> format = inspect_format(options.format);
    if (!format) return format.error();
    if (!is_onnx_path(options.what))
        if (const Status none = expect_no_onnx_flags("inspect", options.what, options.onnx); !none)
            return none.error();
    std::error_code failed;  // a path too long is no folder
    if (std::filesystem::is_directory(options.what, failed)) {
        const Result<Package> package = open_package(options.what);
        if (!package) return package.error();
        return inspect_package(*package, options, *format);
    }
    if (is_onnx_path(options.what)) {
        const Result<OnnxNetwork> imported = open_onnx_model(options.what, options.input, options.onnx);
        if (!imported) return imported.error();
        if (*format == InspectFormat::kTable) std::fputs(onnx_summary(imported->network).c_str(), stdout);
        std::fputs(inspect_text(imported->network, *format, options.layers).c_str(), stdout);
        return ExitCode::kOk;
    }
    const Result<ModelRecord> record = find_record(options.what);
    if (!record) return record.error();
    const Result<InputSize> size = input_size(options.input, record->input);
    if (!size) return size.error();
    const Result<Network> network = build_network(*record, *size);
    if (!network) return network.error();
    std::fputs(inspect_text(*network, *format, options.layers).c_str(), stdout);
    return ExitCode::kOk;
}

}  // namespace

void add_inspect(CLI::App &program, Action &chosen) {
    CLI::App *verb = add_verb(program, "inspect",
                              "The paper's measures of a network or a package: parameters, MACs, CIO, MoC",
                              "hardnet inspect hardnet68 --input 320x320 --layers\n"
                              "  hardnet inspect network.onnx --cut /decoder/Add_output_0 --layers");
    const auto options = std::make_shared<InspectOptions>();
    verb->add_option("MODEL|PACKAGE", options->what,
                     "a network's name, a record's path, an ONNX file or a package's folder")
        ->required();
    verb->add_option("--input", options->input, "HEIGHTxWIDTH; default: the network's own");
    add_onnx_flags(*verb, options->onnx);
    verb->add_flag("--layers", options->layers, "one row per layer");
    verb->add_option("--format", options->format, "table, json, csv or scale-sim")->capture_default_str();
    verb->callback([&chosen, options] { chosen = [options] { return inspect(*options); }; });
}

}  // namespace hardnet
