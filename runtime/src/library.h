/* A shared library that is loaded when it is asked for, and the table of its functions. It is never unloaded: its threads
 * and exit handlers live on. */
#ifndef HARDNET_LIBRARY_H
#define HARDNET_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct hardnet_entry {
    const char *name; /* that the library exports */
    size_t place;     /* bytes into the table of pointers to functions */
} hardnet_entry;

typedef struct hardnet_library {
    const char *what;  /* "the library of NVIDIA's driver" */
    const char *since; /* where all entries are: "drivers for CUDA 11.4 and later" */
    const hardnet_entry *entries;
    size_t count;
} hardnet_library;

/* Fills the table; false where the library or one of its functions is not there, as the text says. */
bool hardnet_load_library(const hardnet_library *library, const char *file, void *table, char *why,
                          size_t size);

#endif
