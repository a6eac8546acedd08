#include "cli/npy.h"

#include <cstring>

namespace hardnet {
namespace {

constexpr int64_t kMaxFileBytes = int64_t{4} << 30;
constexpr size_t kMaxHeaderBytes = 1 << 16;
constexpr size_t kMaxRank = 8;
constexpr size_t kShownChars = 40;  // of the header, in an error

struct Header {
    std::string type;
    bool fortran = false;
    std::vector<int64_t> shape;
};

// The header is a Python dictionary of three known keys: {'descr': '<f4', 'fortran_order': False, 'shape':
// (1, 3), }
class HeaderReader {
public:
    explicit HeaderReader(const std::string &text) : at_(text.data()), end_(text.data() + text.size()) {}

    bool read(Header &header) {
        if (!take('{')) return false;
        bool seen[3] = {};
        while (!take('}')) {
            std::string key;
            if (!quoted(key) || !take(':')) return false;
            const int which = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : -1;
            if (which < 0 || seen[which]) return false;
            seen[which] = true;
            if (!value(which, header)) return false;
            if (!take(',') && !next_is('}')) return false;
        }
        skip_space();
        return at_ == end_ && seen[0] && seen[1] && seen[2];
    }

private:
    bool value(int which, Header &header) {
        if (which == 0) return quoted(header.type) || structured(header.type);
        if (which == 1) return (header.fortran = word("True")) || word("False");
        return tuple(header.shape);
    }
    void skip_space() {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n')) at_++;
    }
    bool next_is(char c) {
        skip_space();
        return at_ != end_ && *at_ == c;
    }
    bool take(char c) {
        if (!next_is(c)) return false;
        at_++;
        return true;
    }
    bool word(const char *text) {
        skip_space();
        const size_t size = std::strlen(text);
        if (size_t(end_ - at_) < size || std::memcmp(at_, text, size) != 0) return false;
        at_ += size;
        return true;
    }
    bool quoted(std::string &text) {
        if (!next_is('\'') && !next_is('"')) return false;
        const char quote = *at_++;
        const char *begin = at_;
        while (at_ != end_ && *at_ != quote) at_++;
        if (at_ == end_) return false;
        text.assign(begin, at_++);
        return true;
    }
    bool structured(std::string &text) {  // a list of fields: told apart only to be named in the error
        if (!take('[')) return false;
        while (at_ != end_ && *at_ != ']') at_++;
        text = "structured";
        return take(']');
    }
    bool tuple(std::vector<int64_t> &shape) {
        if (!take('(')) return false;
        while (!take(')')) {
            int64_t extent = 0;
            skip_space();
            const char *begin = at_;
            for (; at_ != end_ && *at_ >= '0' && *at_ <= '9'; at_++) {
                if (extent > (INT64_MAX - 9) / 10) return false;
                extent = extent * 10 + (*at_ - '0');
            }
            if (at_ == begin || shape.size() == kMaxRank) return false;
            shape.push_back(extent);
            if (!take(',') && !next_is(')')) return false;
        }
        return true;
    }

    const char *at_, *end_;
};

Error bad_npy(const std::string &name, const std::string &expected, const std::string &found) {
    return bad_input(name + ": expected " + expected + ", found " + found);
}

std::string printable(const std::string &text) {
    std::string shown = text.substr(0, kShownChars);
    for (char &c : shown)
        if (c < ' ' || c > '~') c = '?';
    return shown;
}

// The product of the extents, or -1 where it does not fit.
int64_t elements_of(const std::vector<int64_t> &shape) {
    int64_t elements = 1;
    for (const int64_t extent : shape) {
        if (extent > 0 && elements > INT64_MAX / 8 / extent) return -1;
        elements *= extent;
    }
    return elements;
}

// A file's bytes in front of the values: a multiple of 64.
std::string header_of(const std::vector<int64_t> &shape) {
    std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
    for (const int64_t extent : shape) text += std::to_string(extent) + ", ";
    text += "), }";
    while ((10 + text.size() + 1) % 64 != 0) text += ' ';
    text += '\n';
    return std::string("\x93NUMPY\x01\x00", 8) + char(text.size()) + char(text.size() >> 8) + text;
}

}  // namespace

Result<NpyTensor> decode_npy(ByteView file, const std::string &name) {
    if (file.size() < 10 || std::memcmp(file.data(), "\x93NUMPY", 6) != 0)
        return bad_npy(name, "a .npy file", file.empty() ? "an empty file" : "another format");
    const int version = file[6];
    if (version < 1 || version > 3)
        return bad_npy(name, ".npy version 1 to 3", "version " + std::to_string(version));
    const size_t start = version == 1 ? 10 : 12;  // behind the header's size, of 2 or 4 bytes
    size_t header_bytes = file[8] | size_t{file[9]} << 8;
    if (version > 1 && file.size() >= start) header_bytes |= size_t{file[10]} << 16 | size_t{file[11]} << 24;
    if (file.size() < start || header_bytes > file.size() - start || header_bytes > kMaxHeaderBytes)
        return bad_npy(name, "a header inside the file", std::to_string(header_bytes) + " bytes of it");
    const std::string text(file.begin() + start, file.begin() + start + header_bytes);
    Header header;
    if (!HeaderReader(text).read(header))
        return bad_npy(name, "a header with descr, fortran_order and shape", printable(text));
    if (header.type != "<f4") return bad_npy(name, "'<f4' (float32)", "'" + printable(header.type) + "'");
    if (header.fortran) return bad_npy(name, "C order", "Fortran order");
    const int64_t elements = elements_of(header.shape);
    const size_t data_bytes = file.size() - start - header_bytes;
    if (elements < 0 || uint64_t(elements) * sizeof(float) != data_bytes)
        return bad_npy(
            name,
            elements < 0 ? "a shape that fits in memory" : std::to_string(elements * 4) + " bytes of data",
            std::to_string(data_bytes) + " bytes");
    NpyTensor tensor{header.shape, std::vector<float>(size_t(elements))};
    if (elements > 0) std::memcpy(tensor.values.data(), file.data() + start + header_bytes, data_bytes);
    return tensor;
}

Result<NpyTensor> read_npy(const std::string &path) {
    const Result<FileBytes> file = read_regular_file(path, kMaxFileBytes);
    if (!file) return file.error();
    return decode_npy(*file, path);
}

Status write_npy(const std::string &path, const NpyTensor &tensor) { return write_npy({{path, tensor}}); }

Status write_npy(const std::vector<NpyFile> &files) {
    std::vector<std::string> headers;
    for (const NpyFile &file : files) headers.push_back(header_of(file.tensor.shape));
    std::vector<WholeFile> wholes;
    for (size_t i = 0; i < files.size(); i++) {
        const std::vector<float> &values = files[i].tensor.values;
        wholes.push_back(
            {files[i].path,
             {{headers[i].data(), headers[i].size()}, {values.data(), values.size() * sizeof(float)}}});
    }
    return write_files(wholes);
}

}  // namespace hardnet
