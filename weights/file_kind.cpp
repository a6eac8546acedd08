#include "weights/file_kind.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace hardnet {
namespace {

struct Kind {
    const char *start, *words;
};

// By what the file begins with.
constexpr Kind kKinds[] = {
    {"version https://git-lfs.github.com/spec/", "a Git LFS pointer (git lfs pull gets the file itself)"},
    {"\x89HDF\r\n\x1a\n", "an HDF5 file, such as Keras writes"},
    {"\x93NUMPY", "a numpy array"},
    {"GGUF", "a GGUF file"},
    {"\x1f\x8b", "a gzip file (unpack it)"},
    {"\xfd\x37zXZ", "an xz file (unpack it)"},
    {"\x28\xb5\x2f\xfd", "a zstd file (unpack it)"},
};

bool begins_page(const std::string &start) {
    std::string text;
    for (unsigned char c : start)
        if (!text.empty() || (c < 0x80 && !std::isspace(c))) text += static_cast<char>(std::tolower(c));
    return text.rfind("<!doctype html", 0) == 0 || text.rfind("<html", 0) == 0 || text.rfind("<?xml", 0) == 0;
}

// A ModelProto: its first field is the version of the format, the second its producer's name.
bool begins_onnx(const std::string &start) {
    return start.size() > 3 && start[0] == 0x08 && start[1] > 0 && start[1] < 32 && start[2] == 0x12;
}

}  // namespace

std::string file_kind(const std::string &start, const std::string &path) {
    if (start.empty()) return "an empty file";
    for (const Kind &kind : kKinds)
        if (start.rfind(kind.start, 0) == 0) return kind.words;
    if (begins_page(start)) return "an HTML page (of a download that failed?)";
    const std::string extension = std::filesystem::path(path).extension();
    if (extension == ".onnx" || begins_onnx(start)) return "an ONNX model";
    if (extension == ".pdparams" || extension == ".pdopt") return "PaddlePaddle's parameters";
    return "";
}

}  // namespace hardnet
