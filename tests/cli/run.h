// The program on a package of three colours, hand-written (colours.c), so that this runs without the compiler.
#pragma once
#include "tests/cli/program.h"
#include "vision/pictures/images.h"

namespace hardnet {

class Run : public ProgramTest {
protected:
    void SetUp() override {
        ProgramTest::SetUp();
        make_colours_package();
    }
    // A picture of one colour.
    void paint(const std::string &name, uint8_t red, uint8_t green, uint8_t blue) {
        Image image{6, 5, {}};
        for (int i = 0; i < 30; i++) image.rgb.insert(image.rgb.end(), {red, green, blue});
        std::filesystem::create_directories(std::filesystem::path(folder_ + "/" + name).parent_path());
        ASSERT_TRUE(write_png(folder_ + "/" + name, image));
    }
};

}  // namespace hardnet
