/* Colours for classes, and for letters on them. */
#include "checks.h"

enum { kCityscapesClasses = 19 };

/* In the order of the train ids: https://www.cityscapes-dataset.com */
static const hardnet_color kCityscapes[kCityscapesClasses] = {
    {128, 64, 128},  {244, 35, 232}, {70, 70, 70},  {102, 102, 156}, {190, 153, 153},
    {153, 153, 153}, {250, 170, 30}, {220, 220, 0}, {107, 142, 35},  {152, 251, 152},
    {70, 130, 180},  {220, 20, 60},  {255, 0, 0},   {0, 0, 142},     {0, 0, 70},
    {0, 60, 100},    {0, 80, 100},   {0, 0, 230},   {119, 11, 32}};

enum {
    kHues = 1536,   /* six sectors of 256 */
    kHueStep = 949, /* kHues times the golden section; has no factor in common with kHues */
    kFull = 255
};

static const int kShades[3][2] = {{230, 255}, {160, 255}, {230, 160}}; /* saturation, value */

static uint8_t faded(int saturation, int value, int by) {
    return (uint8_t)(value * (kFull * kFull - saturation * by) / (kFull * kFull));
}

static hardnet_color color_of(int hue, int saturation, int value) {
    const int along = hue % 256;
    const uint8_t full = (uint8_t)value, low = faded(saturation, value, kFull),
                  falling = faded(saturation, value, along), rising = faded(saturation, value, kFull - along);
    const hardnet_color sectors[6] = {{full, rising, low},  {falling, full, low}, {low, full, rising},
                                      {low, falling, full}, {rising, low, full},  {full, low, falling}};
    return sectors[hue / 256];
}

hardnet_vision_status hardnet_palette(int32_t classes, hardnet_color *colors) {
    if (classes < 1 || !colors) return HARDNET_VISION_INVALID_ARGUMENT;
    for (int64_t i = 0; i < classes; i++)
        colors[i] = classes == kCityscapesClasses
                        ? kCityscapes[i]
                        : color_of((int)(i * kHueStep % kHues), kShades[i % 3][0], kShades[i % 3][1]);
    return HARDNET_VISION_OK;
}

hardnet_color hardnet_text_color_on(hardnet_color background) {
    const int luma = 299 * background.red + 587 * background.green + 114 * background.blue; /* Rec. 601 */
    const hardnet_color black = {0, 0, 0}, white = {255, 255, 255};
    return luma > 128 * 1000 ? black : white;
}
