#include "weights/files.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

namespace hardnet {
namespace {

class Descriptor {
public:
    explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
    ~Descriptor() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;

    int get() const { return descriptor_; }
    bool close() {
        const int descriptor = descriptor_;
        descriptor_ = -1;
        return ::close(descriptor) == 0;
    }

private:
    int descriptor_;
};

const char *kind_of(mode_t mode) {
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a FIFO";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

// Up to `size` bytes; fewer only at the file's end or on an error (then errno is not 0).
size_t read_some(int descriptor, unsigned char *out, size_t size) {
    size_t done = 0;
    errno = 0;
    while (done < size) {
        const ssize_t n = ::read(descriptor, out + done, size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        done += static_cast<size_t>(n);
        errno = 0;
    }
    return done;
}

bool write_all(int descriptor, const Piece &piece) {
    const char *bytes = static_cast<const char *>(piece.data);
    for (size_t done = 0; done < piece.size;) {
        const ssize_t n = ::write(descriptor, bytes + done, piece.size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        done += static_cast<size_t>(n);
    }
    return true;
}

}  // namespace

Result<FileBytes> read_regular_file(const std::string &path, uint64_t most_bytes) {
    // O_NONBLOCK: opening a FIFO that nobody writes must not wait.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (file.get() < 0) {
        return bad_input(fmt::format("{}: expected a readable file, found: {}", path, std::strerror(errno)));
    }
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) {
        return environment_error(fmt::format("{}: expected its size, found: {}", path, std::strerror(errno)));
    }
    if (!S_ISREG(info.st_mode)) {
        return bad_input(fmt::format("{}: expected a regular file, found {}", path, kind_of(info.st_mode)));
    }
    const auto size = static_cast<uint64_t>(info.st_size);
    if (size > most_bytes) {
        return bad_input(fmt::format("{}: expected at most {} bytes, found {}", path, most_bytes, size));
    }
    FileBytes bytes;
    bytes.data.reset(new (std::nothrow) unsigned char[size + 1]);
    if (!bytes.data) {
        return environment_error(fmt::format("{}: expected {} bytes of memory, found less", path, size));
    }
    bytes.size = read_some(file.get(), bytes.data.get(), size + 1);  // one more than it should have
    if (errno != 0) {
        return environment_error(
            fmt::format("{}: expected {} readable bytes, found: {}", path, size, std::strerror(errno)));
    }
    if (bytes.size != size) {
        return bad_input(fmt::format("{}: expected {} bytes as at opening, found {}", path, size,
                                     bytes.size > size ? "more" : std::to_string(bytes.size)));
    }
    return bytes;
}

Status write_file(const std::string &path, const std::vector<Piece> &pieces) {
    uint64_t total = 0;
    for (const Piece &piece : pieces) total += piece.size;
    const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
    const auto failed = [&] {
        const std::string reason = std::strerror(errno);
        ::unlink(temporary.c_str());
        return environment_error(
            fmt::format("{}: expected to write {} bytes, found: {}", path, total, reason));
    };

    ::unlink(temporary.c_str());  // left behind by a killed process of the same number
    Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.get() < 0) return failed();
    for (const Piece &piece : pieces) {
        if (!write_all(file.get(), piece)) return failed();
    }
    if (::fsync(file.get()) != 0 || !file.close()) return failed();
    if (std::rename(temporary.c_str(), path.c_str()) != 0) return failed();
    return ok();
}

}  // namespace hardnet
