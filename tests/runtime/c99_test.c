/* The public headers in C99, and the options' default. Compiling is the test; running it opens nothing. */
#include <hardnet/hardnet.h>
#include <hardnet/plan.h>

int main(void) {
    hardnet_options options = HARDNET_OPTIONS_DEFAULT;
    hardnet_context *context = (hardnet_context *)&options;
    const hardnet_status status = hardnet_open(NULL, &options, &context);
    hardnet_close(context);
    return status == HARDNET_INVALID_ARGUMENT ? 0 : 1;
}
