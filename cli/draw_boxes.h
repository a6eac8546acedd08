// Boxes on a picture, each with a caption.
#pragma once
#include <string>
#include <vector>

#include "cli/detections.h"
#include "cli/font.h"

namespace hardnet {

struct CaptionedBox {
    Box box;  // in the picture's pixels, within it
    std::string caption;
    Color color;
};

// Later boxes lie over earlier ones. Lines and letters grow with the picture.
void draw_boxes(Image &picture, const std::vector<CaptionedBox> &boxes);

}  // namespace hardnet
