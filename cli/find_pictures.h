// The pictures that a command line names: files, and folders of them.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace hardnet {

struct FoundPictures {
    std::vector<std::string> files;
    std::vector<std::string> skipped;  // a line for each folder of which something was left out
};

// Files as they are named, whatever they are; folders replaced by the pictures below them, sorted. Of a folder, files
// are taken whose name or first bytes are those of a kind that is read; links to folders are not followed, and
// what `run` has written is left out, so that a second run into the same folder is the first once more.
Result<FoundPictures> find_pictures(const std::vector<std::string> &paths);

}  // namespace hardnet
