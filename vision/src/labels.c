/* Logits to labels with probabilities. */
#include <math.h>

#include "checks.h"

hardnet_vision_status hardnet_best_labels(const float *logits, int32_t classes, hardnet_guess *guesses,
                                          int32_t room, int32_t *count) {
    if (!logits || classes < 1 || !guesses || room < 1 || !count) return HARDNET_VISION_INVALID_ARGUMENT;
    int32_t found = 0;
    for (int32_t label = 0; label < classes; label++) {
        int32_t place = found; /* behind its equals, which come earlier */
        while (place > 0 && comparable(logits[label]) > comparable(guesses[place - 1].logit)) place--;
        if (place == room) continue;
        if (found < room) found++;
        for (int32_t i = found - 1; i > place; i--) guesses[i] = guesses[i - 1];
        guesses[place].label = label;
        guesses[place].logit = logits[label];
    }
    const float best = guesses[0].logit;
    double sum = 0;
    for (int32_t label = 0; label < classes; label++) sum += exp((double)logits[label] - best);
    for (int32_t i = 0; i < found; i++) guesses[i].probability = exp((double)guesses[i].logit - best) / sum;
    if (classes == 1)
        guesses[0].probability = sigmoid(logits[0]); /* softmax would give 1 whatever the logit */
    *count = found;
    return HARDNET_VISION_OK;
}
