// A package on disk: its manifest and where its files lie. The compiler writes it, every other verb reads it.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/network.h"
#include "graph/precision.h"
#include "graph/ranges.h"

namespace hardnet {

constexpr int kManifestFormat = 7;  // raised when another version could not read what one writes

struct LevelInfo {       // one CPU level of one target, or a GPU's
    std::string name;    // "avx512"
    std::string target;  // Halide target string
    int64_t kernels = 0, kernel_bytes = 0;
    int64_t arena_bytes = 0, scratch_bytes = 0, packed_weight_bytes = 0;
    int64_t transform_bytes = 0;  // written by Winograd transforms per image (V and M)
    int64_t concat_bytes = 0;     // copied by concatenation: 0, and a test counts it
    std::string language{};       // of OpenCL's kernels, "OpenCL C 1.2", which drivers compile; else empty
    // Of CUDA's: the assembler's version and what there is machine code for (90: sm_90). None: the kernels are PTX
    // alone, which drivers compile, so nobody has looked for sums that spill.
    std::string assembler{};
    std::vector<int> architectures{};
};

struct LaunchInfo {  // a kernel on a GPU
    std::vector<int> grid{1, 1, 1}, block{1, 1, 1};
    int shared_bytes = 0;   // of a block
    int registers = 0;      // of a thread, the most of all architectures; 0: nobody has assembled it
    int spilled_bytes = 0;  // by it and reloaded, the most likewise
    int64_t bytes = 0;      // that its arguments cover, of all images, each once
    bool memory_bound =
        true;  // those bytes take longer than its arithmetic on the GPU that the compiler models
};

struct LayerInfo {  // what the compiler chose for a layer, per level
    std::string layer, level;
    std::string algorithm;  // "winograd F(4x4)+F(3x3)", "direct", "1x1"
    std::string blocks;     // "96:48x7 22:24x7": output channels : channel block x tiles or pixels
    double error = 0;       // relative RMS that it adds beyond what float32 loses by rounding; float32: 0
    std::optional<double>
        measured{};  // relative RMS beside float32 on what the ranges are of, sources included
    std::optional<double>
        unit{};  // its output lies in memory as integers, each worth so much; none: as float32
    std::vector<LaunchInfo> launches{};  // of a GPU, in their order
    Precision products = Precision::kFloat32;
};

struct Manifest {
    std::string name;  // file stem and C symbol
    Network network;   // what was compiled
    int batch = 1;
    std::vector<std::string> class_names;  // empty: unknown
    std::string weights_source;            // "seed:1" or the checkpoint's file name
    std::string weights_hash;              // XXH3-128 of the weights' file, hexadecimal
    std::string halide_version;
    std::vector<std::string> targets;  // Halide target strings
    std::vector<LevelInfo> levels;
    std::vector<LayerInfo> layers;
    Ranges ranges;              // of the network's layers, where some products are of integers; else none
    std::string ranges_source;  // "64 pictures"; empty: what bounds the layers, whatever the input
    std::vector<std::string> kept{};            // layers that stay float32 by choice
    std::vector<std::string> kept_int16{};      // and those that are of int16 rather than int8
    Precision precision = Precision::kFloat32;  // that was asked for

    // What was chosen for a layer at a level; null: nothing is recorded.
    const LayerInfo *chosen(const std::string &layer, const std::string &level) const;
    // Ranges that pictures showed say nothing of other inputs.
    bool ranges_are_of_pictures() const { return ranges_source.find("pictures") != std::string::npos; }
    int planes() const { return network.input.channels; }  // 1: grey, 3: colours, 4: with alpha; others: any
    int height() const { return network.input.height; }
    int width() const { return network.input.width; }
    int classes() const { return network.classes; }
};

std::string to_json(const Manifest &manifest);  // stable key order, ends with a newline
Result<Manifest> manifest_from_json(const std::string &text, const std::string &file_name);

// A package's name is a file stem and a C symbol: a C identifier of at most 64 characters, and not "verify",
// whose JSON file verify writes.
bool is_package_name(const std::string &name);

struct Package {
    std::string folder;
    Manifest manifest;
    std::string manifest_path() const { return folder + "/" + manifest.name + ".json"; }
    std::string weights_path() const { return folder + "/" + manifest.name + ".safetensors"; }
    // Of a level's packed weights, where compile --prepack wrote them: the runtime's name for the file.
    std::string prepacked_path(const std::string &level) const {
        return folder + "/" + manifest.name + "." + level + ".safetensors";
    }
    // Of SSD where its network is a user's: "priors" [boxes, 4], the centres and extents as shares of the image's sides.
    std::string priors_path() const { return folder + "/" + manifest.name + ".priors.safetensors"; }
    std::string verify_path() const { return folder + "/verify.json"; }
    std::string library_path() const;  // of this host: folder/lib/x86_64-linux/lib<name>.so
};
Result<Package> open_package(const std::string &folder);  // finds the one manifest in `folder`

// Whether the folder's files are a package's, of this version or another, which a new one may replace.
bool holds_package(const std::string &folder);

}  // namespace hardnet
