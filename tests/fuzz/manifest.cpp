// A package's manifest: what is read is written and read back the same, and its name stays in its folder.
#include "package/manifest.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    using namespace hardnet;
    const Result<Manifest> manifest =
        manifest_from_json(std::string(reinterpret_cast<const char *>(data), size), "x");
    if (!manifest) return require_error(manifest.error()), 0;
    require(is_package_name(manifest->name));
    const std::string text = to_json(*manifest);
    const Result<Manifest> again = manifest_from_json(text, "again");
    require(bool(again) && to_json(*again) == text);
    return 0;
}
