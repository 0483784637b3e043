#!/bin/sh
# Installs a build to a prefix of its own, moves that elsewhere, and compiles and runs the program of the README
# against it: by find_package and by pkg-config with a plain compiler line; both with the harness for crash tests too.
# Usage: packaging_test.sh SOURCE_DIR BUILD_DIR CMAKE CXX LIBDIR
set -eu
source_dir=$1 build_dir=$2 cmake=$3 cxx=$4 libdir=$5

work=$build_dir/packaging
rm -rf "$work"
mkdir -p "$work/run"

fail() {
  echo "packaging: $*" >&2
  exit 1
}

# An empty directory for each program: shop makes its database where it runs.
expect_mail() {
  mkdir "$work/run/$1"
  mail=$(cd "$work/run/$1" && "$2")
  [ "$mail" = ada@example.org ] || fail "the program built by $1 printed '$mail'"
}

"$cmake" --install "$build_dir" --prefix "$work/installed" >"$work/install.log"
mv "$work/installed" "$work/prefix"  # nothing may remember where it was

"$work/prefix/bin/quire" --version >"$work/version" || fail "the installed command does not run"

"$cmake" -S "$source_dir/tests/packaging/consumer" -B "$work/consumer" -G Ninja -D CMAKE_CXX_COMPILER="$cxx" \
  -D CMAKE_PREFIX_PATH="$work/prefix" -D PROGRAM="$source_dir/examples/shop.cc" >"$work/configure.log"
"$cmake" --build "$work/consumer"
expect_mail find_package "$work/consumer/shop"
"$work/consumer/crash" || fail "a program with quire::testing failed"

PKG_CONFIG_PATH=$work/prefix/$libdir/pkgconfig
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # the flags are split on purpose
"$cxx" -std=c++20 -o "$work/shop" "$source_dir/examples/shop.cc" $(pkg-config --cflags --libs quire)
expect_mail pkg-config "$work/shop"
# shellcheck disable=SC2046
"$cxx" -std=c++20 -o "$work/crash_test" "$source_dir/examples/crash_test.cc" $(pkg-config --cflags --libs quire-testing)
"$cmake" -D PROGRAM="$work/crash_test" -P "$source_dir/examples/crash_test.cmake" ||
  fail "the crash test built by pkg-config failed"
