#pragma once

/// Everything a program needs: #include <quire/quire.h>.

#include <quire/blob.h>
#include <quire/bytes.h>
#include <quire/check_report.h>
#include <quire/codec.h>
#include <quire/collection.h>
#include <quire/database.h>
#include <quire/error.h>
#include <quire/facades.h>
#include <quire/file_system.h>
#include <quire/hash.h>
#include <quire/list.h>
#include <quire/options.h>
#include <quire/salvage_report.h>
#include <quire/savepoint.h>
#include <quire/stats.h>
#include <quire/transaction.h>
#include <quire/value.h>
#include <quire/version.h>
