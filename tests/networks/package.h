// Packages that the tests compile themselves, opened through the C API.
//
//     const TestPackage &package = compiled({"hardnet68", {224, 224}});   // made once per program
//     Session session(package, {"avx2", 2});
//     std::copy(image.begin(), image.end(), session.input<float>());
//     std::vector<float> logits = session.run();
#pragma once
#include <string>
#include <vector>

#include "graph/network.h"
#include "hardnet/hardnet.h"
#include "hardnet/plan.h"
#include "models/records.h"

namespace hardnet::testing {

struct PackageRequest {
    std::string record;  // a built-in name or a file
    InputSize size;
    int batch = 1;
    std::string weights = "seed:1";
    std::string target = "";  // "": all levels of this host's architecture
    bool mask = false;        // of segmentation: in place of the logits
};

struct TestPackage {
    Network layers;
    const hardnet_network *network = nullptr;  // in the package's shared library
    std::string folder, weights_path;
    int images = 0, classes = 0;
    size_t image_elems = 0;
    std::string error;  // why there is none; then nothing else is set
};

// Compiles with kernels cached in the build folder, and loads the shared library.
const TestPackage &compiled(const PackageRequest &request);

std::string label(const PackageRequest &request);  // "hardnet68/224x224"

// The levels of this host's architecture, and the features that this CPU lacks for one.
std::vector<std::string> level_names();
std::string level_at(int place);  // among these, the best at 0, counted on from there where they are fewer
std::string missing_features(const std::string &level);  // "" where this CPU runs it

struct SessionOptions {
    std::string level;  // "": the runtime's choice
    int threads = 1;
    hardnet_type input = HARDNET_FLOAT32;
};

class Session {
public:
    Session(const TestPackage &package, const SessionOptions &options);
    ~Session() { hardnet_close(context_); }
    Session(const Session &) = delete;

    hardnet_status status() const { return status_; }
    std::string error() const { return hardnet_last_error(context_); }
    hardnet_context *context() const { return context_; }
    template <typename T>
    T *input() const {
        return static_cast<T *>(input_);
    }
    std::vector<float> logits() const;  // of all images
    std::vector<float> output(int index) const;
    std::vector<float> run();  // empty where the run failed; then status() says why

private:
    hardnet_context *context_ = nullptr;
    hardnet_status status_;
    void *input_ = nullptr;
};

bool same_bits(const std::vector<float> &a, const std::vector<float> &b);

}  // namespace hardnet::testing
