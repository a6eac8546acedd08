// Many pictures through a network: read, preprocessed, run in the package's batches.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/vision.h"
#include "package/loaded_package.h"

namespace hardnet {

struct PictureResult {
    std::string file;
    std::optional<Error> error;  // the file's, where it could not be read; then nothing below is set
    int slot = 0;                // of the batch: where its outputs are, until `each` returns
    int width = 0, height = 0;   // pixels
    hardnet_resize_plan plan{};  // which part of it the network saw
    Image picture, thumbnail;    // empty unless asked for
};

struct BatchOptions {
    int thumbnail_side = 0;  // 0: none
    bool keeps_pictures = false;
    ImageLimits limits;
    Orientation orientation = Orientation::kUpright;
};

// Puts a picture into a place of the batch's input; its outputs are there after the next run. `name` is the
// picture's.
Result<PictureResult> put_picture(LoadedPackage &loaded, const Image &image, int slot,
                                  const std::string &name);

// The same of a file, as large as pictures may be, upright.
Result<PictureResult> put_picture(LoadedPackage &loaded, const std::string &file, int slot);

// Calls `each` once per file, in order, as results come; an error that it returns ends the run. A file that
// cannot be read does not stop the others.
Status run_pictures(LoadedPackage &loaded, const std::vector<std::string> &files, const BatchOptions &options,
                    const std::function<Status(PictureResult)> &each);

// The class's name, or "class 7" where the package knows none.
std::string label_text(const Manifest &manifest, int label);

// The class that a file's name states: "<label>_anything.png", else the name of its folder. -1: neither is a
// class.
int label_in_name(const Manifest &manifest, const std::string &file);

}  // namespace hardnet
