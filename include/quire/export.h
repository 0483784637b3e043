#pragma once

/// QUIRE_API marks what the library exports; everything else is hidden.
#if defined(QUIRE_STATIC) || !defined(__GNUC__)
#define QUIRE_API
#else
#define QUIRE_API __attribute__((visibility("default")))
#endif
