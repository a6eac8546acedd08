/* In the place of the header that comes with the package: enough to compile the example. */
#include <hardnet/plan.h>

extern const hardnet_network shapes_detector;
