// The class names of the data sets that the released networks were trained on.
#pragma once
#include <string>
#include <vector>

namespace hardnet {

std::vector<std::string> imagenet_classes();    // 1000, by label: imagenet_classes.txt
std::vector<std::string> cityscapes_classes();  // 19, by train id
std::vector<std::string> coco_classes();        // 80, by category id
// What SSD tells apart: the background in front of COCO's.
std::vector<std::string> coco_classes_and_background();

}  // namespace hardnet
