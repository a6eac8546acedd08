// Where a package goes: checked before anything is compiled, reached whole.
//
// A folder that is there stays, and what is in it changes: it may be a mount point or a volume, and what lies above
// it need not be writable. Its package is made inside it, under a name of its own; a new folder is made beside its
// place. Nobody finds a manifest there whose package is not whole.
#pragma once
#include <filesystem>
#include <string>

#include "base/result.h"

namespace hardnet {

struct PackagePlace {
    std::filesystem::path folder;      // absolute, symbolic links followed
    std::filesystem::path unfinished;  // where the package is made; on the same file system
};

// `folder` does not exist, is empty or holds a package, and can be written. Leaves the disk as it was.
Result<PackagePlace> package_place(const std::string &folder);

// Puts what `unfinished` holds in place of what the folder holds, which goes only then.
Status put_in_place(const PackagePlace &place);

}  // namespace hardnet
