/* The header in C99, and a whole way from a picture to a drawn box in memory of fixed size. */
#include <hardnet/vision.h>

enum { kSide = 8, kScratchDoubles = 512 };

int main(void) {
    static uint8_t pixels[3 * kSide * kSide];
    static double scratch[kScratchDoubles];
    static float input[3 * 4 * 4];
    const hardnet_picture picture = {pixels, {kSide, kSide}, 3 * kSide};
    const hardnet_preprocessing how = {0, {4, 4}, 0, {0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}};
    const hardnet_size size = {4, 4};
    const hardnet_color red = {255, 0, 0};
    hardnet_resize_plan plan;
    size_t bytes;
    if (hardnet_plan_resize(picture.size, &how, size, &plan) != HARDNET_VISION_OK) return 1;
    if (hardnet_resize_scratch(picture.size, &plan, size, &bytes) != HARDNET_VISION_OK) return 2;
    if (hardnet_preprocess(&picture, &how, &plan, size, input, scratch, sizeof scratch) != HARDNET_VISION_OK)
        return 3;
    if (bytes > sizeof scratch || input[0] != -2 || input[47] != -2) return 4; /* black */

    hardnet_detection items[1] = {{1, 0.5f, {1, 1, 3, 3}}};
    hardnet_detections found = {items, 1, 1};
    if (hardnet_boxes_in_picture(&found, &plan, picture.size) != HARDNET_VISION_OK) return 5;
    if (found.count != 1 || items[0].box.left != 2 || items[0].box.bottom != 6) return 6;
    if (hardnet_draw_box(&picture, &items[0].box, "A", red) != HARDNET_VISION_OK) return 7;
    return pixels[3 * (5 * kSide + 2)] == 255 ? 0 : 8;
}
