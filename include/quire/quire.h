#pragma once

/// Everything a program needs: #include <quire/quire.h>.

#include <quire/bytes.h>
#include <quire/error.h>
#include <quire/options.h>
#include <quire/value.h>
#include <quire/version.h>
