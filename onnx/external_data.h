// Tensors that lie in a file beside the model's. A model names that file itself, and such names have led out of the model's
// folder again and again (CVE-2022-25882, CVE-2024-27318, links): what a model names is a plain name in the model's own
// folder, of a regular file that is no link of either kind. A file that the caller names is the caller's word, and may be a
// link: caches of downloads are made of them.
#pragma once
#include <functional>
#include <string>

#include "base/result.h"
#include "onnx/model.h"

namespace hardnet {

struct ExternalData {
    std::string model_path;  // whose folder the file lies in
    std::string file;        // the caller's own; empty: the one that the model names
};

// Reads the `bytes` from the place's offset on, all of which must lie in the file, to where allocate() says: it is asked
// once the file is seen to hold them, so that a model of a few bytes cannot ask for gigabytes.
Status read_external_data(const ExternalData &data, const OnnxExternalPlace &place, uint64_t bytes,
                          const std::function<void *()> &allocate);

}  // namespace hardnet
