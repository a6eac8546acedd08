#include "library.h"

#include <dlfcn.h>
#include <string.h>

#include "context.h"

bool hardnet_load_library(const hardnet_library *library, const char *file, void *table, char *why,
                          size_t size) {
    hardnet_text text = hardnet_text_in(why, size);
    void *loaded = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!loaded) {
        const char *reason = dlerror();
        hardnet_put(&text, "%s: expected %s, found: %s", file, library->what, reason ? reason : "none");
        return false;
    }
    for (size_t i = 0; i < library->count; i++) {
        const hardnet_entry *entry = &library->entries[i];
        void *function = dlsym(loaded, entry->name);
        if (!function) {
            hardnet_put(&text, "%s: expected %s, which %s have, found none", file, entry->name,
                        library->since);
            dlclose(loaded);
            return false;
        }
        memcpy((char *)table + entry->place, &function, sizeof function);
    }
    return true;
}
