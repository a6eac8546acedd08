#include "models/class_names.h"

#include <sstream>

#include "models/imagenet_text.h"

namespace hardnet {

std::vector<std::string> imagenet_classes() {
    std::istringstream lines(kImagenetText);
    std::vector<std::string> names;
    for (std::string line; std::getline(lines, line);)
        if (line[0] != '#') names.push_back(line);
    return names;
}

std::vector<std::string> cityscapes_classes() {
    return {"road",         "sidewalk",   "building", "wall",       "fence",  "pole",  "traffic light",
            "traffic sign", "vegetation", "terrain",  "sky",        "person", "rider", "car",
            "truck",        "bus",        "train",    "motorcycle", "bicycle"};
}

std::vector<std::string> coco_classes() {
    return {"person",        "bicycle",      "car",
            "motorcycle",    "airplane",     "bus",
            "train",         "truck",        "boat",
            "traffic light", "fire hydrant", "stop sign",
            "parking meter", "bench",        "bird",
            "cat",           "dog",          "horse",
            "sheep",         "cow",          "elephant",
            "bear",          "zebra",        "giraffe",
            "backpack",      "umbrella",     "handbag",
            "tie",           "suitcase",     "frisbee",
            "skis",          "snowboard",    "sports ball",
            "kite",          "baseball bat", "baseball glove",
            "skateboard",    "surfboard",    "tennis racket",
            "bottle",        "wine glass",   "cup",
            "fork",          "knife",        "spoon",
            "bowl",          "banana",       "apple",
            "sandwich",      "orange",       "broccoli",
            "carrot",        "hot dog",      "pizza",
            "donut",         "cake",         "chair",
            "couch",         "potted plant", "bed",
            "dining table",  "toilet",       "tv",
            "laptop",        "mouse",        "remote",
            "keyboard",      "cell phone",   "microwave",
            "oven",          "toaster",      "sink",
            "refrigerator",  "book",         "clock",
            "vase",          "scissors",     "teddy bear",
            "hair drier",    "toothbrush"};
}

std::vector<std::string> coco_classes_and_background() {
    std::vector<std::string> names = coco_classes();
    names.insert(names.begin(), "background");
    return names;
}

}  // namespace hardnet
