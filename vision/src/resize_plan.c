/* Which part of a picture a network sees, and the way back. */
#include <math.h>

#include "checks.h"

static const int64_t kMostResized = INT64_C(1) << 40; /* exact in double precision, and so are its halves */
static const double kMostCover = 2147483648.0;        /* times a picture's side it fits in 63 bits */

/* torchvision's int(round((size - crop) / 2.0)): halves go to the even neighbour. */
static int64_t centred(int64_t size, int64_t crop) { return llrint((double)(size - crop) / 2); }

static bool is_fine(const hardnet_preprocessing *how) {
    return how && how->resize_short >= 0 && (how->resize_short == 0 || size_is_fine(how->own));
}

hardnet_vision_status hardnet_check_plan(const hardnet_resize_plan *plan, hardnet_size input) {
    if (!plan || plan->left < 0 || plan->top < 0 || plan->width < 1 || plan->height < 1)
        return HARDNET_VISION_INVALID_ARGUMENT;
    if (plan->width > kMostResized || plan->height > kMostResized) return HARDNET_VISION_TOO_LARGE;
    if (plan->left > plan->width - input.width || plan->top > plan->height - input.height)
        return HARDNET_VISION_INVALID_ARGUMENT;
    return HARDNET_VISION_OK;
}

hardnet_vision_status hardnet_plan_resize(hardnet_size picture, const hardnet_preprocessing *how,
                                          hardnet_size input, hardnet_resize_plan *plan) {
    if (!size_is_fine(picture) || !is_fine(how) || !size_is_fine(input) || !plan)
        return HARDNET_VISION_INVALID_ARGUMENT;
    hardnet_resize_plan made = {input.width, input.height, 0, 0};
    if (how->resize_short > 0) {
        const double own = (double)least(how->own.height, how->own.width);
        const double share = how->resize_short / own, ratio = share > 1.0 ? share : 1.0;
        if (ratio * input.height > kMostCover || ratio * input.width > kMostCover)
            return HARDNET_VISION_TOO_LARGE;
        const int64_t cover_height = llround(ratio * input.height),
                      cover_width = llround(ratio * input.width);
        if (cover_width * picture.height >= cover_height * picture.width) { /* the width is met exactly */
            made.width = cover_width;
            made.height = cover_width * picture.height / picture.width;
        } else {
            made.height = cover_height;
            made.width = cover_height * picture.width / picture.height;
        }
        made.left = centred(made.width, input.width);
        made.top = centred(made.height, input.height);
    }
    const hardnet_vision_status status = hardnet_check_plan(&made, input);
    if (status == HARDNET_VISION_OK) *plan = made;
    return status;
}
