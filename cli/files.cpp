#include "cli/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hardnet {
namespace {

struct Descriptor {
    int fd;
    ~Descriptor() {
        if (fd >= 0) close(fd);
    }
};

std::string reason() { return std::strerror(errno); }

const char *kind_of(mode_t mode) {
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a pipe";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

bool write_all(int fd, const void *data, size_t bytes) {
    const char *at = static_cast<const char *>(data);
    while (bytes > 0) {
        const ssize_t written = write(fd, at, bytes);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        at += written;
        bytes -= size_t(written);
    }
    return true;
}

}  // namespace

Result<std::vector<uint8_t>> read_file(const std::string &path, int64_t max_bytes) {
    const Descriptor file{open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    if (file.fd < 0) return bad_input(path + ": expected a readable file, found: " + reason());
    struct stat status;
    if (fstat(file.fd, &status) != 0)
        return bad_input(path + ": expected a readable file, found: " + reason());
    if (!S_ISREG(status.st_mode))
        return bad_input(path + ": expected a file, found " + kind_of(status.st_mode));
    if (status.st_size > max_bytes)
        return bad_input(path + ": expected at most " + std::to_string(max_bytes) + " bytes, found " +
                         std::to_string(status.st_size));
    std::vector<uint8_t> bytes(static_cast<size_t>(status.st_size));
    size_t filled = 0;
    while (filled < bytes.size()) {
        const ssize_t got = read(file.fd, bytes.data() + filled, bytes.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return bad_input(path + ": expected a readable file, found: " + reason());
        if (got == 0) break;  // it shrank meanwhile; its format's reader finds it truncated
        filled += size_t(got);
    }
    bytes.resize(filled);
    return bytes;
}

Status write_file(const std::string &path, const void *data, size_t bytes) {
    const auto failed = [&] {
        return environment_error(path + ": expected to write " + std::to_string(bytes) +
                                 " bytes, found: " + reason());
    };
    struct stat status;
    if (stat(path.c_str(), &status) == 0 &&
        !S_ISREG(status.st_mode)) {  // a device: written in place, never replaced
        const Descriptor device{open(path.c_str(), O_WRONLY | O_CLOEXEC)};
        if (device.fd >= 0 && write_all(device.fd, data, bytes)) return ok();
        return failed();
    }
    std::string temporary = path + ".XXXXXX";
    const Descriptor file{mkostemp(temporary.data(), O_CLOEXEC)};
    if (file.fd < 0) return failed();
    const mode_t mask = umask(0);
    umask(mask);
    if (write_all(file.fd, data, bytes) && fchmod(file.fd, 0666 & ~mask) == 0 && fsync(file.fd) == 0 &&
        rename(temporary.c_str(), path.c_str()) == 0)
        return ok();
    const Error error = failed();
    unlink(temporary.c_str());
    return error;
}

}  // namespace hardnet
