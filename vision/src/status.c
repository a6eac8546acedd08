#include "checks.h"

const char *hardnet_vision_status_text(hardnet_vision_status status) {
    switch (status) {
        case HARDNET_VISION_OK:
            return "ok";
        case HARDNET_VISION_INVALID_ARGUMENT:
            return "invalid argument";
        case HARDNET_VISION_TOO_LARGE:
            return "too large";
        case HARDNET_VISION_NO_ROOM:
            return "no room";
    }
    return "unknown status";
}
