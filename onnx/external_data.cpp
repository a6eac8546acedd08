#include "onnx/external_data.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace hardnet {
namespace {

std::string folder_of(const std::string &path) {
    const size_t slash = path.find_last_of('/');
    return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

bool is_plain_name(const std::string &name) {
    return !name.empty() && name != "." && name != ".." &&
           name.find_first_of(std::string("/\\\0", 3)) == std::string::npos;
}

// Without waiting for a FIFO's writer.
constexpr int kReadFlags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;

int open_named(const std::string &model_path, const std::string &name) {
    const Descriptor folder(::open(folder_of(model_path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return folder.get() < 0 ? -1 : ::openat(folder.get(), name.c_str(), kReadFlags | O_NOFOLLOW);
}

Status check_file(int file, bool named_by_model, uint64_t offset, uint64_t bytes) {
    struct stat info {};
    if (::fstat(file, &info) != 0)
        return environment_error(fmt::format("expected its size, found: {}", std::strerror(errno)));
    if (!S_ISREG(info.st_mode)) return bad_input("expected a regular file, found another kind");
    if (named_by_model && info.st_nlink != 1)
        return bad_input(fmt::format("expected a file of one name, found {} hard links", info.st_nlink));
    const uint64_t size = uint64_t(info.st_size);
    if (offset > size || bytes > size - offset)
        return bad_input(
            fmt::format("expected {} bytes from byte {} on, found a file of {}", bytes, offset, size));
    return ok();
}

Status read_range(int file, uint64_t offset, void *to, uint64_t bytes) {
    for (uint64_t done = 0; done < bytes;) {
        const ssize_t n =
            ::pread(file, static_cast<char *>(to) + done, size_t(bytes - done), off_t(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            return environment_error(fmt::format("expected readable bytes, found: {}", std::strerror(errno)));
        if (n == 0) return bad_input("expected its size as at opening, found it shorter");
        done += uint64_t(n);
    }
    return ok();
}

}  // namespace

Status read_external_data(const ExternalData &data, const OnnxExternalPlace &place, uint64_t bytes,
                          const std::function<void *()> &allocate) {
    const bool named_by_model = data.file.empty();
    const std::string title =
        fmt::format("external data {}: ", shown(named_by_model ? place.location : data.file));
    if (named_by_model && !is_plain_name(place.location))
        return bad_input(title + "expected a plain file name in the model's own folder, found another path");
    const Descriptor file(named_by_model ? open_named(data.model_path, place.location)
                                         : ::open(data.file.c_str(), kReadFlags));
    if (file.get() < 0 && errno == ELOOP && named_by_model)
        return bad_input(title +
                         "expected a file, found a symbolic link (--external-data FILE follows links)");
    if (file.get() < 0)
        return bad_input(fmt::format("{}expected a readable file, found: {}", title, std::strerror(errno)));
    Status read = check_file(file.get(), named_by_model, place.offset, bytes);
    if (read) read = read_range(file.get(), place.offset, allocate(), bytes);
    if (read) return ok();
    return Error{read.error().code, title + read.error().what, {}};
}

}  // namespace hardnet
