// The default thread count in containers, on trees that look like their /proc and /sys.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "runtime/inspect.h"

namespace hardnet {
namespace {

namespace fs = std::filesystem;

class Processors : public testing::Test {
protected:
    Processors() {
        char name[] = "/tmp/hardnet_groups_XXXXXX";
        root = mkdtemp(name);
        free_count = hardnet_processors(root.c_str());  // an empty tree: the affinity mask alone
    }
    ~Processors() override { fs::remove_all(root); }
    void write(const std::string &path, const std::string &text) const {
        fs::create_directories(fs::path(root + path).parent_path());
        std::ofstream(root + path) << text;
    }
    int count() const { return hardnet_processors(root.c_str()); }
    // A quota can only lower the count.
    int at_most(int quota) const { return std::min(quota, free_count); }

    std::string root;
    int free_count;
};

TEST_F(Processors, Version2QuotaRoundedUp) {
    write("/proc/self/cgroup", "0::/\n");
    write("/sys/fs/cgroup/cpu.max", "max 100000\n");
    EXPECT_EQ(count(), free_count);
    write("/sys/fs/cgroup/cpu.max", "50000 100000\n");
    EXPECT_EQ(count(), 1);
    write("/sys/fs/cgroup/cpu.max", "150000 100000\n");
    EXPECT_EQ(count(), at_most(2));
}

TEST_F(Processors, TheParentsQuotaHoldsToo) {
    write("/proc/self/cgroup", "0::/a/b\n");
    write("/sys/fs/cgroup/a/cpu.max", "100000 100000\n");
    write("/sys/fs/cgroup/a/b/cpu.max", "800000 100000\n");
    EXPECT_EQ(count(), 1);
}

TEST_F(Processors, Version1) {
    write("/proc/self/cgroup", "5:cpuset:/x\n4:cpu,cpuacct:/docker/1\n0::/\n");
    write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n");
    write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(count(), 1);
    write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    EXPECT_EQ(count(), free_count);
}

TEST_F(Processors, NonsenseIsNoQuota) {
    write("/proc/self/cgroup", "0::/\nnonsense\n:\n0::/" + std::string(3000, 'x') + "\n");
    write("/sys/fs/cgroup/cpu.max", "-3 0 what");
    EXPECT_EQ(count(), free_count);
    EXPECT_GE(free_count, 1);
    EXPECT_LE(free_count, 64);
}

}  // namespace
}  // namespace hardnet
