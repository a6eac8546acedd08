// Temporary folders go with their owner, however it ends, and no living owner's does.
#include "base/folders.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/child.h"
#include "base/cpu_name.h"

namespace hardnet::testing {
namespace {

namespace fs = std::filesystem;

class Folders : public ::testing::Test {
protected:
    Folders() {
        fs::create_directories(above_);
        setenv("TMPDIR", above_.c_str(), 1);
    }
    ~Folders() override {
        unsetenv("TMPDIR");
        fs::remove_all(above_);
    }
    size_t count() const { return size_t(std::distance(fs::directory_iterator(above_), {})); }

    const std::string above_ = ::testing::TempDir() + "hardnet-folders-" + std::to_string(getpid());
};

TEST_F(Folders, GoWithTheirOwner) {
    std::optional<TemporaryFolder> folder("mine-");
    ASSERT_EQ(folder->fault(), "");
    EXPECT_EQ(folder->path().rfind(above_ + "/mine-", 0), 0u);
    std::ofstream(folder->path() + "/file") << "text";
    folder.reset();
    EXPECT_EQ(count(), 0u);
}

TEST_F(Folders, OfTheKilledGoWhenTheNextIsMade) {
    const TemporaryFolder alive("mine-");
    const auto killed = run_in_child([]() -> int {
        const TemporaryFolder dead("mine-");
        std::ofstream(dead.path() + "/file") << "text";
        return raise(SIGKILL);
    });
    ASSERT_TRUE(killed);
    EXPECT_EQ(killed->signal, SIGKILL);
    EXPECT_EQ(count(), 2u);
    fs::create_directory(above_ + "/another");
    {
        const TemporaryFolder other_name("yours-");
        EXPECT_EQ(count(), 4u);
    }
    const TemporaryFolder next("mine-");
    EXPECT_EQ(count(), 3u);
    for (const std::string &path : {alive.path(), next.path(), above_ + "/another"})
        EXPECT_TRUE(fs::exists(path));
}

// A child that the killed owner left running still needs the folder.
TEST_F(Folders, OfAChildThatLivesStay) {
    int ready[2], end[2];
    ASSERT_EQ(pipe(ready), 0);
    ASSERT_EQ(pipe(end), 0);
    const auto killed = run_in_child([&]() -> int {
        const TemporaryFolder dead("mine-");
        if (fork() == 0) {
            char byte = 1;
            close(end[1]);
            if (write(ready[1], &byte, 1) != 1 || read(end[0], &byte, 1) < 0) _exit(1);
            _exit(0);
        }
        char byte;
        if (read(ready[0], &byte, 1) != 1) return 1;
        return raise(SIGKILL);
    });
    ASSERT_TRUE(killed);
    { const TemporaryFolder next("mine-"); }
    EXPECT_EQ(count(), 1u);
    close(end[1]);
    for (int tries = 0; tries < 100 && count() > 0; tries++) {
        usleep(20'000);
        const TemporaryFolder next("mine-");
    }
    EXPECT_EQ(count(), 0u);
    for (int descriptor : {ready[0], ready[1], end[0]}) close(descriptor);
}

TEST_F(Folders, AreMadeByManyAtOnce) {
    std::vector<Child> makers;
    for (int i = 0; i < 8; i++) {
        Result<Child> maker = Child::start([](int) -> int {
            for (int round = 0; round < 200; round++) {
                const TemporaryFolder folder("mine-");
                std::ofstream(folder.path() + "/file") << "text";
                if (!folder.fault().empty() || !fs::exists(folder.path() + "/file")) return 1;
            }
            return 0;
        });
        ASSERT_TRUE(maker);
        makers.push_back(std::move(*maker));
    }
    for (Child &maker : makers) {
        const auto end = maker.wait();
        EXPECT_TRUE(end && end->good());
    }
    EXPECT_EQ(count(), 0u);
}

TEST_F(Folders, ThatCannotBeMadeSayWhy) {
    setenv("TMPDIR", "/proc", 1);
    const TemporaryFolder none("mine-");
    EXPECT_EQ(none.fault().rfind("/proc/mine-", 0), 0u) << none.fault();
}

TEST_F(Folders, OfTheUsersDataFollowTheEnvironment) {
    const char *home = getenv("HOME");
    const std::string before = home ? home : "";
    setenv("XDG_DATA_HOME", "/data", 1);
    EXPECT_EQ(data_folder(), "/data/hardnet");
    setenv("HOME", "/home/me", 1);
    for (const char *unset : {"", "relative"}) {
        setenv("XDG_DATA_HOME", unset, 1);
        EXPECT_EQ(data_folder(), "/home/me/.local/share/hardnet");
    }
    unsetenv("XDG_DATA_HOME");
    home ? setenv("HOME", before.c_str(), 1) : unsetenv("HOME");
}

TEST(CpuName, IsTheSystems) {
    EXPECT_EQ(cpu_name("processor\t: 0\nmodel name\t: AMD EPYC 9654\nflags\t\t: fpu\nmodel name\t: other\n"),
              "AMD EPYC 9654");
    EXPECT_EQ(cpu_name("processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\nCPU part\t: 0xd0d\n"),
              "CPU implementer 0x41, part 0xd0c");
    EXPECT_EQ(cpu_name(""), "unknown");
}

}  // namespace
}  // namespace hardnet::testing
