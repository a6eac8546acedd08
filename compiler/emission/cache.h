// The object cache (kernel.h declares its folder and its size) and what stands for it where it cannot be written.
#pragma once
#include <string>

#include "base/result.h"

namespace hardnet {

struct ObjectFolder {
    std::string
        path;  // where objects that the cache lacks are made: the cache, or a folder that ends with the process
    std::string note;  // for the user, where it is not the cache
};
Result<ObjectFolder> object_folder();

}  // namespace hardnet
