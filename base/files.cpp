#include "base/files.h"

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

const char *kind_of(mode_t mode) {
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a FIFO";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

// What stands at `path` and is no file to replace; "" where there is none.
std::string in_the_way(const std::string &path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0 || S_ISREG(info.st_mode)) return "";
    return kind_of(info.st_mode);
}

// Up to `size` bytes from the start; fewer only at the file's end or on an error (then errno is not 0).
size_t read_some(int descriptor, unsigned char *out, size_t size) {
    size_t done = 0;
    errno = 0;
    while (done < size) {
        const ssize_t n = ::pread(descriptor, out + done, size - done, static_cast<off_t>(done));
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

std::string temporary_of(const std::string &path) { return fmt::format("{}.{}.tmp", path, ::getpid()); }

uint64_t size_of(const WholeFile &file) {
    uint64_t total = 0;
    for (const Piece &piece : file.pieces) total += piece.size;
    return total;
}

// The file under its temporary name, on the disk; false where that failed (then errno says why).
bool write_temporary(const WholeFile &whole) {
    const std::string temporary = temporary_of(whole.path);
    ::unlink(temporary.c_str());  // left behind by a killed process of the same number
    Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.get() < 0) return false;
    for (const Piece &piece : whole.pieces)
        if (!write_all(file.get(), piece)) return false;
    return ::fsync(file.get()) == 0 && file.close() == 0;
}

Result<uint64_t> regular_size(int descriptor, const std::string &name) {
    struct stat info {};
    if (::fstat(descriptor, &info) != 0) {
        return environment_error(fmt::format("{}: expected its size, found: {}", name, std::strerror(errno)));
    }
    if (!S_ISREG(info.st_mode)) {
        return bad_input(fmt::format("{}: expected a regular file, found {}", name, kind_of(info.st_mode)));
    }
    return static_cast<uint64_t>(info.st_size);
}

// O_NONBLOCK: opening a FIFO that nobody writes must not wait.
Descriptor open_to_read(const std::string &path) {
    return Descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

Error unreadable(const std::string &path) {
    return bad_input(fmt::format("{}: expected a readable file, found: {}", path, std::strerror(errno)));
}

}  // namespace

int Descriptor::close() {
    const int descriptor = descriptor_;
    descriptor_ = -1;
    return descriptor < 0 ? 0 : ::close(descriptor);
}

Result<FileBytes> read_open_file(int descriptor, const std::string &name, uint64_t most_bytes) {
    const Result<uint64_t> found = regular_size(descriptor, name);
    if (!found) return found.error();
    const uint64_t size = *found;
    if (size > most_bytes) {
        return bad_input(fmt::format("{}: expected at most {} bytes, found {}", name, most_bytes, size));
    }
    FileBytes bytes;
    bytes.data.reset(new (std::nothrow) unsigned char[size + 1]);
    if (!bytes.data) {
        return environment_error(fmt::format("{}: expected {} bytes of memory, found less", name, size));
    }
    bytes.size = read_some(descriptor, bytes.data.get(), size + 1);  // one more than it should have
    if (errno != 0) {
        return environment_error(
            fmt::format("{}: expected {} readable bytes, found: {}", name, size, std::strerror(errno)));
    }
    if (bytes.size != size) {
        return bad_input(fmt::format("{}: expected {} bytes as at opening, found {}", name, size,
                                     bytes.size > size ? "more" : std::to_string(bytes.size)));
    }
    return bytes;
}

Result<FileBytes> read_regular_file(const std::string &path, uint64_t most_bytes) {
    const Descriptor file = open_to_read(path);
    if (file.get() < 0) return unreadable(path);
    return read_open_file(file.get(), path, most_bytes);
}

Result<std::string> read_start(const std::string &path, size_t bytes) {
    const Descriptor file = open_to_read(path);
    if (file.get() < 0) return unreadable(path);
    const Result<uint64_t> size = regular_size(file.get(), path);
    if (!size) return size.error();
    std::string start(bytes, '\0');
    start.resize(read_some(file.get(), reinterpret_cast<unsigned char *>(start.data()), bytes));
    return start;
}

Status write_file(const std::string &path, const std::vector<Piece> &pieces) {
    return write_files({{path, pieces}});
}

Status write_files(const std::vector<WholeFile> &files) {
    for (const WholeFile &file : files)
        if (const std::string found = in_the_way(file.path); !found.empty())
            return environment_error(fmt::format("{}: expected a file to write, found {}", file.path, found));
    const auto failed = [&](const WholeFile &file) {
        const std::string reason = std::strerror(errno);
        for (const WholeFile &other : files) ::unlink(temporary_of(other.path).c_str());
        return environment_error(
            fmt::format("{}: expected to write {} bytes, found: {}", file.path, size_of(file), reason));
    };
    for (const WholeFile &file : files)
        if (!write_temporary(file)) return failed(file);
    for (const WholeFile &file : files)
        if (std::rename(temporary_of(file.path).c_str(), file.path.c_str()) != 0) return failed(file);
    return ok();
}

}  // namespace hardnet
