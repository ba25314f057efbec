#pragma once

/// Marks what liblic.so exports: the installed API, and (see base/export.hpp)
/// the internals that our own programs share with it.
#if defined(LIC_STATIC_LIBRARY)
#define LIC_API
#else
#define LIC_API __attribute__((visibility("default")))
#endif
