// Reads digits: 32 x 32 pictures as binary PPM files, one context for all of them.
//
//     digits hardnet_digits.safetensors 3.ppm 7.ppm
//
// Pixels go in as they are, 8-bit RGB: the network normalises them as it was trained.
#include <algorithm>
#include <cstdint>
#include <exception>
#include <fstream>
#include <hardnet/hardnet.hpp>
#include <iostream>
#include <stdexcept>
#include <string>

#include "hardnet_digits.h"

namespace {

// Fills `pixels` (height, width, RGB) from a P6 file of exactly that size.
void read_ppm(const std::string &path, hardnet::View<std::uint8_t> pixels) {
    std::ifstream file(path, std::ios::binary);
    std::string format;
    int width = 0, height = 0, most = 0;
    file >> format >> width >> height >> most;
    if (!file || format != "P6" || most != 255 || width != HARDNET_DIGITS_WIDTH ||
        height != HARDNET_DIGITS_HEIGHT)
        throw std::runtime_error(path + ": expected a binary PPM picture of 32 x 32 pixels");
    file.get();  // the one blank behind the header
    file.read(reinterpret_cast<char *>(pixels.data()), static_cast<std::streamsize>(pixels.size()));
    if (!file) throw std::runtime_error(path + ": expected more pixels");
}

void read_digits(int count, char **arguments) {
    hardnet::Options options;
    options.weights_path = arguments[0];
    options.input_type = HARDNET_UINT8;
    hardnet::Context context(hardnet_digits, options);
    const hardnet::View<std::uint8_t> pixels = context.input<std::uint8_t>();
    const hardnet::View<const float> logits = context.output<float>();
    for (int i = 1; i < count; i++) {
        read_ppm(arguments[i], pixels);
        context.run();
        std::cout << arguments[i] << ": " << std::max_element(logits.begin(), logits.end()) - logits.begin()
                  << '\n';
    }
}

}  // namespace

int main(int argc, char **argv) {
    if (argc < 3) {
        std::cerr << "usage: digits WEIGHTS.safetensors PICTURE.ppm...\n";
        return 2;
    }
    try {
        read_digits(argc - 1, argv + 1);
    } catch (const hardnet::Failure &failure) {
        std::cerr << "digits: status " << failure.status() << ": " << failure.what() << '\n';
        return 1;
    } catch (const std::exception &error) {
        std::cerr << "digits: " << error.what() << '\n';
        return 1;
    }
    return 0;
}
