// An opened package: its manifest, its code loaded from the shared library, and a context of the runtime that
// runs it.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "hardnet/hardnet.h"
#include "hardnet/plan.h"
#include "package/manifest.h"

namespace hardnet {

struct LoadOptions {
    int threads = 0;                                         // 0: as many as this process may use
    std::string level;                                       // "": the best that this CPU runs
    void (*log)(void *user, const char *message) = nullptr;  // what the runtime has to say beside errors
    std::string device{};                                    // as hardnet_options has it; "": the CPU
    std::string weights_path{};                              // "": the package's own file
    const void *weights_data = nullptr;                      // a file in memory instead, while it loads
    size_t weights_size = 0;                                 // bytes
    hardnet_status *status = nullptr;                        // where set: what the runtime said of an open
    void *log_user = nullptr;                                // passed to log
};

struct PackageOutput {
    std::string name;            // "logits"
    std::vector<int64_t> shape;  // outermost first, the batch in front
    size_t elems = 0;            // of one image
};

class LoadedPackage {
public:
    // `folder` holds code that is run: packages are trusted.
    static Result<std::unique_ptr<LoadedPackage>> load(const std::string &folder, const LoadOptions &options);
    ~LoadedPackage();
    LoadedPackage(const LoadedPackage &) = delete;
    LoadedPackage &operator=(const LoadedPackage &) = delete;

    const Package &package() const { return package_; }
    const Manifest &manifest() const { return package_.manifest; }
    const Network &model() const {
        return package_.manifest.network;
    }  // the code's layers and outputs, as the manifest describes them
    const hardnet_network &network() const { return *network_; }
    hardnet_context *context() const { return context_; }
    std::string level() const { return hardnet_level_name(context_); }
    int threads() const;
    std::string device() const;  // "cpu", "cuda:0", "opencl:0"

    int batch() const { return manifest().batch; }
    size_t input_elems() const { return size_t(model().input.elements()); }   // of one image
    float *input(int image) const { return input_ + input_elems() * image; }  // CHW
    const std::vector<PackageOutput> &outputs() const { return outputs_; }
    const float *output(size_t index, int image) const {  // as `shape` says, of one image
        return output_data_[index] + outputs_[index].elems * size_t(image);
    }
    std::vector<const float *> outputs_of(int image) const {
        std::vector<const float *> all;
        for (size_t i = 0; i < outputs_.size(); i++) all.push_back(output(i, image));
        return all;
    }
    std::vector<float> output_values(size_t index, int image) const {
        return {output(index, image), output(index, image + 1)};
    }
    std::vector<std::vector<float>> output_values(int image) const {  // of every output
        std::vector<std::vector<float>> all;
        for (size_t i = 0; i < outputs_.size(); i++) all.push_back(output_values(i, image));
        return all;
    }
    Status run();
    Error failure(hardnet_status status) const;  // of the last call on the context

private:
    LoadedPackage() = default;
    Status open_library();
    Status open_context(const LoadOptions &options);
    Status check_shapes();
    Status describe_outputs();

    Package package_;
    void *library_ = nullptr;
    const hardnet_network *network_ = nullptr;
    hardnet_context *context_ = nullptr;
    float *input_ = nullptr;
    std::vector<PackageOutput> outputs_;
    std::vector<const float *> output_data_;
};

}  // namespace hardnet
