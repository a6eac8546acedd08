// JPEG through libjpeg-turbo. Its fatal errors call a function that must not return: it jumps back into
// decode_jpeg's frame, so no object with a destructor is made between the jump's target and libjpeg.
#include <algorithm>
#include <csetjmp>
#include <cstdio>
// clang-format off: each of these needs the one before it
#include <jerror.h>
#include <jpeglib.h>
// clang-format on

#include "vision/pictures/codecs.h"

namespace hardnet {
namespace {

// A progressive file can ask for thousands of passes over a large picture with a few bytes each; encoders
// use about 10.
constexpr int kMaxScans = 200;

struct JpegDecoder {
    jpeg_decompress_struct jpeg;
    jpeg_error_mgr errors;
    jpeg_progress_mgr progress;
    std::jmp_buf failure;
    char found[JMSG_LENGTH_MAX];  // what was wrong
};

JpegDecoder *decoder_of(j_common_ptr jpeg) { return static_cast<JpegDecoder *>(jpeg->client_data); }

[[noreturn]] void fail(JpegDecoder *decoder, const char *found) {
    std::snprintf(decoder->found, sizeof(decoder->found), "%s", found);
    std::longjmp(decoder->failure, 1);
}

[[noreturn]] void on_error(j_common_ptr jpeg) {
    char message[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, message);
    fail(decoder_of(jpeg), message);
}

// A warning means pixels that were made up, except for these about odd but readable markers.
void on_message(j_common_ptr jpeg, int level) {
    if (level >= 0) return;  // a trace message
    switch (jpeg->err->msg_code) {
        case JWRN_ADOBE_XFORM:
        case JWRN_BOGUS_PROGRESSION:
        case JWRN_EXTRANEOUS_DATA:
        case JWRN_JFIF_MAJOR:
        case JWRN_TOO_MUCH_DATA:
            return;
        case JWRN_JPEG_EOF:
            fail(decoder_of(jpeg), "a truncated file");
        default:
            fail(decoder_of(jpeg), "corrupt data");
    }
}

void on_progress(j_common_ptr jpeg) {
    JpegDecoder *decoder = decoder_of(jpeg);
    if (decoder->jpeg.input_scan_number > kMaxScans) fail(decoder, "a file with endless scans");
}

void start(JpegDecoder &decoder, ByteView file, int channels) {
    jpeg_std_error(&decoder.errors);
    decoder.errors.error_exit = on_error;
    decoder.errors.emit_message = on_message;
    decoder.jpeg.err = &decoder.errors;
    decoder.jpeg.client_data = &decoder;
    jpeg_create_decompress(&decoder.jpeg);
    decoder.progress.progress_monitor = on_progress;
    decoder.jpeg.progress = &decoder.progress;
    jpeg_mem_src(&decoder.jpeg, file.data(), file.size());
    jpeg_read_header(&decoder.jpeg, TRUE);
    const J_COLOR_SPACE stored = decoder.jpeg.jpeg_color_space;
    decoder.jpeg.out_color_space = stored == JCS_CMYK || stored == JCS_YCCK ? JCS_CMYK
                                   : channels == 4                          ? JCS_EXT_RGBA
                                                                            : JCS_RGB;
}

// Cyan, magenta, yellow and black as Adobe stores them and PIL reads them, in the negative, whether or not the file
// says that it is Adobe's: 255 is no ink. Each of red, green and blue is what black and one ink leave of white, rounded
// as PIL rounds it.
void row_from_cmyk(const JSAMPLE *cmyk, int width, int channels, uint8_t *rgb) {
    for (int x = 0; x < width; x++, cmyk += 4) {
        for (int channel = 0; channel < 3; channel++) {
            const int unprinted = cmyk[3], ink = 255 - cmyk[channel];
            const int product = ink * unprinted + 128;
            *rgb++ = uint8_t(std::max(unprinted - ((product >> 8) + product) / 256, 0));
        }
        if (channels == 4) *rgb++ = 255;
    }
}

void read_pixels(JpegDecoder &decoder, int channels, Image &image) {
    jpeg_start_decompress(&decoder.jpeg);
    JSAMPARRAY cmyk = nullptr;  // a row; libjpeg frees it
    if (decoder.jpeg.out_color_space == JCS_CMYK)
        cmyk = decoder.jpeg.mem->alloc_sarray(reinterpret_cast<j_common_ptr>(&decoder.jpeg), JPOOL_IMAGE,
                                              JDIMENSION(image.width) * 4, 1);
    while (decoder.jpeg.output_scanline < decoder.jpeg.output_height) {
        JSAMPROW row = &image.rgb[size_t(decoder.jpeg.output_scanline) * image.width * channels];
        jpeg_read_scanlines(&decoder.jpeg, cmyk ? cmyk : &row, 1);
        if (cmyk) row_from_cmyk(cmyk[0], image.width, channels, row);
    }
    jpeg_finish_decompress(&decoder.jpeg);
}

// False where libjpeg failed. Everything that changes after setjmp lies outside this frame.
bool read_guarded(JpegDecoder &decoder, ByteView file, const ImageLimits &limits, int channels, Image &image,
                  std::string &fault) {
    if (setjmp(decoder.failure) != 0) return false;
    start(decoder, file, channels);
    if (make_room(decoder.jpeg.image_width, decoder.jpeg.image_height, limits, channels, image, fault))
        read_pixels(decoder, channels, image);
    return true;
}

}  // namespace

Result<Image> decode_jpeg(ByteView file, const std::string &name, const ImageLimits &limits, int channels) {
    JpegDecoder decoder = {};
    Image image;
    std::string fault;
    if (!read_guarded(decoder, file, limits, channels, image, fault))
        fault = std::string("expected a JPEG in grey, RGB or CMYK, found ") + decoder.found;
    jpeg_destroy_decompress(&decoder.jpeg);
    if (!fault.empty()) return bad_input("bad image: " + name + ": " + fault);
    return image;
}

}  // namespace hardnet
