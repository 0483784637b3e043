#pragma once

#if !defined(__cplusplus) || __cplusplus < 202002L
#error "Quire needs C++20: compile with -std=c++20 or later"
#endif

/// QUIRE_API marks what the library exports; everything else is hidden.
#if defined(QUIRE_STATIC) || !defined(__GNUC__)
#define QUIRE_API
#else
#define QUIRE_API __attribute__((visibility("default")))
#endif
